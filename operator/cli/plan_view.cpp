// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_view.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/table.h"

namespace bso::cli {
namespace {

std::string text_of(const PluginPlan& plan) {
  std::string text;
  if (!plan.faults.empty()) {
    text = fmt::format(
        "BlockStoragePlugin {}: not valid, the operator would apply nothing of it.\n", plan.name);
    for (const auto& fault : plan.faults) text += fmt::format("  {}\n", fault);
  } else {
    text = fmt::format("BlockStoragePlugin {}: {}.\n", plan.name, install::counts(plan.report));
  }
  if (!plan.report.entries.empty()) {
    Table table({"ACTION", "OBJECT", "REASON"});
    for (const auto& entry : plan.report.entries) {
      table.add({std::string(install::word_of(entry.action)), entry.ref.display(), entry.reason});
    }
    text += table.text("  ");
  }
  if (!plan.report.left_alone.empty()) {
    Table table({"LEFT ALONE", "REASON"});
    for (const auto& left : plan.report.left_alone) table.add({left.ref.display(), left.reason});
    text += table.text("  ");
  }
  if (!plan.report.blocked.empty()) {
    text += fmt::format("Blocked: nothing of this is done for now. {}.\n", plan.report.blocked);
  }
  for (const auto& note : plan.notes) text += fmt::format("Note: {}\n", note);
  return text;
}

}  // namespace

std::string plan_text(std::span<const PluginPlan> plans) {
  std::string text;
  for (const auto& plan : plans) text += (text.empty() ? "" : "\n") + text_of(plan);
  return text;
}

nlohmann::json plan_document(std::span<const PluginPlan> plans) {
  auto plugins = nlohmann::json::array();
  for (const auto& plan : plans) {
    auto entries = nlohmann::json::array();
    for (const auto& entry : plan.report.entries) {
      entries.push_back({{"action", std::string(install::word_of(entry.action))},
                         {"object", entry.ref.display()},
                         {"reason", entry.reason},
                         {"refused", entry.refused}});
    }
    auto left = nlohmann::json::array();
    for (const auto& object : plan.report.left_alone) {
      left.push_back({{"object", object.ref.display()}, {"reason", object.reason}});
    }
    plugins.push_back({{"name", plan.name},
                       {"valid", plan.faults.empty()},
                       {"faults", plan.faults},
                       {"plan", std::move(entries)},
                       {"leftAlone", std::move(left)},
                       {"notes", plan.notes}});
    if (!plan.report.blocked.empty()) plugins.back()["blocked"] = plan.report.blocked;
  }
  return {{"apiVersion", "blockstorage.dev/v1alpha1"},
          {"kind", "Plan"},
          {"plugins", std::move(plugins)}};
}

int plan_exit_code(std::span<const PluginPlan> plans) {
  if (std::any_of(plans.begin(), plans.end(), [](const auto& plan) { return plan.failed(); })) {
    return exit_error;
  }
  const bool changes = std::any_of(plans.begin(), plans.end(),
                                   [](const auto& plan) { return !plan.report.entries.empty(); });
  return changes ? exit_changes : exit_ok;
}

}  // namespace bso::cli
