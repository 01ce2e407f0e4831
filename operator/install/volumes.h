// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
#include "install/spec.h"

namespace bso::install {

/// How PersistentVolumes name a plug-in.
struct DriverNames {
  bool flex_volume = false;  ///< else CSI
  std::string driver;        ///< spec.flexVolume.driver or spec.csi.driver
  std::string provisioner;   ///< annotation pv.kubernetes.io/provisioned-by

  friend auto operator<=>(const DriverNames&, const DriverNames&) = default;
};

/// Those of the bundle; a CSI driver that somebody else installed may have another name.
[[nodiscard]] DriverNames driver_names(const Bundle& bundle, const std::optional<PluginSpec>& spec);

/// What has to be known of a PersistentVolume to tell whose it is.
struct VolumeSummary {
  std::string name;
  std::string flex_driver;     ///< spec.flexVolume.driver
  std::string csi_driver;      ///< spec.csi.driver
  std::string provisioned_by;  ///< annotation pv.kubernetes.io/provisioned-by
  std::string claim = {};      ///< "namespace/name" of spec.claimRef, or ""
};

/// Whether the volume is one of that plug-in.
[[nodiscard]] bool serves(const DriverNames& names, const VolumeSummary& volume);

/// A volume of the plug-in and where it is in use.
struct UsedVolume {
  std::string name;
  std::string claim;               ///< "namespace/name", or ""
  std::vector<std::string> nodes;  ///< that have it attached, or run a pod with it; sorted

  friend bool operator==(const UsedVolume&, const UsedVolume&) = default;
};

/// As many volumes as a status names.
inline constexpr std::size_t kNamedVolumes = 10;

/// All volumes of a plug-in, counted; the first few by name.
struct VolumeUse {
  std::int64_t total = 0;
  std::int64_t bound = 0;     ///< a claim holds it
  std::int64_t attached = 0;  ///< a node has it attached, or a pod uses it
  std::vector<UsedVolume> sample;
  /// Claims of these whose users cannot all run; nullopt: not known.
  std::optional<std::int64_t> claims_at_risk;

  /// Counts one more. The order of the calls does not matter.
  void add(UsedVolume volume);

  friend bool operator==(const VolumeUse&, const VolumeUse&) = default;
};

/// For people: "pv-1 (claim shop/data, on node-1 and node-2), pv-2 and 3 more".
[[nodiscard]] std::string name_volumes(const VolumeUse& use);

/// status.volumes.
[[nodiscard]] nlohmann::json volumes_json(const VolumeUse& use);

}  // namespace bso::install
