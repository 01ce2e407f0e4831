// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/bundle_catalog.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace bso::controllers {
namespace {

kube::Reflector::Options watch_bundles(std::string ns) {
  kube::Reflector::Options options;
  options.resource = kube::config_maps;
  options.resource.protobuf = false;  // few, and read whole
  options.name = "bundles";
  options.ns = std::move(ns);
  options.label_selector = install::kBundleLabel;
  // What is installed hangs on it.
  options.floor = [] { return std::string(); };
  return options;
}

std::string source_of(const install::BundleMap& map) {
  return fmt::format("ConfigMap {}/{}", map.ns, map.name);
}

}  // namespace

BundleCatalog::BundleCatalog(Reflectors& reflectors, runtime::EventRecorder& recorder,
                             std::string ns, std::vector<install::Bundle> shipped,
                             OnChange on_change)
    : recorder_(recorder),
      shipped_(std::move(shipped)),
      on_change_(std::move(on_change)),
      maps_([this](const kube::Document& map) { take(map); }) {
  current_ = std::make_shared<const install::Catalog>(install::make_catalog(shipped_, {}));
  reflectors.add(watch_bundles(std::move(ns)), maps_.sink());
}

bool BundleCatalog::is_shipped(const std::string& bundle) const {
  return install::find_bundle(shipped_, bundle) != nullptr;
}

void BundleCatalog::speak() {
  speaks_ = true;
  for (const auto& [name, map] : read_) say(map);
}

void BundleCatalog::take(const kube::Document& map) {
  read_.erase(map.name);
  if (const auto* present = maps_.find(map.ns, map.name); present != nullptr) {
    read_.emplace(map.name, install::read_bundle_map(*present->body));
  } else {
    said_.erase(map.name);
    recorder_.release("bundle/" + map.name);
  }
  rebuild();
  on_change_();
}

void BundleCatalog::rebuild() {
  std::vector<const install::BundleMap*> maps;
  for (const auto& [name, map] : read_) maps.push_back(&map);
  current_ = std::make_shared<const install::Catalog>(install::make_catalog(shipped_, maps));
  for (const auto* map : maps) say(*map);
}

/// In the log what is new, in an Event on the ConfigMap what is wrong for as long as it is.
void BundleCatalog::say(const install::BundleMap& map) {
  const auto source = source_of(map);
  const auto* fault = [&]() -> const install::BundleFault* {
    for (const auto& each : current_->faults) {
      const bool concerns =
          each.bundle == map.bundle && each.source.find(source) != std::string::npos;
      if (concerns) return &each;
    }
    return nullptr;
  }();
  const auto message =
      fault == nullptr ? std::string() : fmt::format("{}. {}.", fault->message, fault->remedy);
  const auto before = said_.find(map.name);
  if (before == said_.end() || before->second != message) {
    said_[map.name] = message;
    log::write(fault == nullptr ? log::Level::info : log::Level::warn,
               fault == nullptr ? "took a bundle" : "refused a bundle",
               {{"bundle", map.bundle}, {"from", source}, {"because", message}});
  }
  if (!speaks_) return;
  const auto key = "bundle/" + map.name;
  if (fault == nullptr) {
    recorder_.release(key);
    return;
  }
  runtime::EventNote note;
  const auto* document = maps_.find(map.ns, map.name);
  note.regarding = {kube::config_maps.api_version(), std::string(kube::config_maps.kind), map.ns,
                    map.name, document == nullptr ? std::string() : document->uid};
  note.type = "Warning";
  note.reason = "BundleInvalid";
  note.action = "ReadBundle";
  note.note = message;
  recorder_.hold(key, std::move(note));
}

}  // namespace bso::controllers
