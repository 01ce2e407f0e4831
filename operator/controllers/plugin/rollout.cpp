// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that follows the plug-in's pods: what is rendered while a rollout
// runs, why a pod does not start, and the nodes' start-up taint.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/reconciler.h"
#include "install/startup_taint.h"

namespace bso::controllers {
namespace {

const install::DesiredObject* node_driver_of(const std::vector<install::DesiredObject>& desired,
                                             const install::Bundle& bundle) {
  const auto found = std::find_if(desired.begin(), desired.end(), [&](const auto& object) {
    return object.ref.kind == "DaemonSet" && object.ref.name == bundle.node;
  });
  return found == desired.end() ? nullptr : &*found;
}

bool has_taint(const cluster::Node& node, const std::string& key) {
  return std::any_of(node.taints.begin(), node.taints.end(),
                     [&](const cluster::Symbol& taint) { return taint.view() == key; });
}

}  // namespace

void PluginReconciler::render_desired(Pass& pass) {
  const auto& bundle = *pass.parsed.bundle;
  const auto render = [&](const install::PluginSpec& spec) {
    return install::render(bundle, spec, server_);
  };
  // The pods' labels and namespace do not depend on what is chosen.
  pass.desired = render(*pass.parsed.spec);
  if (const auto* driver = node_driver_of(pass.desired, bundle)) {
    pass.driver_pods = pods_.driver_pods(*driver, view_);
  }
  auto chosen =
      install::render_chosen(*pass.plugin, bundle, *pass.parsed.spec, pass.driver_pods, render);
  pass.rollout = chosen.choice;
  pass.desired = std::move(chosen.desired);
}

void PluginReconciler::find_image_faults(Pass& pass) {
  for (const auto& object : pass.observed) {
    if (object.desired == 0 || object.ready >= object.desired) continue;
    const auto same = [&](const auto& desired) { return desired.ref.same_object(object.ref); };
    const auto workload = std::find_if(pass.desired.begin(), pass.desired.end(), same);
    if (workload == pass.desired.end()) continue;
    for (const auto* pod : pods_.of(*workload)) {
      for (auto fault : pod->pulls) {
        fault.workload = object.ref;
        const auto known = [&](const install::ImagePullFault& other) {
          return other.workload == fault.workload && other.container == fault.container;
        };
        auto& faults = pass.image_pull_faults;
        if (std::none_of(faults.begin(), faults.end(), known)) faults.push_back(std::move(fault));
      }
    }
  }
}

/// Which nodes have the taint and a ready driver is known without a request; each of them is then
/// asked for once more, for a patch is never made from the picture of a watch.
Task<void> PluginReconciler::remove_startup_taints(Pass& pass) {
  const auto& taint = pass.parsed.spec->startup_taint;
  if (!taint.remove) co_return;
  for (const auto& pod : pass.driver_pods) {
    const auto* known = view_.node(pod.node);
    if (!pod.ready || known == nullptr || !has_taint(*known, taint.key)) continue;
    auto node = co_await client_.get(kube::nodes, "", pod.node);
    Result<codec::JsonPtr> answer = node;
    if (node) {
      auto patch = install::without_taint(**node, taint.key);
      if (patch == nullptr) continue;
      answer = co_await client_.json_patch(kube::nodes, "", pod.node, std::move(patch));
    }
    if (answer) {
      log::info("the driver is ready, so the start-up taint is removed",
                {{"plugin", pass.name}, {"node", pod.node}, {"taint", taint.key}});
    } else if (answer.error().code == 422) {
      // Its taints have changed since: the next pass looks again.
      pass.failure = std::move(answer.error()).with_context("removing the start-up taint");
      co_return;
    } else if (!answer.error().not_found()) {
      const install::ObjectRef ref{
          .group = "", .version = "v1", .kind = "Node", .plural = "nodes", .name = pod.node};
      note(pass, ref, std::move(answer.error()));
      if (pass.failure) co_return;
    }
  }
}

}  // namespace bso::controllers
