// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "controllers/cluster_feed.h"
#include "diagnosis/diagnose.h"
#include "diagnosis/sentence.h"
#include "runtime/controller.h"
#include "runtime/event_recorder.h"
#include "runtime/metrics.h"

namespace bso::controllers {

/// Keeps the two annotations of every pod equal to what diagnosis/ says of it: sets them on pods
/// that wait for a held volume, and takes them away when they no longer hold.
class MountConflictController {
 public:
  /// All references outlive it.
  MountConflictController(const Wire& wire, ClusterFeed& feed, cluster::View& view,
                          runtime::EventRecorder& recorder, runtime::Metrics& metrics);

  /// Works until stopped; only one replica may. Before that nothing is queued.
  Task<void> act(Stop& stop);

 private:
  Task<Result<runtime::Outcome>> reconcile(std::string key);
  void record(const std::string& key, const cluster::Pod& pod,
              const diagnosis::Diagnosis& diagnosis, WallTime now);
  void publish();

  kube::Client& client_;
  ClusterFeed& feed_;
  cluster::View& view_;
  runtime::EventRecorder& recorder_;
  runtime::Metrics& metrics_;
  runtime::Controller controller_;
  bool acting_ = false;

  std::map<std::string, runtime::Labels> blocked_;   ///< by pod key, for the gauge
  std::map<runtime::Labels, double> blocked_gauge_;  ///< every label set ever shown
};

}  // namespace bso::controllers
