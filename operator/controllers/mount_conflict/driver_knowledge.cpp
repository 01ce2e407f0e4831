// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/driver_knowledge.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "diagnosis/driver_facts.h"

namespace bso::controllers {
namespace {

constexpr const char* kFaultKey = "driver-rules";

kube::Reflector::Options whole_watch(kube::Resource resource, std::string name) {
  kube::Reflector::Options options;
  options.resource = resource;
  options.resource.protobuf = false;  // few, and read whole
  options.name = std::move(name);
  return options;
}

kube::Reflector::Options watch_rules(std::string ns) {
  auto options = whole_watch(kube::config_maps, "driver-rules");
  options.ns = std::move(ns);
  options.field_selector = fmt::format("metadata.name={}", diagnosis::kDriverRulesMap);
  return options;
}

}  // namespace

DriverKnowledge::DriverKnowledge(const Wire& wire, runtime::EventRecorder& recorder, std::string ns,
                                 OnChange on_change)
    : recorder_(recorder),
      ns_(std::move(ns)),
      on_change_(std::move(on_change)),
      reflectors_(wire),
      maps_([this](const kube::Document& map) { take_rules(map); }),
      classes_([this](const kube::Document&) { rebuild(); }),
      drivers_([this](const kube::Document&) { rebuild(); }) {
  reflectors_.add(watch_rules(ns_), maps_.sink());
  reflectors_.add(whole_watch(kube::storage_classes, "classes-of-volumes"), classes_.sink());
  reflectors_.add(whole_watch(kube::csi_drivers, "drivers-of-volumes"), drivers_.sink());
}

void DriverKnowledge::take_bundles(const install::Catalog& catalog) {
  bundles_.clear();
  for (const auto& bundle : catalog.bundles) {
    bundles_.emplace(bundle.driver, bundle.access_granularity);
  }
  rebuild();
}

void DriverKnowledge::learn(const diagnosis::Verdict& verdict, WallTime now) {
  const bool learned = learned_.learn(verdict, now);
  const bool forgot = learned_.forget(now);
  if (learned) {
    log::info("a driver refuses a second pod on one node",
              {{"driver", verdict.driver}, {"namespace", verdict.ns}});
  }
  if (learned || forgot) rebuild();
}

void DriverKnowledge::speak() {
  speaks_ = true;
  say_fault();
}

void DriverKnowledge::take_rules(const kube::Document& map) {
  const auto* present = maps_.find(map.ns, map.name);
  fault_.clear();
  if (present == nullptr) {
    rules_ = {};
    log::info("the rules for drivers are gone", {{"configMap", ns_ + "/" + map.name}});
  } else if (auto read = diagnosis::driver_rules_in(*present->body)) {
    rules_ = std::move(*read);
    log::info("took rules for drivers", {{"configMap", ns_ + "/" + map.name},
                                         {"drivers", fmt::to_string(rules_.drivers.size())},
                                         {"classes", fmt::to_string(rules_.classes.size())}});
  } else {
    fault_ = fmt::format("{}. The rules read before stay in force; mend the ConfigMap.",
                         read.error().message);
    log::warn("refused rules for drivers",
              {{"configMap", ns_ + "/" + map.name}, {"because", fault_}});
  }
  say_fault();
  rebuild();
}

void DriverKnowledge::say_fault() {
  if (!speaks_) return;
  const auto* map = maps_.find(ns_, std::string(diagnosis::kDriverRulesMap));
  if (fault_.empty() || map == nullptr) {
    recorder_.release(kFaultKey);
    return;
  }
  runtime::EventNote note;
  note.regarding = {kube::config_maps.api_version(), std::string(kube::config_maps.kind), map->ns,
                    map->name, map->uid};
  note.type = "Warning";
  note.reason = "DriverRulesInvalid";
  note.action = "ReadRules";
  note.note = fault_;
  recorder_.hold(kFaultKey, std::move(note));
}

void DriverKnowledge::rebuild() {
  diagnosis::DriverFacts facts;
  facts.take_rules(rules_);
  for (const auto& [driver, granularity] : bundles_) facts.take_bundle(driver, granularity);
  facts.take_refusals(learned_.pairs());
  for (const auto& [key, found] : classes_.all()) facts.take_class(*found.body);
  for (const auto& [key, driver] : drivers_.all()) facts.take_driver(*driver.body);
  if (facts.overrides() == overrides_) return;
  overrides_ = facts.overrides();
  on_change_();
}

}  // namespace bso::controllers
