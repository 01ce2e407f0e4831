// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "controllers/cluster_feed.h"
#include "controllers/plugin/children.h"
#include "controllers/plugin/reconciler.h"
#include "kube/document_store.h"
#include "runtime/controller.h"
#include "runtime/metrics.h"

namespace bso::controllers {

/// Watches BlockStoragePlugins and what they install; each change queues the plug-in's name. Every
/// replica watches, only one acts.
class PluginController {
 public:
  PluginController(const Wire& wire, ClusterFeed& feed, runtime::EventRecorder& recorder,
                   runtime::Metrics& metrics, std::string operator_version);

  /// Keeps the stores in step until stopped.
  Task<void> watch(Stop& stop) { return reflectors_.run(stop); }
  /// Works until stopped; only one replica may. Before that nothing is queued.
  ///
  /// What it begins with is not older than what the former leader acted on: the BlockStoragePlugins
  /// are read from etcd once, and nothing is done until the watch shows them in that state. A spec
  /// of the past would otherwise be applied over the present one. (A LIST or a watch alone proves
  /// nothing: both may be served by an API server that lags, kubernetes/kubernetes#59848.) The
  /// objects installed may be seen later than they are: applying the same again changes nothing,
  /// and what is deleted is asked for first.
  Task<void> act(Stop& stop);
  void for_each_reflector(const std::function<void(const kube::Reflector&)>& visit) const {
    reflectors_.for_each(visit);
  }

 private:
  Task<Result<runtime::Outcome>> reconcile(std::string name);
  Task<bool> wait_in_step(Stop& stop);
  void enqueue(const std::string& name);
  void enqueue_owner(const kube::Document& child);
  void enqueue_all();

  kube::Client& client_;
  runtime::Controller controller_;
  kube::DocumentStore plugins_;
  Reflectors reflectors_;
  Children children_;
  PluginReconciler reconciler_;
  bool acting_ = false;
};

}  // namespace bso::controllers
