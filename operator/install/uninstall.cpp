// SPDX-License-Identifier: Apache-2.0
#include "install/uninstall.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 11> kDeletionOrder{
    "StorageClass",   "Deployment",         "StatefulSet", "DaemonSet",
    "RoleBinding",    "ClusterRoleBinding", "Role",        "ClusterRole",
    "ServiceAccount", "ConfigMap",          "CSIDriver"};

auto deletion_rank(std::string_view kind) {
  return std::find(kDeletionOrder.begin(), kDeletionOrder.end(), kind) - kDeletionOrder.begin();
}

bool made_by_daemon_set(const json& pod) {
  const json* owners = codec::find(pod, {"metadata", "ownerReferences"});
  return owners != nullptr && owners->is_array() &&
         std::any_of(owners->begin(), owners->end(), [](const json& owner) {
           return codec::string_at(owner, {"kind"}) == "DaemonSet";
         });
}

}  // namespace

bool is_to_be_removed(const nlohmann::json& plugin) {
  return codec::find(plugin, {"metadata", "deletionTimestamp"}) != nullptr ||
         management_of(plugin) == Management::removed;
}

DeletionSettings deletion_of(const nlohmann::json& plugin) {
  const std::string when = codec::string_at(plugin, {"spec", "deletion", "whenVolumesExist"});
  const std::string classes = codec::string_at(plugin, {"spec", "deletion", "storageClasses"});
  return {.when_volumes_exist = when == "Orphan"  ? WhenVolumesExist::orphan
                                : when == "Force" ? WhenVolumesExist::force
                                                  : WhenVolumesExist::block,
          .retain_classes = !classes.empty() && classes != "Delete"};
}

bool is_held(const nlohmann::json& plugin) {
  const std::string mode = codec::string_at(plugin, {"spec", "reconcile", "mode"});
  return !mode.empty() && mode != "Apply";
}

Uninstall judge_uninstall(const UninstallFacts& facts) {
  if (!facts.managed || !facts.anything_installed) {
    return Uninstall::release;
  }
  if (facts.held) {
    return Uninstall::held;
  }
  const bool known_free = facts.bundle != nullptr && facts.volumes && facts.volumes->total == 0;
  if (known_free || !facts.driver_installed) {
    return Uninstall::remove;
  }
  switch (facts.deletion.when_volumes_exist) {
    case WhenVolumesExist::orphan:
      return Uninstall::orphan;
    case WhenVolumesExist::force:
      return Uninstall::force;
    default:
      return Uninstall::blocked;
  }
}

std::vector<InventoryEntry> deletion_order(std::vector<InventoryEntry> inventory) {
  std::stable_sort(inventory.begin(), inventory.end(),
                   [](const InventoryEntry& left, const InventoryEntry& right) {
                     return deletion_rank(left.ref.kind) < deletion_rank(right.ref.kind);
                   });
  return inventory;
}

std::span<const InventoryEntry> before_node_driver(std::span<const InventoryEntry> ordered) {
  const auto end = std::find_if(ordered.begin(), ordered.end(), [](const InventoryEntry& entry) {
    return deletion_rank(entry.ref.kind) >= deletion_rank("DaemonSet");
  });
  return ordered.first(static_cast<std::size_t>(end - ordered.begin()));
}

bool holds_driver(std::span<const InventoryEntry> inventory) {
  return std::any_of(inventory.begin(), inventory.end(),
                     [](const InventoryEntry& entry) { return entry.ref.kind != "StorageClass"; });
}

bool may_delete(const ObservedObject& observed) {
  return observed.exists && observed.owner == Owner::ours;
}

nlohmann::json orphaning_patch(const ObservedObject& observed, std::string_view plugin) {
  json metadata = {{"uid", observed.uid}, {"resourceVersion", observed.resource_version}};
  metadata["labels"][std::string(kManagedByLabel)] = nullptr;
  metadata["labels"][std::string(kPluginLabel)] = nullptr;
  metadata["annotations"][std::string(kOrphanedFrom)] = plugin;
  return {{"metadata", std::move(metadata)}};
}

codec::JsonPtr take_over_patch(const nlohmann::json& live) {
  if (codec::find(live, {"metadata", "annotations", kOrphanedFrom}) == nullptr) {
    return nullptr;
  }
  json metadata = {{"uid", codec::string_at(live, {"metadata", "uid"})}};
  metadata["annotations"][std::string(kOrphanedFrom)] = nullptr;
  return std::make_shared<const json>(json{{"metadata", std::move(metadata)}});
}

std::vector<std::string> provisioner_pods(const nlohmann::json& pods) {
  std::vector<std::string> names;
  if (!pods.is_array()) {
    return names;
  }
  for (const json& pod : pods) {
    const std::string phase = codec::string_at(pod, {"status", "phase"});
    if (!made_by_daemon_set(pod) && phase != "Succeeded" && phase != "Failed") {
      names.push_back(codec::string_at(pod, {"metadata", "name"}));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace bso::install
