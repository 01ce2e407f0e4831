// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
#include "install/bundle_map.h"
#include "install/field_reader.h"
#include "install/spec.h"

namespace bso::install {

/// How volumes and classes name a driver. Kept in the status while something is installed, so that
/// a bundle which is gone, broken or rewritten makes no uninstallation unsafe or impossible.
struct DriverIdentity {
  std::string kind;         ///< "FlexVolume" or "CSI"
  std::string driver;       ///< as volumes name it
  std::string provisioner;  ///< as StorageClasses name it

  /// Whether volumes of the one are volumes of the other.
  [[nodiscard]] bool is_same_driver(const DriverIdentity& other) const {
    return (kind == other.kind && driver == other.driver) ||
           (!provisioner.empty() && provisioner == other.provisioner);
  }
  [[nodiscard]] bool known() const { return !driver.empty(); }

  friend bool operator==(const DriverIdentity&, const DriverIdentity&) = default;
};

/// What a spec would install: the bundle's, or the name that somebody else's CSI driver has.
[[nodiscard]] DriverIdentity identity_of(const Bundle& bundle, const std::string& external_name);

/// status.lockedDriverKind, lockedVolumeDriver and lockedProvisioner; not known() when nothing is
/// installed, or an older operator did it.
[[nodiscard]] DriverIdentity locked_identity(const nlohmann::json& plugin);

/// What the status keeps of an installed bundle: its name, its driver, and from the inventory its
/// two workloads. Enough to judge, report and uninstall; it has no manifests. nullptr when the
/// status does not say.
[[nodiscard]] std::shared_ptr<const Bundle> remembered_bundle(const nlohmann::json& plugin);

/// Finds the bundle of spec.driver.name, or of what is installed, and sets it in `parsed`; adds the
/// fault when the name stands for none or for another driver than the installed one.
void choose_bundle(const PluginSpec& spec, const nlohmann::json& plugin,
                   std::span<const Bundle> bundles, std::span<const BundleFault> broken,
                   FieldReader& reader, ParsedSpec& parsed);

/// Writes the three fields into a status whose inventory is not empty.
void lock_identity(nlohmann::json& status, const nlohmann::json& plugin, const ParsedSpec& parsed);

}  // namespace bso::install
