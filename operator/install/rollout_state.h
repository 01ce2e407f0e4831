// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "install/rollout.h"
#include "install/spec.h"

namespace bso::install {

struct Health;
struct StatusInput;

/// How the rollout stands.
struct RolloutState {
  std::string version;   ///< that was last rolled out completely; "" before the first time
  bool stalled = false;  ///< no progress for spec.upgrade.progressDeadlineSeconds
  bool failed = false;   ///< stalled, and to be rolled back from now on
  RolloutMemory memory;  ///< to be written
};

/// Judges the workloads' `complete`, `rolled_out` and `rollout` of `health` from the rest of it.
///
/// Progress is a pod more that is updated or, with the same number of them, available: in a rollout
/// whose new pods crash again and again the number of available ones goes up and down, and that is
/// no progress. The clock runs only while the workloads stand in the cluster as desired and mode is
/// Apply, and starts anew when the spec changes. With OnDelete it is a person who makes progress
/// on the nodes: then only the provisioner is timed.
void judge_rollout(const StatusInput& input, Health& health);

/// Writes status.rollout, lastGood and lastGoodVersion.
void write_rollout(const RolloutMemory& memory, nlohmann::json& status);

/// How long after `now` a rollout that makes no progress counts as stalled, by the status that was
/// just computed. nullopt: none runs, or it has stalled already.
[[nodiscard]] std::optional<std::chrono::seconds> until_stalled(const nlohmann::json& status,
                                                                const PluginSpec& spec,
                                                                WallTime now);

}  // namespace bso::install
