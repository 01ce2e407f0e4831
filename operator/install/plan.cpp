// SPDX-License-Identifier: Apache-2.0
#include "install/plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/recreate.h"
#include "install/uninstall.h"

namespace bso::install {
namespace {

/// Taking over an object that is to be made anew is its deletion: the new one is ours from the
/// start.
Step adopt(const DesiredObject& desired, const ObservedObject& observed) {
  const std::string why = observed.owner != Owner::nobody
                              ? fmt::format("it was left by {}", observed.owner_name)
                          : observed.given_up_by.empty() ? "it is nobody's"
                                                         : "this BlockStoragePlugin gave it up";
  if (observed.immutable_drift.empty()) {
    return {&desired, Action::adopt, why};
  }
  return {
      &desired, may_recreate(desired, observed) ? Action::recreate : Action::leave_immutable,
      fmt::format("{}, and {} cannot be changed", why, fmt::join(observed.immutable_drift, ", "))};
}

Step judge(const DesiredObject& desired, const ObservedObject* observed) {
  if (observed != nullptr && observed->drift_left) {
    return {&desired, Action::leave_drift,
            "others changed it; see the condition DriftDetected and spec.reconcile.drift"};
  }
  if (observed == nullptr || !observed->exists) {
    return {&desired, Action::apply, "it does not exist"};
  }
  if (desired.create_only && !observed->terminating) {
    return {&desired, Action::keep, ""};
  }
  if (observed->adoptable) {
    return adopt(desired, *observed);
  }
  if (observed->owner != Owner::ours) {
    return {&desired, Action::leave_foreign,
            observed->owner == Owner::nobody
                ? "somebody else made it"
                : fmt::format("it belongs to {}", observed->owner_name)};
  }
  if (observed->terminating) {
    return {&desired, Action::wait, "it is being deleted"};
  }
  if (!observed->immutable_drift.empty()) {
    return {&desired, may_recreate(desired, *observed) ? Action::recreate : Action::leave_immutable,
            fmt::format("{} cannot be changed", fmt::join(observed->immutable_drift, ", "))};
  }
  if (!observed->drift.empty()) {
    return {&desired, Action::apply, fmt::format("{} differs", fmt::join(observed->drift, ", "))};
  }
  if (observed->applied_hash != desired.hash) {
    return {&desired, Action::apply, "it was applied with other content"};
  }
  return {&desired, Action::keep, ""};
}

}  // namespace

std::vector<Step> plan(std::span<const DesiredObject> desired,
                       std::span<const ObservedObject> observed) {
  std::vector<Step> steps;
  steps.reserve(desired.size());
  for (const DesiredObject& object : desired) {
    steps.push_back(judge(object, find_observed(observed, object.ref)));
  }
  return steps;
}

std::vector<InventoryEntry> read_inventory(const nlohmann::json& plugin) {
  std::vector<InventoryEntry> inventory;
  const nlohmann::json* list = codec::find(plugin, {"status", "inventory"});
  if (list == nullptr || !list->is_array()) {
    return inventory;
  }
  for (const nlohmann::json& item : *list) {
    const KindInfo* kind =
        find_kind(codec::string_at(item, {"group"}), codec::string_at(item, {"kind"}));
    if (kind != nullptr) {
      inventory.push_back({.ref = make_ref(*kind, codec::string_at(item, {"namespace"}),
                                           codec::string_at(item, {"name"})),
                           .uid = codec::string_at(item, {"uid"}),
                           .hash = codec::string_at(item, {"hash"})});
    }
  }
  return inventory;
}

std::vector<InventoryEntry> objects_to_prune(std::span<const InventoryEntry> inventory,
                                             std::span<const DesiredObject> desired) {
  std::vector<InventoryEntry> gone;
  std::copy_if(inventory.begin(), inventory.end(), std::back_inserter(gone),
               [&](const InventoryEntry& entry) {
                 return std::none_of(desired.begin(), desired.end(),
                                     [&](const DesiredObject& object) {
                                       return object.ref.same_object(entry.ref);
                                     });
               });
  return deletion_order(std::move(gone));
}

}  // namespace bso::install
