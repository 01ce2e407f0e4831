// SPDX-License-Identifier: Apache-2.0
// Two versions of a bundle: the second makes the StatefulSet a Deployment and renames the DaemonSet
// and its account.
#include "install/replacement.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/plan.h"
#include "install/uninstall.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

Bundle version(const std::string& controller_kind, const std::string& node) {
  const std::string head = R"(apiVersion: blockstorage.dev/v1alpha1
kind: Bundle
name: b
version: "1"
driver: {name: d.example, kind: CSI, provisioner: p, accessGranularity: single-node}
workloads: {controller: control, node: )" +
                           node + R"(}
images: {x: {repository: r.io/x}, z: {repository: r.io/z}}
)";
  const std::string manifests = R"(apiVersion: v1
kind: ServiceAccount
metadata: {name: )" + node + R"(-account}
---
apiVersion: apps/v1
kind: )" + controller_kind + R"(
metadata: {name: control}
spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: x}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: )" + node + R"(}
spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: z}]}}}
)";
  const std::vector<BundleFile> files{{"b/bundle.yaml", head}, {"b/m.yaml", manifests}};
  auto bundle = load_bundle(files);
  INFO((bundle ? "" : bundle.error().message));
  REQUIRE(bundle.has_value());
  return *bundle;
}

std::vector<DesiredObject> objects_of(const Bundle& bundle) {
  const std::vector<Bundle> bundles{bundle};
  json document = plugin();
  document["spec"]["driver"]["name"] = "b";
  const ParsedSpec parsed = parse_spec(document, bundles);
  REQUIRE(parsed.spec.has_value());
  return render(bundle, *parsed.spec, {});
}

/// The cluster with the old version, into which the new one is brought.
struct Change {
  Bundle bundle = version("Deployment", "new-node");
  std::vector<DesiredObject> old = objects_of(version("StatefulSet", "old-node"));
  std::vector<DesiredObject> desired = objects_of(bundle);
  std::vector<ObservedObject> observed = all_running(old);
  std::vector<InventoryEntry> gone;

  Change() {
    std::vector<InventoryEntry> inventory;
    for (const DesiredObject& object : old) {
      inventory.push_back({.ref = object.ref, .uid = "", .hash = object.hash});
    }
    gone = objects_to_prune(inventory, desired);
  }
  const DesiredObject& wanted(std::string_view kind, std::string_view name) const {
    return object_named(desired, kind, name);
  }
  void apply(std::string_view kind, std::string_view name) {
    const DesiredObject& object = wanted(kind, name);
    const json document = live(object);
    observed.push_back(observe(object.ref, &document, &object, "ibmc-block"));
  }
  std::vector<std::string> going() const {
    std::vector<std::string> names;
    for (const InventoryEntry& entry : may_go_now(gone, observed, bundle)) {
      names.push_back(entry.ref.kind + " " + entry.ref.name);
    }
    return names;
  }
  bool held(std::string_view kind, std::string_view name) const {
    return waits_for_old_controller(wanted(kind, name).ref, gone, observed, bundle);
  }
};

}  // namespace

TEST_CASE("a StatefulSet that becomes a Deployment goes before the new one comes", "[row-I]") {
  Change change;
  CHECK(change.held("Deployment", "control"));
  CHECK_FALSE(change.held("DaemonSet", "new-node"));
  CHECK_FALSE(change.held("ServiceAccount", "new-node-account"));
  CHECK(change.going() == std::vector<std::string>{"StatefulSet control"});
  ObservedObject& old = observed_named(change.observed, "StatefulSet", "control");
  SECTION("while it is terminating it still holds the new one back") {
    old.terminating = true;
    CHECK(change.held("Deployment", "control"));
  }
  SECTION("once it is gone the new one comes") {
    old.exists = false;
    CHECK_FALSE(change.held("Deployment", "control"));
  }
  SECTION("one that belongs to somebody else is not waited for: it never goes") {
    old.owner = Owner::somebody;
    CHECK_FALSE(change.held("Deployment", "control"));
  }
}

TEST_CASE("a renamed DaemonSet stays until the new one runs on every node", "[row-I]") {
  Change change;
  observed_named(change.observed, "StatefulSet", "control").exists = false;
  change.apply("DaemonSet", "new-node");
  const std::vector<std::string> all{"StatefulSet control", "DaemonSet old-node",
                                     "ServiceAccount old-node-account"};
  CHECK(change.going() == all);
  ObservedObject& node = observed_named(change.observed, "DaemonSet", "new-node");
  SECTION("a node without it keeps the old one, and the old one's account") {
    node.available = 2;
    CHECK(change.going() == std::vector<std::string>{"StatefulSet control"});
  }
  SECTION("zeros of a status that nobody has written yet are no reason") {
    node.observed_generation = 0;
    node.desired = node.updated = node.available = 0;
    CHECK(change.going() == std::vector<std::string>{"StatefulSet control"});
  }
  SECTION("a status of the past is none either") {
    node.generation = 2;
    CHECK(change.going() == std::vector<std::string>{"StatefulSet control"});
  }
  SECTION("a cluster whose nodes all want none needs none") {
    node.desired = node.updated = node.available = 0;
    CHECK(change.going() == all);
  }
}

TEST_CASE("workloads of an older version say in the status what they wait for", "[row-I][row-3]") {
  Change change;
  observed_named(change.observed, "StatefulSet", "control").exists = false;
  change.apply("DaemonSet", "new-node");
  const json components = old_components(change.desired, change.observed, change.bundle);
  REQUIRE(components.size() == 1);
  CHECK(components[0]["name"] == "old-node");
  CHECK(components[0]["state"] == "Available");
  CHECK(components[0]["message"] ==
        "Of an older version; it goes once DaemonSet new-node runs on every node.");
  CHECK(old_components({}, change.observed, change.bundle).empty());
}

TEST_CASE("what has no successor goes in the order of deletion", "[row-14]") {
  Change change;
  change.gone.clear();
  CHECK(change.going().empty());
  CHECK_FALSE(change.held("Deployment", "control"));
}
