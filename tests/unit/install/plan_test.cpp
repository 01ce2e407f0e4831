// SPDX-License-Identifier: Apache-2.0
#include "install/plan.h"

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/uninstall.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

// The step for one object whose live form was changed.
Step step_for(std::string_view kind, std::string_view name,
              const std::function<void(json&)>& change) {
  static const std::vector<DesiredObject> kDesired = rendered();
  const DesiredObject& desired = object_named(kDesired, kind, name);
  json document = live(desired);
  change(document);
  const std::vector<ObservedObject> observed{
      observe(desired.ref, &document, &desired, "ibmc-block")};
  return plan(std::span(&desired, 1), observed).front();
}

}  // namespace

TEST_CASE("what is done about a found object") {
  struct Row {
    std::string kind;
    std::function<void(json&)> change;
    Action action;
    std::string reason;
  };
  const auto labels = [](json& live) -> json& { return live["metadata"]["labels"]; };
  for (const Row& row : std::vector<Row>{
           {"DaemonSet", [](json&) {}, Action::keep, ""},
           {"DaemonSet",
            [](json& live) { live["spec"]["template"]["spec"]["containers"][0]["image"] = "x:1"; },
            Action::apply, "containers[ibmcloud-block-storage-driver-container].image differs"},
           {"DaemonSet",
            [](json& live) {
              live["metadata"]["annotations"].erase("blockstorage.dev/applied-hash");
            },
            Action::apply, "other content"},
           {"DaemonSet", [](json& live) { live["metadata"].erase("annotations"); }, Action::apply,
            "other content"},
           {"DaemonSet",
            [&](json& live) {
              labels(live) = {{"app", "x"}};
            },
            Action::leave_foreign, "somebody else made it"},
           {"DaemonSet", [&](json& live) { live["metadata"].erase("labels"); },
            Action::leave_foreign, "somebody else made it"},
           {"DaemonSet", [&](json& live) { labels(live)["app.kubernetes.io/managed-by"] = "Helm"; },
            Action::leave_foreign, "belongs to a release of Helm"},
           {"DaemonSet",
            [&](json& live) {
              labels(live) = {{"heritage", "Tiller"}};
            },
            Action::leave_foreign, "belongs to a release of Tiller"},
           {"DaemonSet",
            [&](json& live) {
              labels(live) = {{"addonmanager.kubernetes.io/mode", "Reconcile"}};
            },
            Action::leave_foreign, "the add-on manager"},
           {"DaemonSet", [&](json& live) { labels(live)["blockstorage.dev/plugin"] = "other"; },
            Action::leave_foreign, "BlockStoragePlugin other"},
           {"DaemonSet",
            [](json& live) { live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"; },
            Action::wait, "being deleted"},
           {"StorageClass", [](json& live) { live["parameters"]["fsType"] = "xfs"; },
            Action::recreate, "parameters.fsType cannot be changed"},
           {"StorageClass",
            [](json& live) {
              live["parameters"]["fsType"] = "xfs";
              live["metadata"]["finalizers"] = {"example.com/mine"};
            },
            Action::leave_immutable, "parameters.fsType cannot be changed"},
           {"DaemonSet",
            [](json& live) { live["spec"]["selector"]["matchLabels"]["one"] = "more"; },
            Action::recreate, "spec.selector cannot be changed"},
           {"StorageClass", [](json& live) { live["allowVolumeExpansion"] = false; }, Action::apply,
            "allowVolumeExpansion differs"},
           {"StorageClass",
            [](json& live) {
              live["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] =
                  "true";
            },
            Action::keep, ""},
       }) {
    const Step step =
        step_for(row.kind, row.kind == "DaemonSet" ? kNode : "ibmc-block-gold", row.change);
    INFO(step.reason << " wanted: " << row.reason);
    CHECK(step.action == row.action);
    CHECK(step.reason.find(row.reason) != std::string::npos);
  }
}

TEST_CASE("nothing to do when everything stands, everything when nothing does") {
  const auto desired = rendered();
  for (const Step& step : plan(desired, all_running(desired))) {
    INFO(step.desired->ref.display() << ": " << step.reason);
    CHECK(step.action == Action::keep);
  }
  for (const Step& step : plan(desired, {})) {
    CHECK(step.action == Action::apply);
  }
  const ObservedObject absent = observe(desired[0].ref, nullptr, desired.data(), "ibmc-block");
  CHECK_FALSE(absent.exists);
  CHECK(plan(std::span(desired.data(), 1), std::span(&absent, 1)).front().action == Action::apply);
}

TEST_CASE("malformed live objects are read without harm") {
  const auto desired = rendered();
  const DesiredObject& node = object_named(desired, "DaemonSet", kNode);
  for (const char* text : {"{}", "[]", "null", R"({"metadata": 1, "spec": [], "status": "x"})",
                           R"({"metadata": {"labels": [1]}, "spec": {"template": 3},
                               "status": {"numberReady": "3"}})"}) {
    const json document = json::parse(text);
    const ObservedObject found = observe(node.ref, &document, &node, "ibmc-block");
    CHECK(found.exists);
    CHECK(found.owner == Owner::nobody);
    CHECK(found.ready == 0);
  }
}

TEST_CASE("what is not desired any more is pruned, what stays is not", "[row-14]") {
  const auto all = rendered();
  json document = plugin();
  for (const DesiredObject& object : all) {
    document["status"]["inventory"].push_back({{"group", object.ref.group},
                                               {"version", object.ref.version},
                                               {"kind", object.ref.kind},
                                               {"namespace", object.ref.ns},
                                               {"name", object.ref.name},
                                               {"uid", "u"}});
  }
  document["status"]["inventory"].push_back(
      {{"kind", "Gadget"}, {"name", "from-a-newer-operator"}});
  document["status"]["inventory"].push_back("nonsense");
  const auto inventory = read_inventory(document);
  CHECK(inventory.size() == all.size());
  CHECK(objects_to_prune(inventory, all).empty());
  const auto fewer =
      rendered(json::parse(R"({"storageClasses": {"presets": {"tiers": ["Gold"]}}})"));
  const auto gone = objects_to_prune(inventory, fewer);
  CHECK(gone.size() == 6);
  for (const InventoryEntry& entry : gone) {
    CHECK(entry.ref.kind == "StorageClass");
    CHECK(entry.ref.name.find("gold") == std::string::npos);
    CHECK(entry.uid == "u");
  }
}

TEST_CASE("objects are deleted in an order that keeps mounts serviceable to the end") {
  std::vector<InventoryEntry> inventory;
  for (const DesiredObject& object : rendered(json::parse(R"({"storageClasses": {"presets": {
           "tiers": ["Gold"], "retainVariants": false}}})"))) {
    inventory.push_back({.ref = object.ref, .uid = "", .hash = ""});
  }
  std::vector<std::string> kinds;
  for (const InventoryEntry& entry : deletion_order(inventory)) {
    kinds.push_back(entry.ref.kind);
  }
  CHECK(kinds == std::vector<std::string>{"StorageClass", "Deployment", "DaemonSet",
                                          "ClusterRoleBinding", "ClusterRole", "ServiceAccount"});
  CHECK(deletion_order({}).empty());
}

TEST_CASE("every kind has its place in the order of deletion, the CSIDriver's is the last") {
  std::vector<InventoryEntry> inventory;
  for (const KindInfo& kind : known_kinds()) {
    inventory.push_back({.ref = make_ref(kind, "kube-system", "x"), .uid = "", .hash = ""});
  }
  std::vector<std::string> kinds;
  for (const InventoryEntry& entry : deletion_order(inventory)) {
    kinds.push_back(entry.ref.kind);
  }
  CHECK(kinds == std::vector<std::string>{"StorageClass", "Deployment", "StatefulSet", "DaemonSet",
                                          "RoleBinding", "ClusterRoleBinding", "Role",
                                          "ClusterRole", "ServiceAccount", "ConfigMap",
                                          "CSIDriver"});
}

TEST_CASE("only our own objects may be deleted") {
  ObservedObject found;
  CHECK_FALSE(may_delete(found));
  found.exists = true;
  CHECK_FALSE(may_delete(found));
  found.owner = Owner::somebody;
  CHECK_FALSE(may_delete(found));
  found.owner = Owner::ours;
  CHECK(may_delete(found));
}
