// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/observe.h"
#include "install/render.h"

namespace bso::install {

enum class Action {
  keep,             ///< as it should be
  apply,            ///< create it or set it right by a server-side apply without force
  adopt,            ///< take it over from a release of Helm, or from nobody
  leave_foreign,    ///< somebody else's: never overwritten, reported
  leave_drift,      ///< changed by others: held, or only reported
  recreate,         ///< delete it and make it anew: an immutable field differs
  leave_immutable,  ///< an immutable field differs and it may not be made anew: reported
  wait              ///< it is being deleted; apply once it is gone
};

struct Step {
  const DesiredObject* desired;  ///< points into the list given to plan()
  Action action;
  std::string reason;  ///< for the log and the event: "does not exist", "spec.replicas differs"
  bool force = false;  ///< take a field back from who changed it; counted before it is done
  bool drift_repair = false;  ///< it sets right what others changed
};

/// What to do about each desired object, in the order of application. An object that is missing in
/// `observed` counts as unknown and is applied: the apply without force is safe. Call it only for a
/// managed plug-in that is not being deleted.
[[nodiscard]] std::vector<Step> plan(std::span<const DesiredObject> desired,
                                     std::span<const ObservedObject> observed);

/// An object that the operator made, as status.inventory keeps it.
struct InventoryEntry {
  ObjectRef ref;
  std::string uid;
  std::string hash;
};

/// Reads status.inventory of a BlockStoragePlugin. Entries of unknown kinds (written by a newer
/// operator) are left out.
[[nodiscard]] std::vector<InventoryEntry> read_inventory(const nlohmann::json& plugin);

/// What was installed but is not desired any more, in the order of deletion. Look at each before
/// deleting it: may_delete() has the last word.
[[nodiscard]] std::vector<InventoryEntry> objects_to_prune(
    std::span<const InventoryEntry> inventory, std::span<const DesiredObject> desired);

}  // namespace bso::install
