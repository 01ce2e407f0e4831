// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "codec/json.h"
#include "install/observe.h"
#include "install/render.h"

namespace bso::install {

/// Paths of the fields in which the two differ and that no update may change
/// (kubernetes/kubernetes, pkg/apis/*/validation): of a StorageClass see
/// immutable_class_differences(); the selector of a workload; the roleRef of a
/// binding; of a CSIDriver the whole spec, as 1.20 has it (later servers let some of it be
/// changed).
[[nodiscard]] std::vector<std::string> immutable_differences(std::string_view kind,
                                                             const nlohmann::json& desired,
                                                             const nlohmann::json& live);

/// Why `live` cannot be deleted and made anew in one go, or "": a finalizer of somebody would keep
/// the old one there for nobody knows how long, and a StorageClass would be missing meanwhile.
/// Workloads are waited for, so theirs do not count.
[[nodiscard]] std::string recreate_obstacle(std::string_view kind, const nlohmann::json& live);

/// Whether an object of ours whose immutable fields differ is to be made anew.
[[nodiscard]] bool may_recreate(const DesiredObject& desired, const ObservedObject& found);

enum class Propagation {
  background,  ///< the object goes at once, its pods after it
  foreground,  ///< its pods first; the object stays until they are gone
  orphan       ///< its pods stay
};

/// How the old object goes. A StorageClass, CSIDriver or binding has no dependents, and the new one
/// follows at once. The pods of a Deployment or StatefulSet go first, so that no two provisioners
/// work side by side which do not know of each other. A DaemonSet whose pods the new selector takes
/// too leaves them to the new one, which replaces them by its rollout; else they go with it, and
/// each node has no driver pod until the new one runs: what is mounted stays mounted, new mounts
/// wait.
[[nodiscard]] Propagation propagation_of(const nlohmann::json& desired, const nlohmann::json& live);
/// Whether the new object can be made before the server is done with the old one's dependents.
[[nodiscard]] bool gone_at_once(Propagation propagation);

/// What others wrote on an object that is deleted to be made anew: an entry of status.recreating,
/// written before the deletion, so that no crash between the two loses it.
struct CarriedOver {
  ObjectRef ref;
  std::string uid;  ///< of the object to be deleted
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  [[nodiscard]] bool empty() const { return labels.empty() && annotations.empty(); }
};

/// Labels and annotations of `live` that are not ours: neither desired nor set by an earlier apply
/// of ours alone. Without our hash and without kubectl's record of its last apply, which tells of
/// the old object.
[[nodiscard]] CarriedOver carried_over(const ObjectRef& ref, const nlohmann::json& desired,
                                       const nlohmann::json& live);
/// Without the mark of the default class.
[[nodiscard]] CarriedOver without_default_mark(CarriedOver carried);
/// Only what `live` holds with the same value.
[[nodiscard]] CarriedOver still_held(CarriedOver carried, const nlohmann::json& live);

/// The document of the one write that makes the object anew.
[[nodiscard]] codec::JsonPtr with_carried(const nlohmann::json& desired,
                                          const CarriedOver& carried);
/// The document that gives what was carried to a field manager of its own: the next apply of the
/// desired document would otherwise take it away.
[[nodiscard]] codec::JsonPtr only_carried(const CarriedOver& carried);
inline constexpr std::string_view kCarryingManager = "block-storage-operator-carried";

/// status.recreating. Entries of unknown kinds are left out.
[[nodiscard]] std::vector<CarriedOver> read_recreating(const nlohmann::json& plugin);
[[nodiscard]] nlohmann::json recreating_json(std::span<const CarriedOver> entries);
[[nodiscard]] const CarriedOver* find_carried(std::span<const CarriedOver> entries,
                                              const ObjectRef& ref);

}  // namespace bso::install
