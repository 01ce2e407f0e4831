// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/field_reader.h"
#include "install/health.h"
#include "install/status.h"

namespace bso::install {

/// A condition before it gets its times.
struct Verdict {
  std::string status;  ///< "True", "False" or "Unknown"
  std::string reason;
  std::string message;

  [[nodiscard]] bool is_true() const { return status == "True"; }
};

/// All conditions of a BlockStoragePlugin, in the order in which they are written.
struct Verdicts {
  Verdict available;
  Verdict progressing;
  Verdict degraded;
  Verdict upgradeable;
  Verdict spec_valid;
  Verdict prerequisites_met;
  Verdict storage_classes_ready;
  Verdict drift_detected;
  Verdict deletion_blocked;
  Verdict paused;
};

/// Type and verdict of each, for all that goes over every condition.
[[nodiscard]] std::vector<std::pair<std::string_view, Verdict*>> all_of(Verdicts& verdicts);

[[nodiscard]] Verdicts judge(const StatusInput& input, const Health& health);

/// The list for the status. A condition whose status is that of the previous list keeps its
/// lastTransitionTime; the others get `now`.
[[nodiscard]] nlohmann::json conditions_json(Verdicts& verdicts, const nlohmann::json& plugin,
                                             std::string_view now);

}  // namespace bso::install
