// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/records.h"
#include "cluster/wire.h"

/// Only for the decoders of this room.
namespace bso::cluster::wire {

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// metav1.ObjectMeta; views into the input.
struct Meta {
  std::string_view name;
  std::string_view ns;
  std::string_view uid;
  std::string_view resource_version;
  WallTime created{};
  WallTime deletion{};
  bool deleting = false;
  Owner owner;
  Pairs labels;
  Pairs annotations;
};

[[nodiscard]] Meta read_meta(std::string_view raw);
/// metav1.Time and MicroTime; zero when unset.
[[nodiscard]] WallTime read_time(std::string_view raw);
/// One entry of a map<string, string>.
[[nodiscard]] std::pair<std::string_view, std::string_view> read_entry(std::string_view raw);
/// The value of a key, or "".
[[nodiscard]] std::string_view lookup(const Pairs& pairs, std::string_view key);
[[nodiscard]] AccessModes read_access_mode(std::string_view text);

/// An inline FlexVolume is the same disk in two pods when driver, volume name and options agree:
/// that is all a driver is given. Without options nothing tells scratch space from a shared disk.
[[nodiscard]] Symbol flex_identity(std::string_view volume_name, Pairs options);
[[nodiscard]] Phase read_phase(std::string_view text);
/// The label whose value no two nodes share (k8s.io/api/core/v1/well_known_labels.go).
inline constexpr std::string_view kHostNameLabel = "kubernetes.io/hostname";
/// Of a required term of a pod's node affinity: whether it names nodes one by one. `key` is a
/// label's, or "metadata.name" in matchFields.
[[nodiscard]] inline bool names_nodes(std::string_view key, std::string_view node_operator) {
  return (key == kHostNameLabel || key == "metadata.name") && node_operator == "In";
}
/// The reason for which a container waits is one that comes after mounting.
[[nodiscard]] bool waits_after_mounting(std::string_view reason);
/// Condition PodScheduled is False because another pod has a ReadWriteOncePod claim (Kubernetes 1.22
/// and later, pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go:
/// ErrReasonReadWriteOncePodConflict).
[[nodiscard]] bool refused_for_claim(std::string_view message);
/// The kubelet writes an MD5 sum (pkg/kubelet/config/common.go). Anyone may write the annotation,
/// so nothing that looks like another pod's UID is let in.
[[nodiscard]] bool is_config_hash(std::string_view text);
/// What a pod has of its metadata.
void take_pod_meta(const Meta& meta, Pod& pod);

[[nodiscard]] Error damaged(std::string_view kind, std::string_view why);

/// The border to protozero: exceptions become an Error that names the kind.
template <class Record, class Read>
[[nodiscard]] Result<Record> decode(std::string_view kind, std::string_view raw, Read read) {
  try {
    Record record;
    read(raw, record);
    if (!record.name.empty()) return record;
    return fail(damaged(kind, "it has no name"));
  } catch (const protozero::exception& problem) {
    return fail(damaged(kind, problem.what()));
  }
}

}  // namespace bso::cluster::wire
