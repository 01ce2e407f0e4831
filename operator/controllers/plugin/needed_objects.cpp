// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/needed_objects.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bso::controllers {
namespace {

/// A person who is told of a missing right is about to grant it.
constexpr std::chrono::seconds kLongestBackoff{15};

}  // namespace

struct NeededObjects::Watched {
  explicit Watched(const Executor& executor) : answered(executor) {}

  std::set<std::string> plugins;  ///< that need it
  std::unique_ptr<kube::DocumentStore> store;
  std::unique_ptr<kube::Reflector> reflector;
  Stop stop;
  Latch answered;
  std::string trouble;  ///< that was told of
};

NeededObjects::NeededObjects(const Wire& wire, OnChange on_change)
    : wire_(wire), on_change_(std::move(on_change)) {}

std::shared_ptr<NeededObjects::Watched> NeededObjects::begin(const Key& key,
                                                             const kube::Resource& resource) {
  const auto& [kind, ns, name] = key;
  auto watched = std::make_shared<Watched>(wire_.executor);
  auto* raw = watched.get();  // what it owns may point at it
  const auto tell = [this, raw] {
    raw->answered.open();
    for (const auto& plugin : raw->plugins) on_change_(plugin);
  };
  watched->store = std::make_unique<kube::DocumentStore>([tell](const kube::Document&) { tell(); });
  kube::Reflector::Options options;
  options.resource = resource;
  options.metadata_only = true;
  options.ns = ns;
  options.field_selector = fmt::format("metadata.name={}", name);
  options.name = fmt::format("needed-{}", resource.plural);
  options.backoff.cap = kLongestBackoff;
  options.floor = [] { return std::string(); };
  watched->reflector = std::make_unique<kube::Reflector>(
      wire_.transport, std::move(options), watched->store->sink(), wire_.observer,
      [raw, tell](const kube::Reflector&, const Error& error) {
        const bool news = raw->trouble != error.message;
        raw->trouble = error.message;
        if (news) tell();
      });
  watched->reflector->on_synced(tell);
  return watched;
}

Task<void> NeededObjects::follow(std::shared_ptr<Watched> watched) {
  co_await watched->reflector->run(watched->stop);
  watched->answered.open();
}

Task<install::NeededObject> NeededObjects::look(std::string plugin, kube::Resource resource,
                                                std::string ns, std::string name) {
  using Presence = install::NeededObject::Presence;
  install::NeededObject found;
  if (running_ == nullptr) co_return found;
  const Key key{std::string(resource.kind), ns, name};
  looked_at_[plugin].insert(key);
  auto& place = watched_[key];
  if (place == nullptr) {
    place = begin(key, resource);
    running_->spawn(follow(place));
  }
  const auto watched = place;
  watched->plugins.insert(plugin);
  co_await watched->answered.wait();

  const auto& trouble = watched->reflector->trouble();
  if (trouble && trouble->kind == ErrorKind::status && trouble->forbidden()) {
    found.presence = Presence::unreadable;
    found.error = *trouble;
  } else if (watched->reflector->synced()) {
    const auto* seen = watched->store->find(ns, name);
    found.presence = Presence::absent;
    if (seen != nullptr) {
      const bool ends = codec::find(*seen->body, {"metadata", "deletionTimestamp"}) != nullptr;
      found.presence = ends ? Presence::terminating : Presence::present;
      found.uid = seen->uid;
      found.resource_version = seen->resource_version;
    }
  }
  co_return found;
}

void NeededObjects::forget_others(const std::string& plugin) {
  const auto looked_at = std::exchange(looked_at_[plugin], {});
  if (looked_at.empty()) looked_at_.erase(plugin);
  for (auto entry = watched_.begin(); entry != watched_.end();) {
    auto& watched = *entry->second;
    if (!looked_at.contains(entry->first)) watched.plugins.erase(plugin);
    if (watched.plugins.empty()) {
      watched.stop.request();
      entry = watched_.erase(entry);
    } else {
      ++entry;
    }
  }
}

Task<void> NeededObjects::run(Stop& stop) {
  std::exception_ptr first;
  TaskGroup group(wire_.executor, [&](const std::exception&) {
    if (!first) first = std::current_exception();
  });
  Latch stopped(wire_.executor);
  const Stop::Registration registration(stop, [&stopped] { stopped.open(); });
  running_ = &group;
  co_await stopped.wait();
  running_ = nullptr;
  for (const auto& [key, watched] : watched_) watched->stop.request();
  watched_.clear();
  co_await group.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace bso::controllers
