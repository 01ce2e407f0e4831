// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "install/drift.h"
#include "install/field_managers.h"
#include "unit/install/scene.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

const std::string kReplicas = "spec.replicas";
const std::string kProvisionerName = "Deployment kube-system/ibmcloud-block-storage-plugin";
const std::string kImage =
    "spec.template.spec.containers[ibmcloud-block-storage-driver-container].image";

json entry(const std::string& manager, const std::string& time, const std::string& fields,
           const std::string& operation = "Update") {
  return {{"manager", manager},
          {"operation", operation},
          {"time", time},
          {"fieldsV1", json::parse(fields)}};
}

std::string manager_name(const json& live, const json& desired, const std::string& path) {
  const auto manager = manager_of(live, desired, path);
  return manager ? manager->name : "nobody";
}

/// The provisioner, whose replicas somebody else changes again and again.
struct Fight {
  DesiredObject desired = object_named(rendered(), "Deployment", kController);
  DriftLedger ledger;
  int state = 1;

  DriftVerdict change(const std::string& manager = "autoscaler", DriftRules rules = {}) {
    const std::vector<FieldChange> changes{{kReplicas, manager, std::to_string(++state)}};
    return weigh(ledger, desired.ref, changes, rules, false, kNow);
  }
};

}  // namespace

TEST_CASE("the manager of a field is read off managedFields", "[install][drift][row-16]") {
  const DesiredObject desired = object_named(rendered(), "DaemonSet", kNode);
  json document = live(desired);
  document["metadata"]["managedFields"] =
      json::array({entry("block-storage-operator", "2026-01-01T00:00:00Z",
                         R"({"f:metadata":{"f:labels":{"f:app.kubernetes.io/part-of":{}}},
                 "f:spec":{"f:selector":{},"f:template":{"f:spec":{"f:nodeSelector":
                   {"f:kubernetes.io/os":{}}}}}})",
                         "Apply"),
                   entry("gitops", "2026-01-02T00:00:00Z",
                         R"({"f:spec":{"f:template":{"f:spec":{"f:containers":{
                   "k:{\"name\":\"ibmcloud-block-storage-driver-container\"}":{"f:image":{},
                     "f:volumeMounts":{"k:{\"mountPath\":\"/flexvolume\"}":{"f:name":{}}}}},
                   "f:tolerations":{}}}}})"),
                   entry("kubectl-label", "2026-01-03T00:00:00Z",
                         R"({"f:metadata":{"f:labels":{"f:app.kubernetes.io/part-of":{}}}})"),
                   entry("older", "2026-01-02T00:00:00Z",
                         R"({"f:metadata":{"f:labels":{"f:app.kubernetes.io/part-of":{}}}})")});
  const auto who = [&](const std::string& path) {
    return manager_name(document, *desired.document, path);
  };
  CHECK(who(kImage) == "gitops");
  CHECK(who("spec.template.spec.containers[ibmcloud-block-storage-driver-container]."
            "volumeMounts[flexvolume-dir].name") == "gitops");
  CHECK(who("spec.template.spec.tolerations[0].operator") == "gitops");
  CHECK(who("metadata.labels[app.kubernetes.io/part-of]") == "kubectl-label");
  CHECK(who("spec.template.spec.nodeSelector.kubernetes.io/os") == "block-storage-operator");
  CHECK(who("spec.selector.matchLabels.app") == "block-storage-operator");
  CHECK(who("metadata.labels[app]") == "nobody");
  CHECK(who("spec.updateStrategy.type") == "nobody");
  document["metadata"]["managedFields"] = "broken";
  CHECK(who(kImage) == "nobody");
}

TEST_CASE("a field is set right three times against one manager, then held",
          "[install][drift][row-15][row-B]") {
  Fight fight;
  for (int i = 1; i <= kMaxRepairs; ++i) {
    CHECK(fight.change() == DriftVerdict::repair);
    CHECK(fight.ledger.fields.front().repairs == i);
  }
  CHECK(fight.change() == DriftVerdict::hold);
  CHECK(fight.ledger.fields.front().repairs == kMaxRepairs);
  CHECK(fight.ledger.fields.front().held);
  CHECK(fight.ledger.repaired == kMaxRepairs);
  CHECK(is_held(fight.ledger, fight.desired.ref));
  CHECK(fight.change() == DriftVerdict::hold);
}

TEST_CASE("each manager of a field is counted by itself", "[install][drift][row-B]") {
  Fight fight;
  for (int i = 0; i < kMaxRepairs; ++i) CHECK(fight.change("one") == DriftVerdict::repair);
  CHECK(fight.change("two") == DriftVerdict::repair);
  CHECK(fight.change("one") == DriftVerdict::hold);
}

TEST_CASE("a repair that was counted but not made is made without a new count",
          "[install][drift][row-15]") {
  Fight fight;
  const std::vector<FieldChange> changes{{kReplicas, "autoscaler", "generation 5"}};
  for (int i = 0; i < 5; ++i) {
    CHECK(weigh(fight.ledger, fight.desired.ref, changes, {}, false, kNow) == DriftVerdict::repair);
  }
  CHECK(fight.ledger.fields.front().repairs == 1);
  // A deleted object has no state to go by.
  const std::vector<FieldChange> gone{{std::string(kWholeObject), "", ""}};
  (void)weigh(fight.ledger, fight.desired.ref, gone, {}, false, kNow);
  (void)weigh(fight.ledger, fight.desired.ref, gone, {}, true, kNow);
  CHECK(fight.ledger.fields.back().repairs == 1);
  (void)weigh(fight.ledger, fight.desired.ref, gone, {}, false, kNow);
  CHECK(fight.ledger.fields.back().repairs == 2);
}

TEST_CASE("the third repair may be made after a restart, a fourth may not",
          "[install][drift][row-15]") {
  Fight fight;
  for (int i = 0; i < kMaxRepairs; ++i) (void)fight.change();
  json document = plugin();
  fight.ledger.generation = 3;  // of the plug-in in the tests
  document["status"]["drift"] = drift_json(fight.ledger);
  fight.ledger = read_drift(document);
  REQUIRE(fight.ledger.fields.size() == 1);
  --fight.state;
  CHECK(fight.change() == DriftVerdict::repair);  // the state that was counted last
  CHECK(fight.ledger.repaired == kMaxRepairs);
  CHECK(fight.change() == DriftVerdict::hold);
}

TEST_CASE("a change of the spec starts the count anew", "[install][drift][row-B]") {
  json document = plugin();
  document["status"]["drift"] = {{"repaired", 3},
                                 {"generation", 2},
                                 {"lastTime", "2026-01-01T00:00:00Z"},
                                 {"fields",
                                  {{{"object", kProvisionerName},
                                    {"field", kReplicas},
                                    {"manager", "autoscaler"},
                                    {"repairs", 3},
                                    {"held", true}}}}};
  const DriftLedger ledger = read_drift(document);  // generation 3
  CHECK(ledger.fields.empty());
  CHECK(ledger.repaired == 3);
}

TEST_CASE("a held field that agrees again is forgotten, a repaired one is not",
          "[install][drift][row-B]") {
  Scene scene;
  DriftLedger ledger;
  ledger.fields = {{kProvisionerName, kReplicas, "autoscaler", 3, true, ""},
                   {kProvisionerName, "spec.paused", "autoscaler", 2, false, ""}};
  scene.controller().changed = {kReplicas};
  forget_settled(ledger, scene.desired, scene.observed);
  CHECK(ledger.fields.size() == 2);
  scene.controller().changed.clear();
  forget_settled(ledger, scene.desired, scene.observed);
  REQUIRE(ledger.fields.size() == 1);
  CHECK(ledger.fields.front().field == "spec.paused");
}

TEST_CASE("drift is what was applied as desired and is not so any more",
          "[install][drift][row-15]") {
  Scene scene;
  const DriftLedger none;
  std::vector<InventoryEntry> inventory;
  for (const auto& object : scene.observed) {
    inventory.push_back({object.ref, object.uid, object.applied_hash});
  }
  const auto drifted = [&] { return find_drift(scene.desired, scene.observed, inventory, none); };
  CHECK(drifted().empty());
  scene.controller().changed = {kReplicas};
  REQUIRE(drifted().size() == 1);
  CHECK(drifted().front().fields == std::vector<std::string>{kReplicas});
  SECTION("new content is no drift") {
    scene.controller().applied_hash = "other";
    CHECK(drifted().empty());
  }
  SECTION("others' objects are no drift") {
    scene.controller().owner = Owner::somebody;
    CHECK(drifted().empty());
  }
  SECTION("an object that is gone is") {
    scene.controller().exists = false;
    REQUIRE(drifted().size() == 1);
    CHECK(drifted().front().fields == std::vector<std::string>{std::string(kWholeObject)});
    SECTION("unless it was never made with this content") {
      inventory.clear();
      CHECK(drifted().empty());
    }
  }
  SECTION("a release that takes an object back is not followed") {
    scene.controller().owner = Owner::release;
    REQUIRE(drifted().size() == 1);
    CHECK(drifted().front().taken);
  }
}

TEST_CASE("a plan leaves what an application would leave", "[install][drift][row-18][row-B]") {
  Scene scene;
  DriftLedger ledger;
  std::vector<InventoryEntry> inventory;
  for (const auto& object : scene.observed) {
    inventory.push_back({object.ref, object.uid, object.applied_hash});
  }
  scene.controller().drift = {kReplicas};
  scene.controller().changed = {kReplicas};
  const auto action = [&](bool repair) {
    scene.controller().drift_left = false;
    mark_left(scene.observed, scene.desired, inventory, ledger, repair);
    for (const Step& step : plan(scene.desired, scene.observed)) {
      if (step.desired->ref.same_object(scene.controller().ref)) return step.action;
    }
    return Action::keep;
  };
  CHECK(action(true) == Action::apply);
  CHECK(action(false) == Action::leave_drift);
  ledger.fields = {{kProvisionerName, kReplicas, "autoscaler", 3, true, ""}};
  CHECK(action(true) == Action::leave_drift);
  scene.controller().applied_hash = "older content";
  CHECK(action(false) == Action::apply);
}

TEST_CASE("a conflict over our own marks is none", "[install][drift][row-19]") {
  bso::Error conflict;
  CHECK_FALSE(is_about_marks(conflict));
  conflict.causes = {{"FieldManagerConflict", "conflict with \"before-first-apply\"",
                      ".metadata.annotations.blockstorage.dev/applied-hash"}};
  CHECK(is_about_marks(conflict));
  conflict.causes.push_back({"FieldManagerConflict", "conflict with \"x\"", ".spec.replicas"});
  CHECK_FALSE(is_about_marks(conflict));
}

TEST_CASE("a deletion is told as one", "[install][drift][row-B]") {
  CHECK(sentence_of({"StorageClass a", std::string(kWholeObject), "", 1, false, ""}) ==
        "StorageClass a was deleted by somebody");
  CHECK(sentence_of({"StorageClass a", "parameters.x", "kubectl", 1, false, ""}) ==
        "StorageClass a: parameters.x was changed by kubectl");
}

TEST_CASE("where drift is only reported nothing is counted", "[install][drift][row-16]") {
  Fight fight;
  const DriftRules report{.writes = true, .repair = false};
  CHECK(fight.change("autoscaler", report) == DriftVerdict::report);
  CHECK(fight.ledger.fields.front().held);
  CHECK(fight.ledger.fields.front().repairs == 0);
  CHECK(fight.ledger.repaired == 0);
  CHECK(is_settled(fight.ledger, {.ref = fight.desired.ref, .fields = {kReplicas}, .uid = ""},
                   report));
}

TEST_CASE("what the ledger has no room for is held, not fought", "[install][drift][row-15]") {
  Fight fight;
  std::vector<FieldChange> many;
  for (int i = 0; i < 70; ++i) many.push_back({"spec.x" + std::to_string(i), "m", "s"});
  CHECK(weigh(fight.ledger, fight.desired.ref, many, {}, false, kNow) == DriftVerdict::hold);
  CHECK(fight.ledger.fields.size() == 64);
  CHECK(fight.ledger.repaired == 0);
}

TEST_CASE("DriftDetected names object, field and manager", "[install][drift][row-16][row-B]") {
  Scene scene;
  DriftLedger ledger;
  ledger.generation = 3;
  const auto told = [&](const std::string& reason) {
    scene.document["status"]["drift"] = drift_json(ledger);
    const json status = scene.status();
    CHECK(brief(status, "DriftDetected") == "True " + reason);
    const auto text = condition(status, "DriftDetected")["message"].get<std::string>();
    CHECK_THAT(text, Catch::Contains(kProvisionerName) && Catch::Contains(kReplicas) &&
                         Catch::Contains("autoscaler"));
    return status;
  };
  CHECK(brief(scene.status(), "DriftDetected") == "False NoDrift");
  ledger.fields = {{kProvisionerName, kReplicas, "autoscaler", 1, false, ""}};
  told("DriftRepaired");
  ledger.fields.front().repairs = 3;
  ledger.fields.front().held = true;
  scene.controller().drift = {kReplicas};
  scene.controller().changed = {kReplicas};
  const auto held = told("DriftHeld");
  CHECK(brief(held, "Degraded") == "True ConflictingManager");
  scene.document["spec"]["reconcile"]["drift"] = "Report";
  scene.controller().drift_accepted = true;
  const auto reported = told("DriftReported");
  CHECK(brief(reported, "Degraded") == "False AsExpected");
  CHECK(brief(reported, "Progressing") == "False AsExpected");
}
