// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/plan_report.h"

namespace bso::cli {

/// What `plan` has to tell of one BlockStoragePlugin.
struct PluginPlan {
  std::string name;
  std::vector<std::string> faults;  ///< why there is no plan: each with field and remedy
  install::PlanReport report;
  std::vector<std::string> notes;  ///< what else one should know

  [[nodiscard]] bool failed() const {
    return !faults.empty() || report.refused() || !report.blocked.empty();
  }
};

/// For people.
[[nodiscard]] std::string plan_text(std::span<const PluginPlan> plans);
/// For programs: {apiVersion, kind: Plan, plugins: [{name, valid, faults, plan, leftAlone,
/// blocked, notes}]}; `blocked` only when it says something.
[[nodiscard]] nlohmann::json plan_document(std::span<const PluginPlan> plans);
/// As --help says: 1 when one failed, else 2 when one would change something, else 0.
[[nodiscard]] int plan_exit_code(std::span<const PluginPlan> plans);

}  // namespace bso::cli
