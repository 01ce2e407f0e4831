// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/children.h"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/names.h"

namespace bso::controllers {
namespace {

constexpr std::array<kube::Resource, 11> kKinds{
    kube::csi_drivers,           kube::config_maps,   kube::service_accounts,
    kube::cluster_roles,         kube::roles,         kube::stateful_sets,
    kube::cluster_role_bindings, kube::role_bindings, kube::storage_classes,
    kube::deployments,           kube::daemon_sets};

/// Kinds of which all objects are watched, whoever made them: the default class may be anybody's,
/// and so may a CSI driver. What is not in their stores does not exist.
bool is_watched_whole(std::string_view kind) {
  return kind == kube::storage_classes.kind || kind == kube::csi_drivers.kind;
}

/// How long a watch may lag behind our own write. An object made by us and deleted by others in a
/// gap of the watch is noticed after this time at the latest.
constexpr std::chrono::seconds kWatchLag{30};

/// resourceVersions of one kind on one server are etcd revisions and can be compared (KEP-5504
/// makes that part of the API). 0 when it is no number: then anything counts as newer.
std::uint64_t revision(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_owned(const nlohmann::json& object, const std::string& plugin) {
  const auto label = [&](std::string_view key) {
    return codec::string_at(object, {"metadata", "labels", key});
  };
  return label(install::kManagedByLabel) == install::kOperatorName &&
         label(install::kPluginLabel) == plugin;
}

install::ObjectRef ref_of(const kube::Resource& kind, std::string ns, std::string name) {
  return {.group = std::string(kind.group),
          .version = std::string(kind.version),
          .kind = std::string(kind.kind),
          .plural = std::string(kind.plural),
          .ns = std::move(ns),
          .name = std::move(name)};
}

}  // namespace

std::optional<kube::Resource> resource_of(const install::ObjectRef& ref) {
  for (const auto& kind : kKinds) {
    if (kind.kind == ref.kind && kind.group == ref.group) return kind;
  }
  return std::nullopt;
}

Children::Children(const Wire& wire, Reflectors& reflectors, OnChange on_change)
    : client_(wire.client) {
  for (auto kind : kKinds) {
    auto store = std::make_unique<kube::DocumentStore>(
        [this, kind_name = std::string(kind.kind), on_change](const kube::Document& child) {
          const bool left = stores_.at(kind_name)->find(child.ns, child.name) == nullptr;
          const Address address{kind_name, {child.ns, child.name}};
          const auto deleted = gone_.find(address);
          if (deleted != gone_.end() && (left || deleted->second != child.uid)) {
            gone_.erase(deleted);
          }
          const auto written = written_.find(address);
          // Of an object that was made anew the watch tells first that the old one went.
          if (left && written != written_.end() &&
              codec::string_at(*written->second.answer, {"metadata", "uid"}) == child.uid) {
            written_.erase(written);
          }
          on_change(child);
        });
    kube::Reflector::Options options;
    options.resource = kind;
    options.resource.protobuf = false;  // whole documents are compared with what should stand there
    options.name = fmt::format("installed-{}", kind.plural);
    options.floor = [] { return std::string(); };  // few objects: a quorum read costs little
    if (!is_watched_whole(kind.kind)) {
      options.label_selector =
          fmt::format("{}={}", install::kManagedByLabel, install::kOperatorName);
    }
    reflectors.add(std::move(options), store->sink());
    stores_.emplace(std::string(kind.kind), std::move(store));
  }
}

Children::Address Children::address_of(const install::ObjectRef& ref) {
  return {ref.kind, {ref.ns, ref.name}};
}

codec::JsonPtr Children::remembered(const Address& address) {
  const auto& [kind, place] = address;
  const auto* seen = stores_.at(kind)->find(place.first, place.second);
  const auto written = written_.find(address);
  if (written != written_.end()) {
    const auto& [answer, when] = written->second;
    const auto ours = codec::string_at(*answer, {"metadata", "resourceVersion"});
    const bool fresh = std::chrono::steady_clock::now() - when < kWatchLag;
    const bool newer = seen == nullptr || revision(seen->resource_version) < revision(ours);
    if (fresh && newer) return answer;
    written_.erase(written);
  }
  if (seen == nullptr) return {};
  const auto deleted = gone_.find(address);
  return deleted != gone_.end() && deleted->second == seen->uid ? codec::JsonPtr{} : seen->body;
}

Task<Result<codec::JsonPtr>> Children::look(install::ObjectRef ref,
                                            std::chrono::seconds answer_holds) {
  const auto resource = resource_of(ref);
  if (!resource) {
    co_return fail(
        invalid_input(fmt::format("{} is of a kind that is not handled", ref.display())));
  }
  if (auto known = remembered(address_of(ref))) {
    asked_.erase(address_of(ref));
    co_return known;
  }
  if (is_watched_whole(resource->kind)) co_return codec::JsonPtr{};

  const auto now = std::chrono::steady_clock::now();
  const auto asked = asked_.find(address_of(ref));
  if (asked != asked_.end() && now - asked->second.when < answer_holds) {
    co_return asked->second.answer;
  }
  auto live = co_await client_.get(*resource, ref.ns, ref.name);
  if (!live && live.error().not_found()) live = codec::JsonPtr{};
  if (live) asked_[address_of(ref)] = {*live, now};
  co_return live;
}

bool Children::has_csi_driver(const std::string& name) const {
  return stores_.at(std::string(kube::csi_drivers.kind))->find("", name) != nullptr;
}

std::vector<codec::JsonPtr> Children::storage_classes() {
  std::set<Address> addresses;
  const std::string kind(kube::storage_classes.kind);
  for (const auto& [key, document] : stores_.at(kind)->all()) addresses.insert({kind, key});
  for (const auto& [address, written] : written_) {
    if (address.first == kind) addresses.insert(address);
  }
  std::vector<codec::JsonPtr> classes;
  for (const auto& address : addresses) {
    if (auto known = remembered(address)) classes.push_back(std::move(known));
  }
  return classes;
}

std::vector<install::ObjectRef> Children::owned_by(const std::string& plugin) const {
  std::vector<install::ObjectRef> owned;
  for (const auto& kind : kKinds) {
    for (const auto& [key, document] : stores_.at(std::string(kind.kind))->all()) {
      if (!is_owned(*document.body, plugin)) continue;
      owned.push_back(ref_of(kind, document.ns, document.name));
    }
  }
  return owned;
}

Task<Result<std::vector<install::ObjectRef>>> list_owned_by(kube::Client& client,
                                                            std::string plugin) {
  std::vector<install::ObjectRef> owned;
  const auto selector = fmt::format("{}={},{}={}", install::kManagedByLabel, install::kOperatorName,
                                    install::kPluginLabel, plugin);
  for (const auto& kind : kKinds) {
    auto list = co_await client.list(kind, "", kube::Query().add("labelSelector", selector));
    if (!list) {
      co_return fail(std::move(list.error()).with_context(fmt::format("listing {}", kind.plural)));
    }
    const auto* items = codec::find(**list, {"items"});
    if (items == nullptr || !items->is_array()) continue;
    for (const auto& item : *items) {
      owned.push_back(ref_of(kind, codec::string_at(item, {"metadata", "namespace"}),
                             codec::string_at(item, {"metadata", "name"})));
    }
  }
  co_return owned;
}

void Children::wrote(const install::ObjectRef& ref, codec::JsonPtr answer) {
  asked_.erase(address_of(ref));
  written_[address_of(ref)] = {std::move(answer), std::chrono::steady_clock::now()};
}

void Children::removed(const install::ObjectRef& ref) {
  asked_.erase(address_of(ref));
  written_.erase(address_of(ref));
}

void Children::gone(const install::ObjectRef& ref, std::string uid) {
  removed(ref);
  gone_[address_of(ref)] = std::move(uid);
}

}  // namespace bso::controllers
