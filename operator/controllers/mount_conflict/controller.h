// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "controllers/cluster_feed.h"
#include "controllers/mount_conflict/announcements.h"
#include "controllers/mount_conflict/blocked_pods.h"
#include "controllers/mount_conflict/driver_knowledge.h"
#include "controllers/mount_conflict/outlook_controller.h"
#include "controllers/mount_conflict/pod_condition.h"
#include "diagnosis/diagnose.h"
#include "diagnosis/sentence.h"
#include "runtime/controller.h"
#include "runtime/event_recorder.h"
#include "runtime/metrics.h"

namespace bso::controllers {

struct DiagnosisOptions {
  std::string rules_namespace;  ///< where the ConfigMap diagnosis::kDriverRulesMap is looked for
  bool pod_condition = false;   ///< a condition on each waiting pod, beside the annotations
  bool pod_metrics = false;     ///< a time series for each waiting pod
};

/// Keeps the two annotations of every pod equal to what diagnosis/ says of it: sets them on pods
/// that wait for a held volume, and takes them away when they no longer hold. What is known of
/// drivers it shares with the OutlookController.
class MountConflictController {
 public:
  /// All references outlive it.
  MountConflictController(const Wire& wire, ClusterFeed& feed, cluster::View& view,
                          runtime::EventRecorder& recorder, runtime::Metrics& metrics,
                          DiagnosisOptions options);

  /// Keeps what is known of drivers in step until stopped; every replica does.
  Task<void> watch(Stop& stop) { return knowledge_.watch(stop); }
  void for_each_reflector(const std::function<void(const kube::Reflector&)>& visit) const {
    knowledge_.for_each_reflector(visit);
  }
  /// The bundles that count from now on: they say what their drivers allow.
  void take_bundles(const install::Catalog& catalog) { knowledge_.take_bundles(catalog); }

  /// Works until stopped; only one replica may. Before that nothing is queued.
  Task<void> act(Stop& stop);
  /// It acts when this does.
  [[nodiscard]] OutlookController& outlooks() { return outlooks_; }

 private:
  Task<Result<runtime::Outcome>> reconcile(std::string key);
  Task<Result<void>> write(cluster::Pod pod, std::optional<diagnosis::Verdict> verdict,
                           WallTime now);
  void see(const std::string& key, const diagnosis::Diagnosis& diagnosis);
  void gone(const std::string& key);
  void enqueue_all();

  Executor executor_;
  kube::Client& client_;
  ClusterFeed& feed_;
  cluster::View& view_;
  Announcements announcements_;
  BlockedPods blocked_;
  PodConditions conditions_;
  runtime::Controller controller_;
  DriverKnowledge knowledge_;
  OutlookController outlooks_;
  bool acting_ = false;
};

}  // namespace bso::controllers
