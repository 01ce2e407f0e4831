// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/records.h"

namespace bso::cluster {

/// The newest things that were said about pods and their volumes. An event that the server forgets
/// (after an hour by default) stays here while its pod does: what it said does not become untrue.
/// Bounded per pod and in all; the pods that were longest not spoken of go first.
class EventStore {
 public:
  struct Limits {
    std::size_t hints_per_pod = 8;
    std::size_t hints = 16'384;
    std::size_t message_bytes = 32U << 20U;
  };

  EventStore() = default;
  explicit EventStore(Limits limits) : limits_(limits) {}

  /// Only events about a pod whose reason speaks of its volumes (pkg/kubelet/events/event.go:
  /// FailedMount, FailedAttachVolume, FailedMapVolume). True when something new was kept.
  bool add(EventHint hint);
  void forget_pod(std::string_view pod_uid);

  /// Newest first. The pointers live until the next change.
  [[nodiscard]] std::vector<const EventHint*> of(std::string_view pod_uid) const;
  [[nodiscard]] std::size_t size() const { return hints_; }

 private:
  struct OfPod {
    std::string pod_uid;
    std::vector<EventHint> hints;  ///< different in reason or message
  };
  using Pods = std::list<OfPod>;  ///< last spoken of at the back

  void drop(Pods::iterator pod);

  Limits limits_{};
  Pods pods_;
  std::unordered_map<std::string_view, Pods::iterator> by_uid_;  ///< keys point into pods_
  std::size_t hints_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace bso::cluster
