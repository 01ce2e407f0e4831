// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/children.h"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/names.h"

namespace bso::controllers {
namespace {

constexpr std::array<kube::Resource, 6> kKinds{kube::service_accounts,      kube::cluster_roles,
                                               kube::cluster_role_bindings, kube::storage_classes,
                                               kube::deployments,           kube::daemon_sets};

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
          const bool gone = stores_.at(kind_name)->find(child.ns, child.name) == nullptr;
          if (gone) written_.erase({kind_name, {child.ns, child.name}});
          on_change(child);
        });
    kube::Reflector::Options options;
    options.resource = kind;
    options.resource.protobuf = false;  // whole documents are compared with what should stand there
    options.name = fmt::format("installed-{}", kind.plural);
    options.floor = [] { return std::string(); };  // few objects: a quorum read costs little
    if (kind.kind != kube::storage_classes.kind) {
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

Task<Result<codec::JsonPtr>> Children::look(install::ObjectRef ref) {
  const auto resource = resource_of(ref);
  if (!resource) {
    co_return fail(
        invalid_input(fmt::format("{} is of a kind that is not handled", ref.display())));
  }
  const auto* seen = stores_.at(ref.kind)->find(ref.ns, ref.name);
  const auto written = written_.find(address_of(ref));
  if (written != written_.end()) {
    const auto& [answer, when] = written->second;
    const auto ours = codec::string_at(*answer, {"metadata", "resourceVersion"});
    const bool fresh = std::chrono::steady_clock::now() - when < kWatchLag;
    const bool newer = seen == nullptr || revision(seen->resource_version) < revision(ours);
    if (fresh && newer) co_return answer;
    written_.erase(written);
  }
  if (seen != nullptr) co_return seen->body;
  // All StorageClasses are watched: what is not in the store does not exist.
  if (resource->kind == kube::storage_classes.kind) co_return codec::JsonPtr{};

  auto live = co_await client_.get(*resource, ref.ns, ref.name);
  if (!live && live.error().not_found()) co_return codec::JsonPtr{};
  co_return live;
}

void Children::wrote(const install::ObjectRef& ref, codec::JsonPtr answer) {
  written_[address_of(ref)] = {std::move(answer), std::chrono::steady_clock::now()};
}

void Children::removed(const install::ObjectRef& ref) { written_.erase(address_of(ref)); }

}  // namespace bso::controllers
