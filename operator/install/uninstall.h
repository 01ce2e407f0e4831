// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "install/bundle.h"
#include "install/plan.h"

namespace bso::install {

/// What has to be known of a PersistentVolume to tell whose it is.
struct VolumeSummary {
  std::string name;
  std::string flex_driver;     ///< spec.flexVolume.driver
  std::string csi_driver;      ///< spec.csi.driver
  std::string provisioned_by;  ///< annotation pv.kubernetes.io/provisioned-by
};

/// Names of the volumes that this plug-in serves, sorted. While there is one, nothing of the
/// plug-in may be deleted: mounted volumes could not be unmounted any more.
[[nodiscard]] std::vector<std::string> volumes_blocking_deletion(
    const Bundle& bundle, std::span<const VolumeSummary> volumes);

enum class Uninstall {
  release,  ///< drop the finalizer and touch nothing
  blocked,  ///< keep everything; the status says why
  remove    ///< delete what is ours in deletion_order(), then drop the finalizer
};

/// What to do about a BlockStoragePlugin that is being deleted. `bundle` is nullptr when the
/// driver's name is not known; then its volumes cannot be told, and only a plug-in that never
/// installed anything is let go. `blocking` is nullopt when the volumes could not be listed.
[[nodiscard]] Uninstall judge_uninstall(bool managed, const Bundle* bundle, bool anything_installed,
                                        const std::optional<std::vector<std::string>>& blocking);

/// Classes first, so that nothing new is made; then the provisioner; then the node driver; then
/// bindings, roles and accounts, which the others needed to the end.
[[nodiscard]] std::vector<InventoryEntry> deletion_order(std::vector<InventoryEntry> inventory);

/// Only what exists and carries our labels with the name of this BlockStoragePlugin. The caller
/// deletes with preconditions.uid = observed.uid.
[[nodiscard]] bool may_delete(const ObservedObject& observed);

}  // namespace bso::install
