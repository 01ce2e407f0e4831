// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cluster/symbol.h"

/// What the operator keeps of each object: only what a verdict or a write needs. The records know
/// nothing of how they were encoded. A WallTime of zero means "not set".
namespace bso::cluster {

/// The two annotations this operator writes to a waiting pod.
inline constexpr std::string_view kConflictAnnotation = "blockstorage.dev/mount-conflict";
inline constexpr std::string_view kConflictDetailAnnotation =
    "blockstorage.dev/mount-conflict-detail";

/// A bit set of access modes (core/v1 PersistentVolumeAccessMode).
using AccessModes = std::uint8_t;
inline constexpr AccessModes kReadWriteOnce = 1;
inline constexpr AccessModes kReadOnlyMany = 2;
inline constexpr AccessModes kReadWriteMany = 4;
inline constexpr AccessModes kReadWriteOncePod = 8;

/// The owner reference with `controller: true`.
struct Owner {
  Symbol kind;
  Symbol name;
  Symbol uid;

  [[nodiscard]] bool empty() const { return name.empty(); }
  bool operator==(const Owner&) const = default;
};

/// A volume of a pod that stands for a disk. ConfigMaps, emptyDirs and the like are not kept, nor
/// are CSI inline volumes: their handle is made from the pod's UID, so no other pod can have them.
struct PodVolume {
  Symbol name;    ///< the name inside the pod
  Symbol claim;   ///< the claim in the pod's namespace; empty for an inline volume
  Symbol driver;  ///< inline only: FlexVolume driver or in-tree plug-in name
  Symbol disk;    ///< inline only: what identifies the disk for that driver
  bool read_only = false;

  bool operator==(const PodVolume&) const = default;
};

enum class Phase : std::uint8_t { unknown, pending, running, succeeded, failed };

struct Pod {
  Symbol ns;
  std::string name;
  std::string uid;
  std::string resource_version;
  WallTime created{};
  WallTime scheduled{};  ///< when PodScheduled became True
  WallTime deletion{};   ///< deletionTimestamp: when the grace period ends
  Symbol node;
  Owner owner;
  Symbol revision;     ///< label pod-template-hash, else controller-revision-hash
  Symbol config_hash;  ///< a static pod's UID in the kubelet's directories
  std::vector<PodVolume> volumes;
  std::string conflict;         ///< our annotation as it stands in the API
  std::string conflict_detail;  ///< likewise
  Phase phase = Phase::unknown;
  bool deleting = false;
  bool ready = false;            ///< condition Ready
  bool any_running = false;      ///< a container runs now
  bool any_started = false;      ///< a container (init ones too) ran at some time
  bool waits_elsewhere = false;  ///< a container waits for something that comes after mounting
  bool sandbox_ready = false;    ///< the pod has its sandbox, which is made after mounting
  bool claim_refused = false;    ///< the scheduler: another pod has its ReadWriteOncePod claim
  bool tied_to_node = false;     ///< may be placed only on a named node, or on another pod's

  [[nodiscard]] bool annotated() const { return !conflict.empty() || !conflict_detail.empty(); }
  [[nodiscard]] bool ended() const { return phase == Phase::succeeded || phase == Phase::failed; }
  /// The kubelet has mounted this pod's volumes at some time: it starts nothing before that
  /// (kubelet.go syncPod: WaitForAttachAndMount comes before the sandbox, images and containers).
  [[nodiscard]] bool volumes_mounted() const {
    return any_started || waits_elsewhere || sandbox_ready;
  }
  /// Wants its volumes, or has them, for longer than it takes to end.
  [[nodiscard]] bool stays() const { return !deleting && !ended(); }
  /// On a node, but its volumes are not mounted yet.
  [[nodiscard]] bool waiting() const {
    return phase == Phase::pending && !node.empty() && !deleting && !volumes_mounted();
  }
  /// On no node, because another pod has a claim that one pod of the cluster may use.
  [[nodiscard]] bool kept_from_nodes() const {
    return phase == Phase::pending && node.empty() && !deleting && claim_refused;
  }
  /// Being deleted, and as long as it is there its StatefulSet makes no other pod of that name
  /// (pkg/controller/statefulset/stateful_set_control.go: "at most one").
  [[nodiscard]] bool keeps_its_name() const {
    return deleting && !node.empty() && owner.kind == "StatefulSet";
  }
  /// There may be a verdict on it, or there was one.
  [[nodiscard]] bool concerned() const {
    return waiting() || kept_from_nodes() || keeps_its_name() || annotated();
  }
  bool operator==(const Pod&) const = default;
};

struct Claim {
  Symbol ns;
  std::string name;
  std::string uid;
  Symbol volume;  ///< the PersistentVolume it is bound to
  Symbol storage_class;
  AccessModes modes = 0;
  bool block = false;
  bool bound = false;
  bool deleting = false;
  bool operator==(const Claim&) const = default;
};

enum class VolumeKind : std::uint8_t { unknown, csi, flex_volume, in_tree };

/// A PersistentVolume.
struct Volume {
  std::string name;
  std::string uid;
  VolumeKind kind = VolumeKind::unknown;
  Symbol driver;  ///< CSI or FlexVolume driver, or the in-tree plug-in's name
  Symbol handle;  ///< two volumes with equal driver and handle are one disk; empty: not known
  Symbol claim_ns;
  Symbol claim;
  std::string claim_uid;
  Symbol storage_class;
  Symbol provisioned_by;
  Symbol reclaim;
  AccessModes modes = 0;
  bool block = false;
  bool deleting = false;
  bool operator==(const Volume&) const = default;
};

/// A VolumeAttachment.
struct Attachment {
  std::string name;
  std::string uid;
  Symbol attacher;
  Symbol volume;
  Symbol node;
  std::string attach_error;
  std::string detach_error;
  bool attached = false;
  bool deleting = false;
  bool operator==(const Attachment&) const = default;
};

/// Condition Ready. `silent` is its status Unknown: the node controller writes it when the kubelet
/// no longer reports. A kubelet that reports False is alive.
enum class Readiness : std::uint8_t { unreported, ready, not_ready, silent };

struct Node {
  std::string name;
  std::string uid;
  std::string provider_id;
  std::vector<Symbol> volumes_in_use;    ///< the kubelet's wish list; sorted
  std::vector<Symbol> volumes_attached;  ///< the attach-detach controller's view; sorted
  std::vector<Symbol> taints;            ///< their keys, each once; sorted
  Symbol architecture;                   ///< label kubernetes.io/arch; empty: not known
  WallTime ready_since{};                ///< last change of `readiness`
  Readiness readiness = Readiness::unreported;
  bool operator==(const Node&) const = default;
};

enum class WorkloadKind : std::uint8_t { deployment, replica_set, stateful_set, daemon_set, job };
inline constexpr std::size_t kWorkloadKinds = 5;

/// An absolute number or a percentage (intstr.IntOrString).
struct IntOrPercent {
  std::int32_t value = 0;
  bool percent = false;
  bool operator==(const IntOrPercent&) const = default;
};

struct Workload {
  WorkloadKind kind = WorkloadKind::deployment;
  Symbol ns;
  std::string name;
  std::string uid;
  Owner owner;
  std::int64_t revision = 0;  ///< ReplicaSet: which rollout made it current; 0 when not known
  std::int32_t replicas = 1;  ///< Job: parallelism
  bool recreate = false;      ///< Deployment: strategy Recreate
  IntOrPercent max_surge{25, true};  ///< Deployment defaults (apps/v1 defaults.go)
  IntOrPercent max_unavailable{25, true};
  bool operator==(const Workload&) const = default;
};

/// An event about a pod. Whatever bytes the reporter wrote are in `message`: it may hold NUL and
/// broken UTF-8 and is clipped at kMaxEventMessage.
struct EventHint {
  std::string uid;  ///< of the event
  Symbol kind;      ///< of the object it is about
  Symbol ns;
  std::string pod;
  std::string pod_uid;
  Symbol reason;
  Symbol component;
  Symbol host;
  std::string message;
  WallTime last{};
  bool operator==(const EventHint&) const = default;
};
inline constexpr std::size_t kMaxEventMessage = std::size_t{16} << 10U;

}  // namespace bso::cluster
