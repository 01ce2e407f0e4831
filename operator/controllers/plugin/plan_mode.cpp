// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/plan_mode.h"

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace bso::controllers {
namespace {

/// What of a live object a dry run depends on: all but what controllers tell of pods, and the times
/// and versions that move with that.
nlohmann::json substance_of(const nlohmann::json& live) {
  nlohmann::json substance = live;
  substance.erase("status");
  const auto metadata = substance.find("metadata");
  if (metadata == substance.end() || !metadata->is_object()) return substance;
  metadata->erase("resourceVersion");
  const auto managers = metadata->find("managedFields");
  if (managers != metadata->end() && managers->is_array()) {
    for (auto& manager : *managers) {
      if (manager.is_object()) manager.erase("time");
    }
  }
  return substance;
}

}  // namespace

Task<Result<std::string>> PlanMode::digest_of(Look& look, const Input& input) {
  const auto& trials = input.trials;
  auto made_from = nlohmann::json::array({trials.blocked});
  for (const char* field : {"uid", "generation"}) {
    const auto* value = codec::find(input.plugin, {"metadata", field});
    made_from.push_back(value == nullptr ? nlohmann::json() : *value);
  }
  for (const auto& left : trials.left_alone) {
    made_from.push_back(left.ref.display() + left.reason);
  }
  for (const auto& trial : trials.trials) {
    auto live = co_await look.look(trial.ref);
    if (!live) co_return fail(std::move(live.error()).with_context(trial.ref.display()));
    made_from.push_back({std::string(install::word_of(trial.action)), trial.ref.display(),
                         trial.reason, trial.desired == nullptr ? "" : trial.desired->hash,
                         *live == nullptr ? nlohmann::json() : substance_of(**live)});
  }
  co_return install::content_hash(made_from);
}

Task<Result<install::PlanReport>> PlanMode::plan(Look& look, const Input& input) {
  const auto name = codec::string_at(input.plugin, {"metadata", "name"});
  auto digest = co_await digest_of(look, input);
  if (!digest) co_return fail(std::move(digest.error()));

  const auto now = std::chrono::steady_clock::now();
  const auto kept = kept_.find(name);
  if (kept != kept_.end() && kept->second.digest == *digest) {
    const bool aged = now - kept->second.made >= input.retry_refused_after;
    if (!kept->second.report.refused() || !aged) co_return kept->second.report;
  }
  auto trials = input.trials;
  auto report = co_await dry_run(client_, look, std::move(trials));
  if (!report) co_return fail(std::move(report.error()));
  log::info("planned", {{"plugin", name}, {"plan", install::summary(*report)}});
  kept_[name] = {std::move(*digest), *report, now};
  co_return report;
}

}  // namespace bso::controllers
