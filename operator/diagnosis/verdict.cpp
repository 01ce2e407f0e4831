// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/verdict.h"

namespace bso::diagnosis {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::replicas_share_single_pod_volume:
      return "ReplicasShareSinglePodVolume";
    case Cause::replicas_spread_across_nodes:
      return "ReplicasSpreadAcrossNodes";
    case Cause::rollout_deadlock:
      return "RolloutDeadlock";
    case Cause::rollout_in_progress:
      return "RolloutInProgress";
    case Cause::shared_by_other_workload:
      return "SharedByOtherWorkload";
    case Cause::holder_terminating:
      return "HolderTerminating";
    case Cause::holder_on_lost_node:
      return "HolderOnLostNode";
    case Cause::stateful_set_pod_on_lost_node:
      return "StatefulSetPodOnLostNode";
    case Cause::detach_pending:
      return "DetachPending";
    case Cause::stale_attachment:
      return "StaleAttachment";
    case Cause::orphaned_mount:
      return "OrphanedMount";
    case Cause::held_outside_cluster:
      return "HeldOutsideCluster";
    case Cause::two_volumes_one_disk:
      return "TwoVolumesOneDisk";
    case Cause::read_write_once_pod_conflict:
      return "ReadWriteOncePodConflict";
    case Cause::selinux_context_conflict:
      return "SELinuxContextConflict";
    case Cause::node_side_exclusive:
      return "NodeSideExclusive";
    case Cause::unknown_exclusive:
      break;
  }
  return "UnknownExclusive";
}

std::string_view to_string(State state) {
  switch (state) {
    case State::waiting:
      return "Waiting";
    case State::deadlock:
      return "Deadlock";
    case State::needs_operator:
      return "NeedsOperator";
    case State::unknown:
      break;
  }
  return "Unknown";
}

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::proven:
      return "Proven";
    case Confidence::inferred:
      return "Inferred";
    case Confidence::guess:
      break;
  }
  return "Guess";
}

std::string_view to_string(Remark::Kind kind) {
  return kind == Remark::Kind::driver_busy ? "DriverBusy" : "NotAnRwoConflict";
}

}  // namespace bso::diagnosis
