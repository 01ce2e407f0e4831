// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/kinds.h"
#include "install/render.h"

namespace bso::install {

/// Whose an object is, by its labels.
enum class Owner {
  ours,     ///< our managed-by label and the name of this BlockStoragePlugin
  nobody,   ///< it says nothing: somebody made it by hand
  somebody  ///< Helm, an add-on manager, another operator or another BlockStoragePlugin
};

/// What the controller found under an object's name: the part of it that rules need.
struct ObservedObject {
  ObjectRef ref;
  bool exists = false;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  bool terminating = false;  ///< it has a deletionTimestamp
  Owner owner = Owner::nobody;
  std::string owner_name;    ///< for people, when the owner is somebody
  std::string applied_hash;  ///< "" when it was never applied by us

  /// Fields that are not as desired, and those of them that cannot be changed (StorageClass).
  std::vector<std::string> drift;
  std::vector<std::string> immutable_drift;

  // Workloads only.
  std::int64_t observed_generation = 0;
  std::int64_t desired = 0;  ///< pods that should run
  std::int64_t updated = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::string image;  ///< of the first container

  bool is_default_class = false;  ///< StorageClass only
};

/// Reads an object as the API server returned it. `live` is nullptr when there is none of that
/// name; `desired` is nullptr when the object is only to be removed; `plugin` is the name of the
/// BlockStoragePlugin. Missing or malformed fields count as zero or "".
[[nodiscard]] ObservedObject observe(const ObjectRef& ref, const nlohmann::json* live,
                                     const DesiredObject* desired, std::string_view plugin);

/// The one of that address, or nullptr.
[[nodiscard]] const ObservedObject* find_observed(std::span<const ObservedObject> observed,
                                                  const ObjectRef& ref);

}  // namespace bso::install
