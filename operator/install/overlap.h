// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/driver_lock.h"
#include "install/field_reader.h"
#include "install/kinds.h"
#include "install/spec.h"

namespace bso::install {

/// What one BlockStoragePlugin has in the cluster and what it asks for.
struct Claim {
  std::string plugin;       ///< its name
  std::string created;      ///< creationTimestamp, RFC 3339: sorts as text
  bool begun = false;       ///< its installation has begun: it has the finalizer
  DriverIdentity driver{};  ///< not known() when it has none and asks for none
  bool driver_held = false;
  std::vector<ObjectRef> held{};    ///< its inventory
  std::vector<ObjectRef> wanted{};  ///< what its spec asks for
};

/// `wanted` is what its spec asks for: empty while it is faulty. An object that is Unmanaged,
/// Removed or being deleted asks for nothing, but keeps what it has.
[[nodiscard]] Claim claim_of(const nlohmann::json& plugin, const ParsedSpec& parsed,
                             std::vector<ObjectRef> wanted);

/// Whether the spec asks for anything at all.
[[nodiscard]] bool asks_for_objects(const nlohmann::json& plugin, const ParsedSpec& parsed);

/// Faults (reason Overlap) of the spec of `mine` where another BlockStoragePlugin keeps the driver
/// or an object that it asks for. Of two the one that has it installed keeps it; else the one whose
/// installation has begun; else the older one; else the first by name. So at most one of two gives
/// way, and nothing that is installed does.
[[nodiscard]] std::vector<SpecFault> judge_overlap(const Claim& mine,
                                                   std::span<const Claim> others);

}  // namespace bso::install
