// SPDX-License-Identifier: Apache-2.0
// What PluginReconciler asks and does, one thing at a time, while it takes a plug-in away.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/live_volumes.h"
#include "controllers/plugin/reconciler.h"
#include "install/names.h"

namespace bso::controllers {

/// The plug-in's PersistentVolumes, asked for live and from etcd: a deletion is never decided on a
/// cache. Only on which nodes they are in use is told by the view.
Task<Result<install::VolumeUse>> PluginReconciler::list_volumes(install::DriverNames names) {
  NodesOfVolume nodes_of = [this](const std::string& volume) { return census_.nodes_of(volume); };
  return controllers::list_volumes(client_, std::move(names), std::move(nodes_of));
}

/// Pods of the provisioner that have not ended, in the namespaces of the plug-in.
Task<Result<std::vector<std::string>>> PluginReconciler::list_provisioner_pods(Inventory inventory,
                                                                               std::string plugin) {
  std::set<std::string> namespaces;
  for (const auto& entry : inventory) {
    if (!entry.ref.ns.empty()) namespaces.insert(entry.ref.ns);
  }
  const auto selector = fmt::format("{}={}", install::kPluginLabel, plugin);
  std::vector<std::string> names;
  for (const auto& ns : namespaces) {
    auto pods = co_await client_.list(kube::pods, ns, kube::Query().add("labelSelector", selector));
    if (!pods) co_return fail(std::move(pods.error()).with_context("listing the plug-in's pods"));
    const auto* items = codec::find(**pods, {"items"});
    if (items == nullptr) continue;
    for (auto& name : install::provisioner_pods(*items)) names.push_back(std::move(name));
  }
  co_return names;
}

/// Takes our labels off. What it does stays as it is: no pod is touched.
Task<void> PluginReconciler::orphan_object(Pass& pass, install::InventoryEntry entry) {
  const auto resource = resource_of(entry.ref);
  if (!resource) co_return;
  auto live = co_await client_.get(*resource, entry.ref.ns, entry.ref.name);
  if (!live && !live.error().not_found()) {
    note(pass, entry.ref, std::move(live.error()));
    co_return;
  }
  const auto* document = live ? live->get() : nullptr;
  const auto observed = install::observe(entry.ref, document, nullptr, pass.name);
  see(pass, observed);
  if (!install::may_delete(observed)) co_return;
  auto patch =
      std::make_shared<const nlohmann::json>(install::orphaning_patch(observed, pass.name));
  auto given_up =
      co_await client_.merge_patch(*resource, entry.ref.ns, entry.ref.name, std::move(patch));
  if (!given_up && !given_up.error().not_found()) {
    note(pass, entry.ref, std::move(given_up.error()));
    co_return;
  }
  children_.removed(entry.ref);
  see(pass, install::observe(entry.ref, nullptr, nullptr, pass.name));
  log::info("gave up", {{"object", entry.ref.display()}});
}

/// While volumes hold up a deletion the provisioner is needed: without it no volume can be deleted.
/// It is missing when a volume was made just before it went.
Task<void> PluginReconciler::restore_provisioner(Pass& pass, Inventory inventory) {
  if (!pass.parsed.spec || pass.parsed.bundle == nullptr) co_return;
  render_desired(pass);
  // Nothing else of it is desired any more.
  const auto rendered = std::exchange(pass.desired, {});
  for (const auto& desired : rendered) {
    const auto same = [&](const auto& entry) { return entry.ref.same_object(desired.ref); };
    const bool there = std::any_of(inventory.begin(), inventory.end(), same);
    if (desired.ref.kind != pass.parsed.bundle->controller_kind || there) continue;
    auto live = co_await children_.look(desired.ref);
    if (!live) {
      note(pass, desired.ref, std::move(live.error()));
      continue;
    }
    if (*live != nullptr) continue;  // somebody else's
    const auto resource = resource_of(desired.ref);
    if (!resource) continue;
    auto answer =
        co_await client_.apply(*resource, desired.ref.ns, desired.ref.name, desired.document);
    if (!answer) {
      note(pass, desired.ref, std::move(answer.error()));
      continue;
    }
    children_.wrote(desired.ref, *answer);
    see(pass, install::observe(desired.ref, answer->get(), nullptr, pass.name));
    log::info("brought back while volumes exist", {{"object", desired.ref.display()}});
  }
}

}  // namespace bso::controllers
