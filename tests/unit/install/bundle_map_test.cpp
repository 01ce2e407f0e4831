// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_map.h"

#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/driver_lock.h"
#include "install/uninstall.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// The ConfigMap that docs/own-bundle.md makes.
json example_map(const std::string& name = "nfs-csi") {
  json map = {{"metadata",
               {{"name", name},
                {"namespace", "operator"},
                {"labels", {{std::string(kBundleLabel), "nfs-csi"}}}}},
              {"data", json::object()}};
  for (const char* file :
       {"bundle.yaml", "rbac.yaml", "csidriver.yaml", "controller.yaml", "node.yaml"}) {
    map["data"][file] = read_file(std::string("examples/own-bundle/nfs-csi/") + file);
  }
  return map;
}

std::string refusal(const json& map) {
  const auto read = read_bundle_map(map);
  return read.loaded ? "" : read.loaded.error().message;
}

std::string refusal_with(const std::string& file, const std::string& text) {
  auto map = example_map();
  map["data"][file] = text;
  return refusal(map);
}

std::string refusal_of_rbac(const std::string& from, const std::string& to) {
  auto text = example_map()["data"]["rbac.yaml"].get<std::string>();
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return refusal_with("rbac.yaml", text.replace(at, from.size(), to));
}

Catalog catalog_of(const std::vector<json>& maps) {
  std::vector<BundleMap> read;
  for (const json& map : maps) read.push_back(read_bundle_map(map));
  std::vector<const BundleMap*> pointers;
  for (const BundleMap& map : read) pointers.push_back(&map);
  return make_catalog(shipped(), pointers);
}

json plugin_of_example() {
  return {{"metadata", {{"name", "nfs-csi"}, {"uid", "u"}, {"generation", 1}}},
          {"spec", {{"driver", {{"name", "nfs-csi"}}}}}};
}

json installed_example() {
  auto object = plugin_of_example();
  object["status"] = {{"lockedDriverName", "nfs-csi"},
                      {"lockedInstall", "Managed"},
                      {"lockedNamespace", "kube-system"},
                      {"lockedDriverKind", "CSI"},
                      {"lockedVolumeDriver", "nfs.csi.k8s.io"},
                      {"lockedProvisioner", "nfs.csi.k8s.io"},
                      {"inventory",
                       {{{"group", "apps"},
                         {"version", "v1"},
                         {"kind", "DaemonSet"},
                         {"namespace", "kube-system"},
                         {"name", "csi-nfs-node"}}}}};
  return object;
}

}  // namespace

TEST_CASE("the example of a user's own bundle can be installed") {
  const auto catalog = catalog_of({example_map()});
  CHECK(catalog.faults.empty());
  REQUIRE(find_bundle(catalog.bundles, "nfs-csi") != nullptr);
  const auto parsed = parse_spec(plugin_of_example(), catalog.bundles, catalog.faults);
  INFO((parsed.faults.empty() ? "" : parsed.faults.front().sentence()));
  REQUIRE(parsed.spec);
  CHECK(parsed.bundle->driver == "nfs.csi.k8s.io");
}

TEST_CASE("a bad bundle is refused with file and reason") {
  CHECK_THAT(refusal_with("node.yaml", "a: [\nb"), Contains("node.yaml") && Contains("line "));
  CHECK_THAT(refusal_with("x.yaml", "a: &a [*a]"), Contains("x.yaml") && Contains("line 1"));
  CHECK_THAT(refusal_with("x.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}"),
             Contains("x.yaml") && Contains("Secret"));
  CHECK_THAT(refusal_with("x.yaml", "apiVersion: a.example/v1\nkind: Odd\nmetadata: {name: s}"),
             Contains("x.yaml") && Contains("Odd"));
  CHECK_THAT(
      refusal_with("x.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: csi-nfs}"),
      Contains("twice"));
  CHECK_THAT(refusal_with("x.yaml", std::string(2U << 20U, '#')), Contains("bytes"));
  CHECK_THAT(refusal_with("README.md", "text"), Contains("README.md"));
  CHECK_THAT(refusal_with("bundle.yaml", ""), Contains("bundle.yaml"));
  auto binary = example_map();
  binary["binaryData"] = {{"node2.yaml", "/w=="}};
  CHECK_THAT(refusal(binary), Contains("node2.yaml") && Contains("UTF-8"));
  auto renamed = example_map();
  renamed["metadata"]["labels"][std::string(kBundleLabel)] = "other";
  CHECK_THAT(refusal(renamed), Contains("other"));
  renamed["metadata"]["labels"][std::string(kBundleLabel)] = "No_Label";
  CHECK_THAT(refusal(renamed), Contains("No_Label"));
  auto headless = example_map();
  headless["data"].erase("bundle.yaml");
  CHECK_THAT(refusal(headless), Contains("there is no key bundle.yaml"));
  auto many = example_map();
  for (int i = 0; i < 40; ++i) many["data"][std::to_string(i) + ".yaml"] = "";
  CHECK_THAT(refusal(many), Contains("files"));
}

TEST_CASE("a bundle takes no rights that it does not name", "[row-26]") {
  CHECK_THAT(refusal_of_rbac("verbs: [create]", "verbs: [\"*\"]"),
             Contains("rbac.yaml") && Contains("ClusterRole csi-nfs: rules[6].verbs"));
  CHECK_THAT(refusal_of_rbac("resources: [nodes]", "resources: [\"nodes/*\"]"),
             Contains("wildcard"));
  CHECK_THAT(refusal_of_rbac("verbs: [create]", "verbs: [impersonate]"), Contains("impersonate"));
  CHECK_THAT(refusal_of_rbac("rules:", "aggregationRule: {}\nrules:"), Contains("aggregationRule"));
  CHECK_THAT(refusal_of_rbac("kind: ClusterRole\n  name: csi-nfs",
                             "kind: ClusterRole\n  name: cluster-admin"),
             Contains("cluster-admin"));
  CHECK_THAT(refusal_of_rbac("- kind: ServiceAccount\n    name: csi-nfs",
                             "- kind: Group\n    name: system:authenticated"),
             Contains("system:authenticated"));
}

TEST_CASE("names of bundles are unambiguous") {
  const auto two = catalog_of({example_map("a"), example_map("b")});
  CHECK(find_bundle(two.bundles, "nfs-csi") == nullptr);
  REQUIRE(two.faults.size() == 1);
  CHECK_THAT(two.faults[0].message, Contains("operator/a") && Contains("operator/b"));

  auto shipped_name = example_map();
  shipped_name["metadata"]["labels"][std::string(kBundleLabel)] = "ibmc-block";
  const auto replaced = catalog_of({shipped_name});
  CHECK(replaced.bundles.size() == shipped().size());
  REQUIRE(replaced.faults.size() == 1);
  CHECK_THAT(replaced.faults[0].message, Contains("cannot be replaced"));
  CHECK(parse_spec(plugin(), replaced.bundles, replaced.faults).spec);
}

TEST_CASE("a bundle that is broken or gone leaves the driver known") {
  auto broken = example_map();
  broken["data"]["node.yaml"] = "a: [";
  const auto object = installed_example();
  struct Row {
    Catalog catalog;
    std::string reason;
  };
  for (const Row& row :
       {Row{catalog_of({broken}), "BundleInvalid"}, Row{catalog_of({}), "BundleMissing"}}) {
    const auto parsed = parse_spec(object, row.catalog.bundles, row.catalog.faults);
    CHECK_FALSE(parsed.spec);
    REQUIRE(parsed.faults.size() == 1);
    CHECK(parsed.faults[0].reason == row.reason);
    REQUIRE(parsed.bundle != nullptr);
    CHECK(parsed.bundle->driver == "nfs.csi.k8s.io");
    CHECK(parsed.bundle->node == "csi-nfs-node");
    json status = {{"inventory", json::array()}};
    lock_identity(status, object, parsed);
    CHECK(status["lockedVolumeDriver"] == "nfs.csi.k8s.io");
  }
}

TEST_CASE("a bundle cannot become another driver while it is installed") {
  auto other = example_map();
  for (const char* file : {"bundle.yaml", "csidriver.yaml"}) {
    auto text = other["data"][file].get<std::string>();
    const std::string name = "nfs.csi.k8s.io";
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 5)) {
      text.replace(at, 3, "others");
    }
    other["data"][file] = text;
  }
  const auto catalog = catalog_of({other});
  const auto parsed = parse_spec(installed_example(), catalog.bundles, catalog.faults);
  REQUIRE(parsed.faults.size() == 1);
  CHECK(parsed.faults[0].reason == "ImmutableFieldChanged");
  CHECK(parsed.bundle->driver == "nfs.csi.k8s.io");
  INFO((catalog.faults.empty() ? "" : catalog.faults.front().message));
  CHECK(parse_spec(plugin_of_example(), catalog.bundles, catalog.faults).spec);
}
