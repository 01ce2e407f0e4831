// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "base/task.h"
#include "cluster/records.h"
#include "diagnosis/verdict.h"
#include "kube/client.h"

namespace bso::controllers {

/// The condition that waiting pods bear where it is asked for: True with the cause while a pod
/// waits, then False, so that whoever watches sees the change. Pods that never waited bear none.
/// The kubelet leaves conditions alone that are not its own (kubernetes 1.20
/// pkg/kubelet/status/status_manager.go), as it does with readiness gates.
class PodConditions {
 public:
  static constexpr const char* type = "blockstorage.dev/VolumeBlocked";

  /// `client` outlives it.
  PodConditions(kube::Client& client, bool wanted) : client_(client), wanted_(wanted) {}

  /// Whether the pod's condition says something else, as far as is known.
  [[nodiscard]] bool due(const cluster::Pod& pod,
                         const std::optional<diagnosis::Verdict>& verdict) const;
  /// Writes it by server-side apply, which leaves the other conditions alone, and only to the pod
  /// as it was judged. Returns the resourceVersion that the pod has then. A right that is missing
  /// is logged, once.
  Task<Result<std::string>> write(cluster::Pod pod, std::optional<diagnosis::Verdict> verdict,
                                  WallTime now);
  void forget(const std::string& pod_key) { said_.erase(pod_key); }

 private:
  kube::Client& client_;
  bool wanted_;
  bool forbidden_ = false;  ///< said already
  /// What this process wrote, with the pod's UID, by "namespace/name".
  std::unordered_map<std::string, std::string> said_;
};

}  // namespace bso::controllers
