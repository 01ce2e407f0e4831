// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/view.h"

namespace bso::diagnosis {

/// What the Deployment controller computes with. Pods are those of all its ReplicaSets.
struct RolloutNumbers {
  int desired = 1;
  int max_unavailable = 0;  ///< resolved
  int pods = 0;             ///< spec.replicas of all ReplicaSets together
  int ready = 0;
  int new_unready = 0;  ///< pods of the new ReplicaSet that are not ready
  bool holder_ready = false;
};

/// maxUnavailable as a number of pods: a percentage is rounded down, maxSurge up, and when both
/// come to zero one pod may be unavailable (pkg/controller/deployment/util: ResolveFenceposts).
[[nodiscard]] int resolve_max_unavailable(const cluster::Workload& deployment);

/// True when the controller will not stop the old pod that holds the volume: it scales old
/// ReplicaSets down only while there are pods to spare, unready ones first
/// (pkg/controller/deployment/rolling.go: reconcileOldReplicaSets).
[[nodiscard]] bool never_stops_holder(const RolloutNumbers& numbers);

[[nodiscard]] RolloutNumbers rollout_numbers(const cluster::View& view,
                                             const cluster::Workload& deployment,
                                             const cluster::Workload& new_set,
                                             const cluster::Pod& holder);

}  // namespace bso::diagnosis
