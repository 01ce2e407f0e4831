// SPDX-License-Identifier: Apache-2.0
#include "unit/install/support.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

namespace bso::install::test {

using nlohmann::json;

const std::vector<Bundle>& shipped() {
  static const std::vector<Bundle> kBundles = [] {
    auto bundles = load_bundles(embedded_bundles());
    INFO((bundles ? "" : bundles.error().message));
    REQUIRE(bundles.has_value());
    std::stable_partition(bundles->begin(), bundles->end(),
                          [](const Bundle& bundle) { return bundle.name == "ibmc-block"; });
    return std::move(*bundles);
  }();
  return kBundles;
}

std::string read_file(const std::string& path) {
  std::ifstream file(std::string(BSO_SOURCE_DIR) + "/" + path);
  INFO(path);
  REQUIRE(file.is_open());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

json plugin(const json& spec) {
  json document = {{"apiVersion", "blockstorage.dev/v1alpha1"},
                   {"kind", "BlockStoragePlugin"},
                   {"metadata", {{"name", "ibmc-block"}, {"uid", "cr-uid"}, {"generation", 3}}},
                   {"spec", {{"driver", {{"name", "ibmc-block"}}}}}};
  document["spec"].update(spec, true);
  return document;
}

PluginSpec valid_spec(const json& spec) {
  const ParsedSpec parsed = parse_spec(plugin(spec), shipped());
  INFO((parsed.faults.empty() ? "" : parsed.faults.front().sentence()));
  REQUIRE(parsed.spec.has_value());
  return *parsed.spec;
}

std::vector<DesiredObject> rendered(const json& spec) {
  return render(shipped().front(), valid_spec(spec), {});
}

const DesiredObject& object_named(const std::vector<DesiredObject>& objects, std::string_view kind,
                                  std::string_view name) {
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const DesiredObject& object) {
    return object.ref.kind == kind && object.ref.name == name;
  });
  INFO(kind << " " << name);
  REQUIRE(found != objects.end());
  return *found;
}

json live(const DesiredObject& desired) {
  json document = *desired.document;
  document["metadata"]["uid"] = "uid-of-" + desired.ref.name;
  document["metadata"]["resourceVersion"] = "7";
  document["metadata"]["annotations"]["somebody.example/note"] = "kept";
  if (desired.ref.kind == "Deployment") {
    document["metadata"]["generation"] = 1;
    document["spec"]["progressDeadlineSeconds"] = 600;
    document["status"] = {{"observedGeneration", 1},
                          {"replicas", 1},
                          {"updatedReplicas", 1},
                          {"readyReplicas", 1},
                          {"availableReplicas", 1}};
  } else if (desired.ref.kind == "DaemonSet") {
    document["metadata"]["generation"] = 1;
    document["spec"]["revisionHistoryLimit"] = 10;
    document["status"] = {{"observedGeneration", 1},
                          {"desiredNumberScheduled", 3},
                          {"currentNumberScheduled", 3},
                          {"updatedNumberScheduled", 3},
                          {"numberReady", 3},
                          {"numberAvailable", 3}};
  }
  return document;
}

std::vector<ObservedObject> all_running(const std::vector<DesiredObject>& desired) {
  std::vector<ObservedObject> observed;
  for (const DesiredObject& object : desired) {
    const json document = live(object);
    observed.push_back(observe(object.ref, &document, &object, "ibmc-block"));
  }
  return observed;
}

ObservedObject& observed_named(std::vector<ObservedObject>& observed, std::string_view kind,
                               std::string_view name) {
  const auto found =
      std::find_if(observed.begin(), observed.end(), [&](const ObservedObject& object) {
        return object.ref.kind == kind && object.ref.name == name;
      });
  INFO(kind << " " << name);
  REQUIRE(found != observed.end());
  return *found;
}

}  // namespace bso::install::test
