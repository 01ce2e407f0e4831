// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>
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
  using OnVolumeUse = std::function<void()>;
  using OnNode = std::function<void()>;
  using OnClaim = std::function<void(std::string_view ns, std::string_view claim, bool listed)>;

  ClusterFeed(const Wire& wire, cluster::View& view);

  void on_pods(OnPods listener) { pod_listeners_.push_back(std::move(listener)); }
  /// Told after any change of a PersistentVolume, or of what uses one: claims, pods, attachments.
  void on_volume_use(OnVolumeUse listener) { use_listeners_.push_back(std::move(listener)); }
  /// Told as cluster::View::on_claim() has it. There may be one such listener.
  void on_claim(OnClaim listener);
  /// Told after a node has come or gone, or its readiness, taints or architecture have changed.
  void on_node(OnNode listener) { node_listeners_.push_back(std::move(listener)); }
  [[nodiscard]] const cluster::View& view() const { return view_; }

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
  void tell_use() const;
  void take_node(cluster::Node node);
  void tell_nodes() const;

  cluster::View& view_;
  Reflectors reflectors_;
  std::vector<OnPods> pod_listeners_;
  std::vector<OnVolumeUse> use_listeners_;
  std::vector<OnNode> node_listeners_;
};

}  // namespace bso::controllers
