// SPDX-License-Identifier: Apache-2.0
#include "cli/live_cluster.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/cluster_facts.h"
#include "codec/json.h"
#include "diagnosis/sentence.h"
#include "inspect/gaps.h"
#include "kube/resource.h"

namespace bso::cli {
namespace {

constexpr const char* kPageSize = "500";
constexpr std::size_t kMaxComplaints = 20;

std::string in_where(const std::string& ns) {
  return ns.empty() ? std::string("in the whole cluster") : fmt::format("in namespace {}", ns);
}

}  // namespace

void LiveCluster::take_items(const kube::Resource& resource, const nlohmann::json& page) {
  const auto* items = codec::find(page, {"items"});
  if (items == nullptr || !items->is_array()) return;
  for (const auto& item : *items) {
    const auto taken = snapshot_.take_as(resource.kind, item);
    if (taken || warnings_.size() >= kMaxComplaints) continue;
    warnings_.push_back(diagnosis::printable(
        fmt::format("An object was passed over: {}.", taken.error().message), 1000));
  }
}

Task<Result<bool>> LiveCluster::take_pages(kube::Resource resource, std::string ns,
                                           std::string selector) {
  std::string next;
  bool in_pages = true;
  std::size_t number = 0;
  while (true) {
    session_.progress().at(
        fmt::format("listing {} {}, page {}", resource.plural, in_where(ns), ++number));
    kube::Query query;
    query.add("fieldSelector", selector);
    if (in_pages) query.add("limit", kPageSize);
    query.add("continue", next);
    auto page = co_await session_.client().list(resource, ns, query);
    if (!page) {
      // The server has forgotten the list of which this is a page: once more, in one piece.
      if (next.empty() || !page.error().is_status("Expired")) {
        co_return fail(std::move(page.error()));
      }
      in_pages = false;
      next.clear();
      continue;
    }
    take_items(resource, **page);
    next = codec::string_at(**page, {"metadata", "continue"});
    if (next.empty()) co_return true;
  }
}

Task<Result<bool>> LiveCluster::take(kube::Resource resource, std::string ns, std::string selector,
                                     std::string cost) {
  auto taken = co_await take_pages(resource, ns, std::move(selector));
  if (taken || !taken.error().forbidden()) co_return taken;
  if (!cost.empty()) {
    warnings_.push_back(
        fmt::format("You may not list {} {}: {}.", resource.plural, in_where(ns), cost));
  }
  co_return false;
}

Task<Result<void>> LiveCluster::take_pods() {
  const std::string no_selector;
  auto listed = co_await take_pages(kube::pods, asked_.ns, no_selector);
  if (!listed && listed.error().forbidden() && !asked_.name.empty()) {
    auto pod = co_await session_.client().get(kube::pods, asked_.ns, asked_.name);
    if (pod) {
      all_pods_ = false;
      warnings_.push_back(fmt::format(
          "You may not list pods {}: who else uses the volumes of this one is not known.",
          in_where(asked_.ns)));
      co_return snapshot_.take_as(kube::pods.kind, **pod);
    }
    co_return fail(std::move(pod.error()));
  }
  if (!listed) co_return fail(std::move(listed.error()));
  co_return Result<void>{};
}

Task<Result<void>> LiveCluster::take_surroundings() {
  const std::array<kube::Resource, 8> kinds{
      kube::claims,      kube::volumes,      kube::attachments,   kube::nodes,
      kube::deployments, kube::replica_sets, kube::stateful_sets, kube::daemon_sets};
  for (const auto& resource : kinds) {
    const auto ns = resource.namespaced ? asked_.ns : std::string();
    const std::string cost(inspect::cost_of_missing(resource.kind));
    const std::string no_selector;
    auto taken = co_await take(resource, ns, no_selector, cost);
    if (!taken) co_return fail(std::move(taken.error()));
  }
  snapshot_.complete();
  auto facts = co_await take_driver_facts();
  if (!facts) co_return facts;
  co_return co_await take_events();
}

/// What is known of drivers beyond the built-in table. Most users may not read the operator's
/// ConfigMaps: that is told only where an answer rests on it.
Task<Result<void>> LiveCluster::take_driver_facts() {
  const std::string anywhere;
  const std::string silent;
  for (const auto& resource : {kube::storage_classes, kube::csi_drivers}) {
    auto taken = co_await take(resource, anywhere, anywhere, silent);
    if (!taken) co_return fail(std::move(taken.error()));
  }
  const auto name = fmt::format("metadata.name={}", diagnosis::kDriverRulesMap);
  auto rules = co_await take(kube::config_maps, rules_ns_, name, silent);
  if (!rules) co_return fail(std::move(rules.error()));
  if (!*rules) {
    without_rules_ = fmt::format(
        "You may not list configmaps in namespace {}: what an administrator says there of drivers "
        "does not count here.",
        rules_ns_);
  }
  auto bundles = co_await read_bundles(session_, rules_ns_);
  if (!bundles) co_return fail(std::move(bundles.error()));
  for (const auto& bundle : *bundles) {
    snapshot_.take_bundle(bundle.driver, bundle.access_granularity);
  }
  co_return Result<void>{};
}

Task<Result<void>> LiveCluster::take_events() {
  std::vector<std::string> selectors;
  if (asked_.name.empty()) {
    for (const char* reason : {"FailedMount", "FailedAttachVolume", "FailedMapVolume"}) {
      selectors.push_back(fmt::format("involvedObject.kind=Pod,reason={}", reason));
    }
  } else {
    selectors.push_back(fmt::format("involvedObject.kind=Pod,involvedObject.name={}", asked_.name));
  }
  for (const auto& selector : selectors) {
    const bool first = &selector == &selectors.front();
    const std::string cost(first ? inspect::cost_of_missing("Event") : "");
    auto taken = co_await take(kube::core_events, asked_.ns, selector, cost);
    if (!taken) co_return fail(std::move(taken.error()));
  }
  co_return Result<void>{};
}

Task<Result<void>> LiveCluster::take_other_pods() {
  const std::string cost =
      "a holder in another namespace is not known, and a mount of one may look orphaned";
  const std::string all;
  auto taken = co_await take(kube::pods, all, all, cost);
  if (!taken) co_return fail(std::move(taken.error()));
  all_pods_ = *taken;
  co_return Result<void>{};
}

}  // namespace bso::cli
