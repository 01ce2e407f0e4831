// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "controllers/cluster_feed.h"
#include "controllers/plugin/bundle_catalog.h"
#include "controllers/plugin/children.h"
#include "controllers/plugin/needed_objects.h"
#include "controllers/plugin/neighbours.h"
#include "controllers/plugin/plugin_pods.h"
#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/volume_census.h"
#include "kube/document_store.h"
#include "runtime/controller.h"
#include "runtime/metrics.h"

namespace bso::controllers {

/// Watches BlockStoragePlugins, what they install, and the bundles of ConfigMaps; each change
/// queues the plug-in's name. Every replica watches, only one acts.
class PluginController {
 public:
  PluginController(const Wire& wire, ClusterFeed& feed, runtime::EventRecorder& recorder,
                   runtime::Metrics& metrics, std::string operator_version,
                   std::string bundle_namespace);

  /// Said once, before it acts: what the server is.
  void serve(install::ServerVersion server) { reconciler_.serve(server); }
  /// Keeps the stores in step until stopped.
  Task<void> watch(Stop& stop);
  /// Works until stopped; only one replica may. Before that nothing is queued.
  ///
  /// What it begins with is not older than what the former leader acted on: the BlockStoragePlugins
  /// are read from etcd once, and nothing is done until the watch shows them in that state. A spec
  /// of the past would otherwise be applied over the present one. (A LIST or a watch alone proves
  /// nothing: both may be served by an API server that lags, kubernetes/kubernetes#59848.) The
  /// objects installed may be seen later than they are: applying the same again changes nothing,
  /// and what is deleted is asked for first.
  Task<void> act(Stop& stop);
  /// Who tells which claims are at risk, for status.claimsAtRisk.
  void ask_for_risk(VolumeCensus::AtRisk at_risk) { census_.ask(std::move(at_risk)); }
  /// What it tells has changed.
  void recount() { census_.touch(); }
  /// What can be installed now, and who is told when that changes.
  [[nodiscard]] std::shared_ptr<const install::Catalog> bundles() const {
    return bundles_.current();
  }
  void on_bundles(std::function<void()> listener) { on_bundles_ = std::move(listener); }
  void for_each_reflector(const std::function<void(const kube::Reflector&)>& visit) const {
    reflectors_.for_each(visit);
  }

 private:
  Task<Result<runtime::Outcome>> reconcile(std::string name);
  Task<bool> wait_in_step(Stop& stop);
  Task<void> count_volumes(Stop& stop);
  void enqueue(const std::string& name);
  void enqueue_owner(const kube::Document& child);
  void enqueue_all();
  void enqueue_users_of_config_maps();

  Executor executor_;
  kube::Client& client_;
  runtime::Controller controller_;
  kube::DocumentStore plugins_;
  Reflectors reflectors_;
  BundleCatalog bundles_;
  Neighbours neighbours_;
  Children children_;
  PluginPods pods_;
  ClusterFeed& feed_;
  VolumeCensus census_;
  NeededObjects needed_;
  PluginReconciler reconciler_;
  std::function<void()> on_bundles_ = [] {};
  bool acting_ = false;
};

}  // namespace bso::controllers
