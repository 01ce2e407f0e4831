// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "install/status.h"

namespace bso::install {

/// One workload of the plug-in.
struct WorkloadHealth {
  std::string kind;
  std::string name;
  const ObservedObject* found = nullptr;  ///< nullptr: it could not be read
  bool exists = false;
  /// The server works on the newest content and every pod is of the newest template. A node that
  /// restarts does not undo it.
  bool settled = false;
  bool all_available = false;
  bool serves = false;  ///< enough pods are there for volumes to be made, or mounted somewhere
};

/// Facts that several conditions are judged by.
struct Health {
  bool managed = true;
  bool deleting = false;
  WorkloadHealth controller;
  WorkloadHealth node;
  std::vector<Trouble> troubles;
  /// Desired objects that are not applied as desired, and that no trouble explains.
  std::vector<ObjectRef> pending;
  std::string previous_version;  ///< status.version; "" before the first complete rollout
  bool rolled_out = false;       ///< everything is applied, settled, and was available since
};

[[nodiscard]] Health assess(const StatusInput& input);

/// The trouble of an object, or nullptr.
[[nodiscard]] const Trouble* find_trouble(std::span<const Trouble> troubles, const ObjectRef& ref);

}  // namespace bso::install
