// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "diagnosis/semantics.h"

namespace bso::diagnosis {

/// Why a pod waits for its volume. The names are part of the annotation's format.
enum class Cause {
  replicas_share_single_pod_volume,  ///< a replica beside it on the node holds it
  replicas_spread_across_nodes,      ///< a replica on another node holds it
  rollout_deadlock,                  ///< old and new pod of a Deployment wait for each other
  rollout_in_progress,               ///< the Deployment is about to stop the holder
  shared_by_other_workload,          ///< a pod of something else holds it
  holder_terminating,                ///< the holder is being deleted
  holder_on_lost_node,               ///< the holder's node does not report
  detach_pending,                    ///< no holder any more, the release is under way
  stale_attachment,                  ///< no holder any more, but the release does not come
  orphaned_mount,                    ///< mounted for a pod that no longer exists
  two_volumes_one_disk,              ///< held through another PersistentVolume in another namespace
  read_write_once_pod_conflict,      ///< ReadWriteOncePod, and another pod has it
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

/// The answer for one pod. Plain values: it outlives the view it came from, and equal situations
/// give equal verdicts (no counters, no present time).
struct Verdict {
  Cause cause = Cause::unknown_exclusive;
  State state = State::unknown;
  Confidence confidence = Confidence::guess;
  WallTime since{};  ///< when the waiting pod was placed on its node

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
  bool more_volumes = false;       ///< other volumes of the pod are held too
  std::vector<std::string> evidence;

  [[nodiscard]] bool self_healing() const { return state == State::waiting; }
  bool operator==(const Verdict&) const = default;
};

}  // namespace bso::diagnosis
