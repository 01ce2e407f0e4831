// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

/// Only for the decoders of this room.
namespace bso::cluster::wire {

/// One in-tree disk type inside core/v1 VolumeSource or PersistentVolumeSource.
struct DiskSource {
  std::uint32_t field;      ///< its field in the source message
  std::string_view plugin;  ///< the name the in-tree plug-in has (pkg/volume/*/*.go)
  std::uint32_t id;         ///< the field that identifies the disk; 0: nothing cluster-wide does
  std::uint32_t read_only;  ///< its readOnly field; 0: it has none
};

/// nullptr when this field of a pod's VolumeSource is no disk that pods could fight over.
[[nodiscard]] const DiskSource* pod_disk_source(std::uint32_t field);
/// nullptr for `csi`, `flexVolume` and unknown fields of a PersistentVolumeSource.
[[nodiscard]] const DiskSource* persistent_disk_source(std::uint32_t field);

}  // namespace bso::cluster::wire
