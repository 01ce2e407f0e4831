// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster_facts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "controllers/plugin/children.h"
#include "controllers/plugin/live_volumes.h"
#include "controllers/plugin/plugin_pods.h"
#include "install/bundle.h"
#include "install/default_class.h"
#include "install/recreate.h"
#include "kube/resource.h"

namespace bso::cli {
namespace {

using nlohmann::json;

std::vector<json> items_of(const json& list) {
  const auto* items = codec::find(list, {"items"});
  return items != nullptr && items->is_array() ? items->get<std::vector<json>>()
                                               : std::vector<json>();
}

/// The items of a collection. Nothing, and a note, without the right to list it.
Task<Result<std::optional<std::vector<json>>>> list_if_allowed(Session& session,
                                                               kube::Resource resource,
                                                               std::string ns, kube::Query query,
                                                               std::string consequence,
                                                               Notes& notes) {
  session.progress().at(fmt::format("listing {}", resource.plural));
  auto page = co_await session.client().list(resource, std::move(ns), std::move(query));
  if (page) co_return items_of(**page);
  if (!page.error().forbidden()) co_return fail(std::move(page.error()));
  notes.push_back(fmt::format("{}: {}.", consequence, page.error().message));
  co_return std::optional<std::vector<json>>();
}

bool is_node_ready(const json& node) {
  const auto* conditions = codec::find(node, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  return std::any_of(conditions->begin(), conditions->end(), [](const json& condition) {
    return codec::string_at(condition, {"type"}) == "Ready" &&
           codec::string_at(condition, {"status"}) == "True";
  });
}

/// A pod that is ready tells that its node is; what cannot be looked at counts as ready, too.
Task<Result<install::DriverPod>> look_at_pod(Session& session, json pod) {
  auto decoded = controllers::decode_plugin_pod(codec::dump_json(pod));
  if (!decoded) co_return fail(std::move(decoded.error()));
  install::DriverPod found;
  found.node = decoded->node;
  found.ready = decoded->ready;
  if (!found.ready && !found.node.empty()) {
    auto node = co_await session.client().get(kube::nodes, "", found.node);
    found.node_ready = !node || is_node_ready(**node);
  }
  co_return found;
}

std::string selector_of(const install::DesiredObject& workload) {
  std::string selector;
  const auto* labels = codec::find(*workload.document, {"spec", "selector", "matchLabels"});
  if (labels == nullptr || !labels->is_object()) return selector;
  for (const auto& [key, value] : labels->items()) {
    if (!value.is_string()) continue;
    selector += fmt::format("{}{}={}", selector.empty() ? "" : ",", key, value.get<std::string>());
  }
  return selector;
}

/// `own`: those of the ConfigMaps, too.
Task<Result<install::Catalog>> catalog_of(Session& session, std::string ns,
                                          std::vector<install::Bundle> shipped, bool own,
                                          Notes& notes) {
  std::vector<install::BundleMap> read;
  if (own) {
    const auto consequence = fmt::format(
        "Bundles of one's own are in ConfigMaps of the namespace {}, but they could "
        "not be read",
        ns);
    kube::Query query;
    query.add("labelSelector", install::kBundleLabel);
    auto maps = co_await list_if_allowed(session, kube::config_maps, std::move(ns),
                                         std::move(query), consequence, notes);
    if (!maps) co_return fail(std::move(maps.error()));
    if (*maps) {
      for (const auto& map : **maps) read.push_back(install::read_bundle_map(map));
    }
  }
  std::vector<const install::BundleMap*> maps;
  maps.reserve(read.size());
  for (const auto& map : read) maps.push_back(&map);
  co_return install::make_catalog(shipped, maps);
}

}  // namespace

Task<Result<install::Catalog>> read_catalog(Session& session, std::string ns,
                                            const std::vector<json>& plugins, Notes& notes) {
  auto shipped = install::load_bundles(install::embedded_bundles());
  if (!shipped) co_return fail(std::move(shipped.error()));
  const bool enough = std::all_of(plugins.begin(), plugins.end(), [&](const json& plugin) {
    const auto name = codec::string_at(plugin, {"spec", "driver", "name"});
    return install::find_bundle(*shipped, name) != nullptr;
  });
  co_return co_await catalog_of(session, std::move(ns), std::move(*shipped), !enough, notes);
}

Task<Result<std::vector<install::Bundle>>> read_bundles(Session& session, std::string ns) {
  auto shipped = install::load_bundles(install::embedded_bundles());
  if (!shipped) co_return fail(std::move(shipped.error()));
  Notes unread;  // without the right only those that ship count
  auto catalog = co_await catalog_of(session, std::move(ns), std::move(*shipped), true, unread);
  if (!catalog) co_return fail(std::move(catalog.error()));
  co_return std::move(catalog->bundles);
}

Task<Result<std::vector<install::DriverPod>>> read_driver_pods(
    Session& session, const json& plugin, const std::vector<install::DesiredObject>& desired,
    std::string daemon_set, Notes& notes) {
  std::vector<install::DriverPod> pods;
  const auto driver = std::find_if(desired.begin(), desired.end(), [&](const auto& object) {
    return object.ref.kind == "DaemonSet" && object.ref.name == daemon_set;
  });
  const bool installed = codec::find(plugin, {"status", "lastGood"}) != nullptr;
  if (!installed || driver == desired.end()) co_return pods;
  const auto selector = selector_of(*driver);
  if (selector.empty()) co_return pods;
  kube::Query query;
  query.add("labelSelector", selector);
  auto listed = co_await list_if_allowed(
      session, kube::pods, driver->ref.ns, std::move(query),
      "How many nodes are not ready is not known, so maxUnavailable is planned without them",
      notes);
  if (!listed) co_return fail(std::move(listed.error()));
  if (!*listed) co_return pods;
  for (auto& item : **listed) {
    auto pod = co_await look_at_pod(session, std::move(item));
    if (!pod) co_return fail(std::move(pod.error()));
    pods.push_back(std::move(*pod));
  }
  co_return pods;
}

Task<Result<install::ClassFindings>> read_classes(Session& session, const json& plugin,
                                                  Notes& notes) {
  install::ClassFindings found;
  found.mark_counts = install::read_mark_counts(plugin);
  found.recreating = install::read_recreating(plugin);
  // Without a class that is to be the default one nobody's mark is looked at.
  const auto wanted = codec::string_at(plugin, {"spec", "storageClasses", "default", "className"});
  if (wanted.empty()) co_return found;
  kube::Query query;
  auto listed = co_await list_if_allowed(
      session, kube::storage_classes, "", std::move(query),
      "Which StorageClass is the default one is not known, so its mark is not planned", notes);
  if (!listed) co_return fail(std::move(listed.error()));
  if (!*listed) co_return found;
  for (const auto& item : **listed) found.cluster.push_back(install::view_class(item));
  co_return found;
}

Task<Result<std::vector<install::InventoryEntry>>> read_installed(Session& session,
                                                                  const json& plugin,
                                                                  Notes& notes) {
  auto inventory = install::read_inventory(plugin);
  session.progress().at("listing what is installed");
  const auto name = codec::string_at(plugin, {"metadata", "name"});
  auto owned = co_await controllers::list_owned_by(session.client(), name);
  if (!owned && !owned.error().forbidden()) co_return fail(std::move(owned.error()));
  if (!owned) {
    notes.push_back(fmt::format("What is installed is taken from the status alone: {}.",
                                owned.error().message));
    co_return inventory;
  }
  for (const auto& ref : *owned) {
    const auto same = [&](const auto& entry) { return entry.ref.same_object(ref); };
    if (std::none_of(inventory.begin(), inventory.end(), same)) inventory.push_back({ref, "", ""});
  }
  co_return inventory;
}

Task<Result<std::optional<install::VolumeUse>>> read_volumes(Session& session,
                                                             install::DriverNames names,
                                                             Notes& notes) {
  session.progress().at("listing PersistentVolumes");
  // Where they are in use is told by pods and attachments of the whole cluster: not asked for.
  controllers::NodesOfVolume nodes_of = [](const std::string&) {
    return std::vector<std::string>();
  };
  auto volumes =
      co_await controllers::list_volumes(session.client(), std::move(names), std::move(nodes_of));
  if (volumes) co_return std::optional(std::move(*volumes));
  if (!volumes.error().forbidden()) co_return fail(std::move(volumes.error()));
  notes.push_back(fmt::format("Volumes could not be counted: {}.", volumes.error().message));
  co_return std::optional<install::VolumeUse>();
}

}  // namespace bso::cli
