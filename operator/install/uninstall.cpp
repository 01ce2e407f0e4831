// SPDX-License-Identifier: Apache-2.0
#include "install/uninstall.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace bso::install {
namespace {

constexpr std::array<std::string_view, 6> kDeletionOrder{"StorageClass", "Deployment",
                                                         "DaemonSet",    "ClusterRoleBinding",
                                                         "ClusterRole",  "ServiceAccount"};

auto deletion_rank(const InventoryEntry& entry) {
  return std::find(kDeletionOrder.begin(), kDeletionOrder.end(), entry.ref.kind) -
         kDeletionOrder.begin();
}

}  // namespace

std::vector<std::string> volumes_blocking_deletion(const Bundle& bundle,
                                                   std::span<const VolumeSummary> volumes) {
  std::vector<std::string> names;
  for (const VolumeSummary& volume : volumes) {
    const std::string& driver =
        bundle.driver_kind == "FlexVolume" ? volume.flex_driver : volume.csi_driver;
    if (driver == bundle.driver || volume.provisioned_by == bundle.provisioner) {
      names.push_back(volume.name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Uninstall judge_uninstall(bool managed, const Bundle* bundle, bool anything_installed,
                          const std::optional<std::vector<std::string>>& blocking) {
  if (!managed || (bundle == nullptr && !anything_installed)) {
    return Uninstall::release;
  }
  const bool known_free = bundle != nullptr && blocking.has_value() && blocking->empty();
  return known_free ? Uninstall::remove : Uninstall::blocked;
}

std::vector<InventoryEntry> deletion_order(std::vector<InventoryEntry> inventory) {
  std::stable_sort(inventory.begin(), inventory.end(),
                   [](const InventoryEntry& left, const InventoryEntry& right) {
                     return deletion_rank(left) < deletion_rank(right);
                   });
  return inventory;
}

bool may_delete(const ObservedObject& observed) {
  return observed.exists && observed.owner == Owner::ours;
}

}  // namespace bso::install
