// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "install/observe.h"

namespace bso::install {

/// A node driver's pod and its node: what the status and the rollout have to know of them.
struct DriverPod {
  std::string node;            ///< "" before the pod has one
  bool node_ready = true;      ///< also when nothing is known of the node
  bool ready = false;          ///< condition Ready
  std::string architecture{};  ///< the node's label kubernetes.io/arch; "" when it is not known
  /// Labels that the DaemonSet controller gives it (kubernetes/kubernetes,
  /// pkg/controller/daemon/util): pod-template-generation and controller-revision-hash.
  std::string template_generation{};
  std::string revision{};
  std::map<std::string, std::string> images{};  ///< spec.containers[].image by container
};

/// Nodes without a ready driver pod, sorted. Those that have no pod at all, not even one that
/// waits, are not among them: whether the DaemonSet wants one there only its controller knows.
[[nodiscard]] std::vector<std::string> unavailable_nodes(std::span<const DriverPod> pods);

/// Nodes whose driver pod is not of the DaemonSet's present template, sorted: it has another image,
/// or it has not been replaced yet.
[[nodiscard]] std::vector<std::string> outdated_nodes(std::span<const DriverPod> pods,
                                                      const ObservedObject& daemon_set);

/// Driver pods on nodes that are not ready themselves. Nothing that the rollout does can help them.
struct Unreachable {
  std::int64_t outdated = 0;  ///< not of the present template
  std::int64_t unready = 0;
};
[[nodiscard]] Unreachable unreachable(std::span<const DriverPod> pods,
                                      const ObservedObject& daemon_set);

/// A node that runs the node driver, and what its images are not made for.
struct OtherArchitecture {
  std::string node;
  std::string architecture;

  friend auto operator<=>(const OtherArchitecture&, const OtherArchitecture&) = default;
};

/// Nodes with a driver pod whose architecture is not among `supported`, sorted, each once; none
/// when that is empty. A ready pod proves that its image fits, whatever the bundle says.
[[nodiscard]] std::vector<OtherArchitecture> nodes_of_other_architectures(
    std::span<const DriverPod> pods, std::span<const std::string> supported);

/// Nodes that are not ready and have a driver pod.
[[nodiscard]] std::int64_t not_ready_nodes(std::span<const DriverPod> pods);

/// The DaemonSet's maxUnavailable while a rollout runs. The DaemonSet controller counts every pod
/// on a node that is not ready as unavailable (kubernetes/kubernetes, pkg/controller/daemon/
/// update.go), so a few dead nodes would use the whole budget up and the rollout would stand still:
/// they come on top of it. `budget` is "1" or "10%" (of `desired` nodes, rounded up as there).
/// Without such nodes it is returned as it is.
[[nodiscard]] std::string rollout_budget(const std::string& budget, std::int64_t desired,
                                         std::int64_t not_ready);

}  // namespace bso::install
