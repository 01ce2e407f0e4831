// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "install/bundle.h"
#include "install/plan.h"
#include "install/spec.h"
#include "install/volumes.h"

namespace bso::install {

/// Whether the plug-in is to be taken away: the object is being deleted, or its managementState is
/// Removed.
[[nodiscard]] bool is_to_be_removed(const nlohmann::json& plugin);

/// spec.deletion and the mode, read without judging the rest: a faulty spec can be deleted, too. A
/// word that is not known counts as the one that takes nothing away.
[[nodiscard]] DeletionSettings deletion_of(const nlohmann::json& plugin);
[[nodiscard]] bool is_held(const nlohmann::json& plugin);  ///< mode Paused or Plan

/// Everything that decides over an uninstallation.
struct UninstallFacts {
  bool managed = true;             ///< not Unmanaged
  bool held = false;               ///< mode Paused or Plan
  const Bundle* bundle = nullptr;  ///< nullptr: the driver is not known, so its volumes are not
  DeletionSettings deletion;
  bool anything_installed = false;
  /// More than StorageClasses, which no volume needs to be mounted and unmounted.
  bool driver_installed = false;
  std::optional<VolumeUse> volumes;  ///< nullopt: they could not be told
};

enum class Uninstall {
  release,  ///< drop the finalizer and touch nothing
  held,     ///< touch nothing while the mode is Paused or Plan
  blocked,  ///< keep everything; the status says why
  orphan,   ///< keep everything, but take our labels off
  remove,   ///< delete what is ours in deletion_order(), then drop the finalizer
  force     ///< the same although volumes use the driver, or may: they are named first
};

[[nodiscard]] Uninstall judge_uninstall(const UninstallFacts& facts);

/// How far an uninstallation has come, for the status.
struct Removal {
  Uninstall verdict = Uninstall::blocked;
  std::optional<VolumeUse> volumes;  ///< as in the facts
  /// Pods of the provisioner that still run and may still make a volume.
  std::vector<std::string> stopping_pods;
  bool done = false;  ///< nothing of the plug-in is left to this object
};

/// Classes first, so that nothing new is made; then the provisioner; then the node driver; then
/// bindings, roles, accounts and settings, which the others needed to the end; the CSIDriver last:
/// by it Kubernetes knows how volumes of the driver are attached.
[[nodiscard]] std::vector<InventoryEntry> deletion_order(std::vector<InventoryEntry> inventory);

/// Of a list in that order, what goes before the node driver. After it volumes are looked for once
/// more: one may have been made until the provisioner had ended.
[[nodiscard]] std::span<const InventoryEntry> before_node_driver(
    std::span<const InventoryEntry> ordered);

/// Whether it is more than StorageClasses.
[[nodiscard]] bool holds_driver(std::span<const InventoryEntry> inventory);

/// Only what exists and carries our labels with the name of this BlockStoragePlugin. The caller
/// deletes with preconditions.uid = observed.uid.
[[nodiscard]] bool may_delete(const ObservedObject& observed);

/// The merge patch that gives an object up: our labels go, an annotation keeps whose it was, so
/// that a BlockStoragePlugin of that name takes it over again. It holds only for this state of it.
[[nodiscard]] nlohmann::json orphaning_patch(const ObservedObject& observed,
                                             std::string_view plugin);

/// The merge patch that takes the annotation away again; nullptr when there is none.
[[nodiscard]] codec::JsonPtr take_over_patch(const nlohmann::json& live);

/// Names of those among the pods of a plug-in (items of a PodList) that no DaemonSet made and that
/// have not ended: the provisioner's.
[[nodiscard]] std::vector<std::string> provisioner_pods(const nlohmann::json& pods);

}  // namespace bso::install
