// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/kinds.h"
#include "install/ownership.h"
#include "install/render.h"

namespace bso::install {

/// What the controller found under an object's name: the part of it that rules need.
struct ObservedObject {
  ObjectRef ref;
  bool exists = false;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  bool terminating = false;  ///< it has a deletionTimestamp
  Owner owner = Owner::nobody;
  std::string owner_name;          ///< for people, unless the owner is nobody
  std::optional<Release> release;  ///< as Ownership has it
  bool adoptable = false;          ///< to be taken over, by mark_adoptable()
  std::string applied_hash;        ///< "" when it was never applied by us
  std::string given_up_by;         ///< the BlockStoragePlugin that made it and gave it up; "" none

  /// Fields that are not as desired, and those of them that cannot be changed: see
  /// immutable_differences(). Of an object that is only to be created none is looked at.
  std::vector<std::string> drift;
  std::vector<std::string> immutable_drift;
  std::string recreate_obstacle;     ///< why it cannot be deleted and made anew at once; "" nothing
  std::vector<std::string> changed;  ///< both, and more of them
  /// It is not as desired, and by spec.reconcile.drift that is only told of: it counts as applied.
  bool drift_accepted = false;
  bool drift_left = false;  ///< others changed it, and an application leaves that, by mark_left()

  // Workloads only.
  std::int64_t observed_generation = 0;
  std::int64_t desired = 0;  ///< pods that should run
  std::int64_t updated = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::string image;                          ///< of the first container
  std::map<std::string, std::string> images;  ///< by container
  /// DaemonSet only: how often its pod template has changed. Every server counts it, and unlike
  /// metadata.generation it stays when only the update strategy changes (kubernetes/kubernetes,
  /// pkg/registry/apps/daemonset/strategy.go; annotation deprecated.daemonset.template.generation).
  std::string template_generation;

  bool is_default_class = false;  ///< StorageClass only
};

/// Reads an object as the API server returned it. `live` is nullptr when there is none of that
/// name; `desired` is nullptr when the object is only to be removed; `plugin` is the name of the
/// BlockStoragePlugin. Missing or malformed fields count as zero or "".
[[nodiscard]] ObservedObject observe(const ObjectRef& ref, const nlohmann::json* live,
                                     const DesiredObject* desired, std::string_view plugin);

/// Marks what the spec lets us take over, and what `plugin` itself gave up.
void mark_adoptable(std::span<ObservedObject> observed, Adopt adopt, std::string_view plugin);

/// The one of that address, or nullptr.
[[nodiscard]] const ObservedObject* find_observed(std::span<const ObservedObject> observed,
                                                  const ObjectRef& ref);

}  // namespace bso::install
