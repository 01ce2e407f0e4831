// SPDX-License-Identifier: Apache-2.0
#include "install/recreate.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

constexpr const char* kDefaultMark = "storageclass.kubernetes.io/is-default-class";

// A class with everything that people and tools leave on one.
json worn(const DesiredObject& desired) {
  json document = live(desired);
  document["metadata"]["annotations"][kDefaultMark] = "true";
  document["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  document["metadata"]["annotations"]["old/ours"] = "1";
  document["metadata"]["labels"]["team"] = "storage";
  document["metadata"]["managedFields"] = json::parse(R"([
    {"manager": "block-storage-operator", "operation": "Apply",
     "fieldsV1": {"f:metadata": {"f:annotations": {"f:old/ours": {}, ".": {}}}}},
    {"manager": "kubectl", "operation": "Update",
     "fieldsV1": {"f:metadata": {"f:labels": {"f:team": {}}}}}])");
  return document;
}

}  // namespace

TEST_CASE("what nobody may change is found by comparing", "[row-8][row-I]") {
  const json binding = json::parse(R"({"roleRef": {"kind": "ClusterRole", "name": "a"}})");
  const json other = json::parse(R"({"roleRef": {"kind": "ClusterRole", "name": "b"}})");
  const std::vector<std::string> role_ref{"roleRef"};
  CHECK(immutable_differences("ClusterRoleBinding", binding, binding).empty());
  CHECK(immutable_differences("ClusterRoleBinding", binding, other) == role_ref);
  CHECK(immutable_differences("RoleBinding", binding, other) == role_ref);
  CHECK(immutable_differences("ClusterRole", binding, other).empty());

  const json workload = json::parse(R"({"spec": {"selector": {"matchLabels": {"a": "1"}}}})");
  json wider = workload;
  wider["spec"]["selector"]["matchLabels"]["b"] = "2";
  const std::vector<std::string> selector{"spec.selector"};
  for (const char* kind : {"Deployment", "DaemonSet"}) {
    CHECK(immutable_differences(kind, workload, workload).empty());
    CHECK(immutable_differences(kind, workload, wider) == selector);
    CHECK(immutable_differences(kind, wider, workload) == selector);
  }

  const json driver = json::parse(R"({"spec": {"attachRequired": true}})");
  json defaulted = driver;
  defaulted["spec"]["podInfoOnMount"] = false;
  defaulted["metadata"]["labels"] = {{"x", "y"}};
  CHECK(immutable_differences("CSIDriver", driver, defaulted).empty());
  defaulted["spec"]["attachRequired"] = false;
  CHECK(immutable_differences("CSIDriver", driver, defaulted) ==
        std::vector<std::string>{"spec.attachRequired"});
}

TEST_CASE("what others wrote on a class is carried over, what was ours is not", "[row-8][row-9]") {
  const auto desired = rendered();
  const DesiredObject& gold = object_named(desired, "StorageClass", "ibmc-block-gold");
  const json found = worn(gold);
  const CarriedOver carried = carried_over(gold.ref, *gold.document, found);
  CHECK(carried.uid == "uid-of-ibmc-block-gold");
  CHECK(carried.labels == std::map<std::string, std::string>{{"team", "storage"}});
  CHECK(carried.annotations ==
        std::map<std::string, std::string>{{kDefaultMark, "true"}, {"somebody.example/note", "kept"}});
  CHECK(without_default_mark(carried).annotations.size() == 1);

  const json document = *with_carried(*gold.document, carried);
  CHECK(document["metadata"]["annotations"][kDefaultMark] == "true");
  CHECK(document["metadata"]["labels"]["team"] == "storage");
  CHECK(document["parameters"] == (*gold.document)["parameters"]);
  CHECK(document["metadata"]["annotations"]["blockstorage.dev/applied-hash"] == gold.hash);
  const json rest = *only_carried(carried);
  CHECK(rest["apiVersion"] == "storage.k8s.io/v1");
  CHECK(rest["metadata"]["annotations"].size() == 2);
  CHECK_FALSE(rest.contains("parameters"));

  // Only what is still there the same is handed on.
  json later = document;
  later["metadata"]["annotations"].erase(kDefaultMark);
  later["metadata"]["labels"]["team"] = "other";
  const CarriedOver held = still_held(carried, later);
  CHECK(held.labels.empty());
  CHECK(held.annotations.size() == 1);
}

TEST_CASE("what is to be carried over stands in the status until it is done", "[row-8]") {
  const auto desired = rendered();
  const DesiredObject& gold = object_named(desired, "StorageClass", "ibmc-block-gold");
  Scene scene;
  scene.document["status"]["recreating"] =
      recreating_json(std::vector{carried_over(gold.ref, *gold.document, worn(gold))});
  auto read = read_recreating(scene.document);
  REQUIRE(read.size() == 1);
  CHECK(read.front().ref.same_object(gold.ref));
  CHECK(read.front().ref.plural == "storageclasses");
  CHECK(read.front().annotations.at(kDefaultMark) == "true");
  CHECK(find_carried(read, gold.ref) == read.data());
  CHECK(find_carried(read, desired.front().ref) == nullptr);
  for (const char* nonsense : {"[1]", "[{}]", "{}", R"([{"kind": "Gadget"}])", "null"}) {
    scene.document["status"]["recreating"] = json::parse(nonsense);
    CHECK(read_recreating(scene.document).empty());
  }
}

TEST_CASE("how an old object goes", "[row-8][row-I]") {
  const auto desired = rendered();
  const DesiredObject& node = object_named(desired, "DaemonSet", kNode);
  const DesiredObject& controller = object_named(desired, "Deployment", kController);
  const DesiredObject& gold = object_named(desired, "StorageClass", "ibmc-block-gold");
  CHECK(propagation_of(*gold.document, live(gold)) == Propagation::background);
  // Two provisioners are not to work side by side.
  CHECK(propagation_of(*controller.document, live(controller)) == Propagation::foreground);
  // The new one takes over the pods of the old one when it selects them.
  CHECK(propagation_of(*node.document, live(node)) == Propagation::orphan);
  json old = live(node);
  old["spec"]["template"]["metadata"]["labels"] = {{"app", "something-else"}};
  CHECK(propagation_of(*node.document, old) == Propagation::background);
  CHECK(gone_at_once(Propagation::background));
  CHECK_FALSE(gone_at_once(Propagation::foreground));
  CHECK_FALSE(gone_at_once(Propagation::orphan));

  json held = live(gold);
  held["metadata"]["finalizers"] = {"example.com/mine"};
  CHECK(recreate_obstacle("StorageClass", held).find("example.com/mine") != std::string::npos);
  CHECK(recreate_obstacle("DaemonSet", held).empty());
  CHECK(recreate_obstacle("StorageClass", live(gold)).empty());
}
