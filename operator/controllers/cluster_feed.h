// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "cluster/view.h"
#include "controllers/reflectors.h"

namespace bso::controllers {

/// Keeps the view in step with the API server and tells who listens which pods' verdicts may have
/// changed. Adding a kind to the view means one line in its constructor.
class ClusterFeed {
 public:
  /// `listed`: a LIST told of it, the first one or one that closes a gap, so that most of it is no
  /// news. Otherwise it is a live change.
  using OnPods = std::function<void(const cluster::PodKeys& pods, bool listed)>;
  using OnVolume = std::function<void()>;

  ClusterFeed(const Wire& wire, cluster::View& view);

  void on_pods(OnPods listener) { pod_listeners_.push_back(std::move(listener)); }
  /// Told after any change of a PersistentVolume.
  void on_volume(OnVolume listener) { volume_listeners_.push_back(std::move(listener)); }

  /// Keeps the view in step until stopped.
  Task<void> watch(Stop& stop) { return reflectors_.run(stop); }
  Task<bool> wait_synced(Stop& stop) { return reflectors_.wait_synced(stop); }
  void for_each_reflector(const std::function<void(const kube::Reflector&)>& visit) const {
    reflectors_.for_each(visit);
  }

 private:
  void add_workloads(cluster::WorkloadKind kind, const kube::Resource& resource);
  void add_events(const char* reason);
  void tell(const cluster::PodKeys& pods) const;
  void tell_volumes() const;

  cluster::View& view_;
  Reflectors reflectors_;
  std::vector<OnPods> pod_listeners_;
  std::vector<OnVolume> volume_listeners_;
};

}  // namespace bso::controllers
