// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that runs while the BlockStoragePlugin is being deleted, and the
// look at pods and volumes that only it and a stuck rollout need.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/reconciler.h"

namespace bso::controllers {
namespace {

constexpr std::chrono::seconds kWhileBlocked{30};

install::VolumeSummary summary_of(const nlohmann::json& volume) {
  return {.name = codec::string_at(volume, {"metadata", "name"}),
          .flex_driver = codec::string_at(volume, {"spec", "flexVolume", "driver"}),
          .csi_driver = codec::string_at(volume, {"spec", "csi", "driver"}),
          .provisioned_by = codec::string_at(
              volume, {"metadata", "annotations", "pv.kubernetes.io/provisioned-by"})};
}

}  // namespace

/// All PersistentVolumes, asked for live and from etcd: a deletion is never decided on a cache.
Task<Result<std::vector<install::VolumeSummary>>> PluginReconciler::list_volumes() {
  std::vector<install::VolumeSummary> volumes;
  std::string token;
  do {
    auto page = co_await client_.list(kube::volumes, "",
                                      kube::Query().add("limit", "500").add("continue", token));
    if (!page) co_return fail(std::move(page.error()).with_context("listing PersistentVolumes"));
    const auto* items = codec::find(**page, {"items"});
    if (items != nullptr && items->is_array()) {
      for (const auto& item : *items) volumes.push_back(summary_of(item));
    }
    token = codec::string_at(**page, {"metadata", "continue"});
  } while (!token.empty());
  co_return volumes;
}

Task<Result<runtime::Outcome>> PluginReconciler::uninstall(Pass pass) {
  co_await check_current(pass, "looking before deleting");
  if (pass.failure) co_return fail(std::move(*pass.failure));
  if (pass.outdated) co_return runtime::Outcome{.again_after = kWhileBlocked};
  // What the status lists, and what a run made that ended before it could write its status.
  auto inventory = install::read_inventory(*pass.plugin);
  if (pass.parsed.spec) pass.desired = install::render(*pass.parsed.bundle, *pass.parsed.spec);
  co_await observe_all(pass);
  if (pass.failure) co_return fail(std::move(*pass.failure));
  for (const auto& object : pass.observed) {
    const auto listed = [&](const auto& entry) { return entry.ref.same_object(object.ref); };
    const bool known = std::any_of(inventory.begin(), inventory.end(), listed);
    if (!known && install::may_delete(object)) inventory.push_back({object.ref, object.uid, ""});
  }
  pass.desired.clear();

  if (pass.parsed.bundle != nullptr && !inventory.empty()) {
    auto volumes = co_await list_volumes();
    if (!volumes) co_return fail(std::move(volumes.error()));
    pass.blocking_volumes = install::volumes_blocking_deletion(*pass.parsed.bundle, *volumes);
  }
  const auto verdict =
      install::judge_uninstall(install::is_managed(*pass.plugin), pass.parsed.bundle,
                               !inventory.empty(), pass.blocking_volumes);
  if (verdict == install::Uninstall::blocked) {
    auto concluded = co_await conclude(std::move(pass));
    if (concluded) concluded->again_after = kWhileBlocked;
    co_return concluded;
  }
  if (verdict == install::Uninstall::remove) {
    for (const auto& entry : install::deletion_order(inventory)) {
      co_await delete_object(pass, entry);
      if (pass.failure) co_return fail(std::move(*pass.failure));
      // The order is the safety: what could not be removed keeps everything after it.
      if (!pass.write_faults.empty()) co_return co_await conclude(std::move(pass));
    }
  }
  auto released = co_await set_finalizer(pass, false);
  if (!released && !released.error().not_found()) co_return fail(std::move(released.error()));
  log::info("uninstalled", {{"plugin", pass.name}});
  co_return runtime::Outcome{};
}

/// Containers that wait for an image: no object that is watched tells, so the pods of a workload
/// that is not ready are asked for.
Task<void> PluginReconciler::find_image_faults(Pass& pass) {
  for (const auto& object : pass.observed) {
    if (object.desired == 0 || object.ready >= object.desired) continue;
    const auto* workload = [&]() -> const install::DesiredObject* {
      for (const auto& desired : pass.desired) {
        if (desired.ref.same_object(object.ref)) return &desired;
      }
      return nullptr;
    }();
    if (workload == nullptr) continue;
    const auto* labels = codec::find(*workload->document, {"spec", "selector", "matchLabels"});
    if (labels == nullptr || !labels->is_object()) continue;
    std::string selector;
    for (const auto& [key, value] : labels->items()) {
      selector +=
          fmt::format("{}{}={}", selector.empty() ? "" : ",", key, value.get<std::string>());
    }
    auto pods = co_await client_.list(kube::pods, object.ref.ns,
                                      kube::Query()
                                          .add("labelSelector", selector)
                                          .add("limit", "50")
                                          .add("resourceVersion", "0"));
    if (!pods) continue;  // only the explanation is missing then
    const auto* items = codec::find(**pods, {"items"});
    if (items == nullptr || !items->is_array()) continue;
    for (auto& fault : install::image_pull_faults(object.ref, *items)) {
      pass.image_pull_faults.push_back(std::move(fault));
    }
  }
}

}  // namespace bso::controllers
