// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/controller.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/task_group.h"
#include "controllers/plugin/freshness.h"
#include "controllers/plugin/resource.h"
#include "install/names.h"

namespace bso::controllers {
namespace {

/// Between two looks whether the watch has caught up.
constexpr std::chrono::milliseconds kLookAgain{250};

std::vector<install::Bundle> embedded() {
  // A test proves that each embedded bundle loads, so a failure here is a broken build.
  auto bundles = install::load_bundles(install::embedded_bundles());
  if (!bundles) throw std::logic_error("an embedded bundle is faulty: " + bundles.error().message);
  return std::move(*bundles);
}

kube::Reflector::Options watch_plugins() {
  kube::Reflector::Options options;
  options.resource = block_storage_plugins;
  // While the CRD is missing a person is likely about to install it: do not keep them waiting.
  options.backoff.cap = std::chrono::seconds{4};
  // What is installed and removed hangs on it, and there are few: the truth of etcd from the start.
  options.floor = [] { return std::string(); };
  return options;
}

}  // namespace

PluginController::PluginController(const Wire& wire, ClusterFeed& feed,
                                   runtime::EventRecorder& recorder, runtime::Metrics& metrics,
                                   std::string operator_version, std::string bundle_namespace)
    : executor_(wire.executor),
      client_(wire.client),
      controller_(
          wire.executor,
          {.name = "plugin", .concurrency = 2, .overdue_after = std::chrono::minutes{5}},
          [this](std::string name) { return reconcile(std::move(name)); }, metrics),
      plugins_([this](const kube::Document& plugin) {
        enqueue(plugin.name);
        for (const auto& name : neighbours_.refused()) enqueue(name);
      }),
      reflectors_(wire),
      bundles_(reflectors_, recorder, std::move(bundle_namespace), embedded(),
               [this] {
                 enqueue_users_of_config_maps();
                 on_bundles_();
               }),
      neighbours_(plugins_),
      children_(wire, reflectors_, [this](const kube::Document& child) { enqueue_owner(child); }),
      pods_(reflectors_, [this](const std::string& plugin) { enqueue(plugin); }),
      feed_(feed),
      census_(feed.view(), [this] { enqueue_all(); }),
      needed_(wire, [this](const std::string& plugin) { enqueue(plugin); }),
      reconciler_(wire.client, children_, pods_, census_, needed_, feed.view(), recorder, bundles_,
                  neighbours_, std::move(operator_version)) {
  reflectors_.add(watch_plugins(), plugins_.sink());
  // A node's readiness counts in a rollout's budget.
  feed.on_node([this] { enqueue_all(); });
  feed.on_volume_use([this] { census_.touch(); });
}

Task<void> PluginController::watch(Stop& stop) {
  return run_together(executor_, reflectors_.run(stop), needed_.run(stop));
}

Task<void> PluginController::act(Stop& stop) {
  // Without the whole picture an object that exists would look missing.
  const bool synced = co_await reflectors_.wait_synced(stop);
  if (!synced) co_return;
  const bool in_step = co_await wait_in_step(stop);
  if (!in_step) co_return;
  acting_ = true;
  bundles_.speak();
  enqueue_all();
  co_await run_together(executor_, count_volumes(stop), controller_.run(stop));
}

Task<void> PluginController::count_volumes(Stop& stop) {
  const bool complete = co_await feed_.wait_synced(stop);
  if (complete) co_await census_.run(stop);
}

Task<bool> PluginController::wait_in_step(Stop& stop) {
  while (!stop.requested()) {
    // Without a resourceVersion the answer comes from etcd.
    auto live = co_await client_.list(block_storage_plugins, "", kube::Query());
    if (live && is_as_new_as(plugins_, **live)) co_return true;
    log::debug("waiting until the watch shows the present BlockStoragePlugins",
               {{"error", live ? std::string() : live.error().message}});
    (void)co_await sleep_for(kLookAgain, stop);
  }
  co_return false;
}

void PluginController::enqueue(const std::string& name) {
  if (acting_) controller_.queue().add(name);
}

void PluginController::enqueue_owner(const kube::Document& child) {
  const auto owner = codec::string_at(*child.body, {"metadata", "labels", install::kPluginLabel});
  const bool is_class = codec::find(*child.body, {"provisioner"}) != nullptr;
  if (owner.empty() || is_class) {
    enqueue_all();  // the default class may have changed, and that is everybody's business
  } else {
    enqueue(owner);
  }
}

void PluginController::enqueue_all() {
  for (const auto& [key, plugin] : plugins_.all()) enqueue(plugin.name);
}

void PluginController::enqueue_users_of_config_maps() {
  for (const auto& [key, plugin] : plugins_.all()) {
    if (!bundles_.is_shipped(codec::string_at(*plugin.body, {"spec", "driver", "name"}))) {
      enqueue(plugin.name);
    }
  }
}

Task<Result<runtime::Outcome>> PluginController::reconcile(std::string name) {
  const auto* plugin = plugins_.find("", name);
  if (plugin == nullptr) {
    reconciler_.forget(name);
    co_return runtime::Outcome{};
  }
  co_return co_await reconciler_.reconcile(plugin->body);
}

}  // namespace bso::controllers
