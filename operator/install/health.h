// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "install/rollout_state.h"
#include "install/status.h"

namespace bso::install {

/// One workload of the plug-in.
struct WorkloadHealth {
  std::string kind;
  std::string name;
  /// False: the bundle has none, or somebody else installs it. It then never stands in the way.
  bool wanted = false;
  const ObservedObject* found = nullptr;  ///< nullptr: it could not be read
  bool exists = false;
  bool applied = false;  ///< its content is the desired one
  /// The server works on the newest content and every pod is of the newest template; likewise
  /// every pod is available. Pods on nodes that are not ready themselves are not waited for.
  bool settled = false;
  bool all_available = false;
  bool serves = false;  ///< enough pods are there for volumes to be made, or mounted somewhere
  /// Settled and available, or was so with this very template: a node that restarts or joins does
  /// not undo it.
  bool complete = false;
};

/// Facts that several conditions are judged by.
struct Health {
  bool managed = true;
  bool deleting = false;  ///< to be taken away: deleted, or managementState is Removed
  bool removed = false;   ///< managementState is Removed, and nothing is left of it
  bool external = false;  ///< somebody else installs the driver
  WorkloadHealth controller;
  WorkloadHealth node;
  std::vector<Trouble> troubles;
  /// Desired objects that are not applied as desired, and that no trouble explains.
  std::vector<ObjectRef> pending;
  std::string previous_version;  ///< status.version; "" before the first complete rollout
  bool rolled_out = false;       ///< everything is applied, and the workloads are complete
  RolloutState rollout;
};

[[nodiscard]] Health assess(const StatusInput& input);

/// The trouble of an object, or nullptr.
[[nodiscard]] const Trouble* find_trouble(std::span<const Trouble> troubles, const ObjectRef& ref);

}  // namespace bso::install
