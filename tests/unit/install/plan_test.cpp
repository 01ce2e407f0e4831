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
            Action::leave_foreign, "belongs to Helm"},
           {"DaemonSet",
            [&](json& live) {
              labels(live) = {{"heritage", "Tiller"}};
            },
            Action::leave_foreign, "belongs to Tiller"},
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
            Action::leave_immutable, "parameters.fsType cannot be changed"},
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

TEST_CASE("what is not desired any more is pruned, what stays is not") {
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

TEST_CASE("volumes of the driver block a deletion, others do not") {
  const Bundle& bundle = shipped().front();
  const std::vector<VolumeSummary> volumes{
      {.name = "pv-z", .flex_driver = "ibm/ibmc-block", .csi_driver = "", .provisioned_by = ""},
      {.name = "pv-a", .flex_driver = "", .csi_driver = "", .provisioned_by = "ibm.io/ibmc-block"},
      {.name = "pv-file",
       .flex_driver = "",
       .csi_driver = "",
       .provisioned_by = "ibm.io/ibmc-file"},
      {.name = "pv-csi", .flex_driver = "", .csi_driver = "ibm/ibmc-block", .provisioned_by = ""},
      {.name = "pv-none", .flex_driver = "", .csi_driver = "", .provisioned_by = ""}};
  CHECK(volumes_blocking_deletion(bundle, volumes) == std::vector<std::string>{"pv-a", "pv-z"});
  CHECK(volumes_blocking_deletion(bundle, {}).empty());
}

TEST_CASE("what a deletion does") {
  using Volumes = std::optional<std::vector<std::string>>;
  const Bundle* known = &shipped().front();
  const Volumes none = std::vector<std::string>{};
  const Volumes some = std::vector<std::string>{"pv"};
  const Volumes unread;
  CHECK(judge_uninstall(true, known, true, none) == Uninstall::remove);
  CHECK(judge_uninstall(true, known, false, none) == Uninstall::remove);
  CHECK(judge_uninstall(true, known, true, some) == Uninstall::blocked);
  // Never installed by the inventory, but the status may have been lost: volumes still count.
  CHECK(judge_uninstall(true, known, false, some) == Uninstall::blocked);
  CHECK(judge_uninstall(true, known, true, unread) == Uninstall::blocked);
  CHECK(judge_uninstall(true, known, false, unread) == Uninstall::blocked);
  CHECK(judge_uninstall(true, nullptr, false, unread) == Uninstall::release);
  CHECK(judge_uninstall(true, nullptr, true, unread) == Uninstall::blocked);
  CHECK(judge_uninstall(true, nullptr, true, none) == Uninstall::blocked);
  CHECK(judge_uninstall(false, known, true, some) == Uninstall::release);
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
