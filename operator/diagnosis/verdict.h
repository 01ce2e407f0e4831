// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "diagnosis/semantics.h"

namespace bso::diagnosis {

/// Why a pod waits for its volume. The names are part of the annotation's format. Why a pod waits
/// that is not held up by another user is no cause: see Remark.
enum class Cause {
  replicas_share_single_pod_volume,  ///< a replica beside it on the node holds it
  replicas_spread_across_nodes,      ///< a replica on another node holds it
  rollout_deadlock,                  ///< old and new pod of a Deployment wait for each other
  rollout_in_progress,               ///< the Deployment is about to stop the holder
  shared_by_other_workload,          ///< a pod of something else holds it
  holder_terminating,                ///< the holder is being deleted
  holder_on_lost_node,               ///< the node that has it does not report
  stateful_set_pod_on_lost_node,     ///< this pod holds it there, and keeps its successor away
  detach_pending,                    ///< no holder any more, the release is under way
  stale_attachment,                  ///< no holder any more, but the release does not come
  orphaned_mount,                    ///< mounted for a pod that no longer exists
  held_outside_cluster,              ///< a machine has it that is no node of this cluster
  two_volumes_one_disk,              ///< held through another PersistentVolume
  read_write_once_pod_conflict,      ///< ReadWriteOncePod, and another pod has it
  selinux_context_conflict,          ///< mounted with another SELinux label for a pod beside it
  node_side_exclusive,               ///< another node has it, by a driver without an attach step
  unknown_exclusive                  ///< the driver says in use; no holder is proven
};

enum class State {
  waiting,         ///< expected to resolve by itself
  deadlock,        ///< will not resolve by itself
  needs_operator,  ///< something outside Kubernetes' own doing has to be cleaned up
  unknown
};

/// A release that goes on longer than this is worth an event.
inline constexpr std::chrono::seconds kReleaseNoticeAfter{30};

enum class Confidence {
  proven,    ///< words of the driver or controller, and the API agrees
  inferred,  ///< the object graph and the driver's semantics
  guess      ///< words only
};

[[nodiscard]] std::string_view to_string(Cause cause);
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::string_view to_string(Confidence confidence);

/// "Deployment" "web"; empty for a bare pod.
struct OwnerName {
  std::string kind;
  std::string name;
  bool operator==(const OwnerName&) const = default;
};

struct Holder {
  std::string pod;
  std::string uid;
  std::string node;
  OwnerName owner;       ///< the topmost
  OwnerName controller;  ///< the direct one
  std::string revision;
  std::string phase;
  bool terminating = false;
  bool operator==(const Holder&) const = default;
};

/// What the driver or the kubelet said, as far as a verdict rests on it. It is kept with the
/// verdict in the pod's annotation, because Events expire within an hour while the pod still waits.
struct Words {
  enum class Kind {
    none,
    refused,  ///< the node's driver: mounted for another pod
    in_use,   ///< a driver: in use somewhere
    selinux   ///< the kubelet: mounted with another SELinux label
  };
  Kind kind = Kind::none;
  bool at_attach = false;         ///< said when it was to be attached, not when mounted
  std::vector<std::string> pods;  ///< UIDs whose directories were named, in order
  std::string node;               ///< the node that was named
  std::string machine;            ///< the machine that was named and is no node of this cluster
  bool operator==(const Words&) const = default;
};

/// Another volume of the same pod that is held too.
struct OtherVolume {
  std::string volume;  ///< name inside the pod
  std::string claim;
  Cause cause = Cause::unknown_exclusive;
  State state = State::unknown;
  std::vector<std::string> holders;  ///< names of pods, only of the pod's own namespace
  bool operator==(const OtherVolume&) const = default;
};

/// The answer for one pod. Plain values: it outlives the view it came from, and equal situations
/// give equal verdicts (no counters, no present time).
struct Verdict {
  Cause cause = Cause::unknown_exclusive;
  State state = State::unknown;
  Confidence confidence = Confidence::guess;
  WallTime since{};  ///< when the waiting pod was placed on its node
  /// When its last holder was seen gone: for causes without one. Zero: there is a holder.
  WallTime released{};

  std::string ns;
  std::string pod;
  std::string pod_uid;
  std::string node;
  OwnerName owner;

  std::string volume;  ///< name inside the pod
  std::string claim;   ///< empty for an inline volume
  std::string pv;      ///< empty for an inline volume
  std::string driver;
  Semantics semantics;

  std::vector<Holder> holders;     ///< by name; only of the pod's own namespace
  bool holders_elsewhere = false;  ///< pods of other namespaces hold it; they are never named
  std::string holder_node;         ///< where the disk is, when no holder tells
  std::string attachment;          ///< the VolumeAttachment that keeps it there
  std::string vanished_uid;        ///< orphaned_mount: the pod that was
  std::string text;                ///< words of the driver or controller, as they came
  bool overdue = false;            ///< holder_terminating: its grace period is over
  Words words;                     ///< what it rests on beyond the objects
  std::vector<OtherVolume> more_volumes;  ///< other volumes of the pod that are held, worst first
  std::vector<std::string> evidence;

  [[nodiscard]] bool self_healing() const { return state == State::waiting; }
  bool operator==(const Verdict&) const = default;
};

/// What is known of a pod that is stuck and has no verdict: nobody else's use of a volume is the
/// reason, as far as is known. Never written to the pod.
struct Remark {
  enum class Kind {
    driver_busy,   ///< the driver has not answered yet, or still works on an earlier request
    other_trouble  ///< an event about one of its volumes that tells of no other user
  };
  Kind kind = Kind::other_trouble;
  std::string volume;   ///< name of the PersistentVolume or of the volume in the pod; may be ""
  std::string text;     ///< the event's words
  bool unread = false;  ///< nothing in them is known: a message to learn
  bool operator==(const Remark&) const = default;
};
/// "DriverBusy", "NotAnRwoConflict".
[[nodiscard]] std::string_view to_string(Remark::Kind kind);

}  // namespace bso::diagnosis
