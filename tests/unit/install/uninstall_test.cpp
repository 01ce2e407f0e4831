// SPDX-License-Identifier: Apache-2.0
#include "install/uninstall.h"

#include <catch2/catch.hpp>

#include "install/names.h"
#include "install/plan.h"
#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using nlohmann::json;

namespace {

VolumeUse use_of(std::vector<UsedVolume> volumes) {
  VolumeUse use;
  for (UsedVolume& volume : volumes) {
    use.add(std::move(volume));
  }
  return use;
}

/// A plug-in that is installed, driver and all.
UninstallFacts installed() {
  UninstallFacts facts;
  facts.bundle = &shipped().front();
  facts.anything_installed = true;
  facts.driver_installed = true;
  facts.volumes = VolumeUse();
  return facts;
}

Scene deleted() {
  Scene scene;
  scene.settle();
  scene.document["metadata"]["deletionTimestamp"] = "2026-05-04T03:00:00Z";
  scene.desired.clear();
  return scene;
}

std::string deletion_message(const json& status) {
  return condition(status, "DeletionBlocked")["message"];
}

}  // namespace

TEST_CASE("volumes of the driver count, others do not", "[row-10]") {
  const DriverNames names = driver_names(shipped().front(), std::nullopt);
  const auto counts = [&](const VolumeSummary& volume) { return serves(names, volume); };
  CHECK(counts({"pv", "ibm/ibmc-block", "", ""}));
  CHECK(counts({"pv", "", "", "ibm.io/ibmc-block"}));
  CHECK_FALSE(counts({"pv", "", "", "ibm.io/ibmc-file"}));
  CHECK_FALSE(counts({"pv", "", "ibm/ibmc-block", ""}));
  CHECK_FALSE(counts({"pv", "", "", ""}));
}

TEST_CASE("volumes are counted, and the first ten named") {
  VolumeUse use;
  for (int i = 15; i > 0; --i) {
    use.add({"pv-" + std::string(i < 10 ? "0" : "") + std::to_string(i), i % 2 == 0 ? "" : "shop/c",
             i % 3 == 0 ? std::vector<std::string>{"node-1"} : std::vector<std::string>{}});
  }
  CHECK(use.total == 15);
  CHECK(use.bound == 8);
  CHECK(use.attached == 5);
  const json shown = volumes_json(use);
  CHECK(shown["sample"].size() == 10);
  CHECK(shown["sample"].front() == "pv-01");
  CHECK(shown["sample"].back() == "pv-10");
  CHECK_THAT(name_volumes(use), StartsWith("pv-01 (claim shop/c), pv-02, pv-03 (claim shop/c, on "
                                           "node-1), ") &&
                                    Catch::Matchers::EndsWith(" and 5 more"));
}

TEST_CASE("what a deletion does", "[row-10][row-11][row-12]") {
  const VolumeUse some = use_of({{"pv", "", {}}});
  auto facts = installed();
  for (const auto policy :
       {WhenVolumesExist::block, WhenVolumesExist::orphan, WhenVolumesExist::force}) {
    facts.deletion.when_volumes_exist = policy;
    CHECK(judge_uninstall(facts) == Uninstall::remove);
  }
  facts.volumes = some;
  CHECK(judge_uninstall(facts) == Uninstall::force);
  facts.deletion.when_volumes_exist = WhenVolumesExist::orphan;
  CHECK(judge_uninstall(facts) == Uninstall::orphan);
  facts.deletion.when_volumes_exist = WhenVolumesExist::block;
  CHECK(judge_uninstall(facts) == Uninstall::blocked);

  // Volumes that could not be told block like volumes that exist.
  facts.volumes.reset();
  CHECK(judge_uninstall(facts) == Uninstall::blocked);
  facts.bundle = nullptr;
  facts.volumes = VolumeUse();
  CHECK(judge_uninstall(facts) == Uninstall::blocked);

  // Classes alone are needed by no mount.
  facts.driver_installed = false;
  CHECK(judge_uninstall(facts) == Uninstall::remove);
  facts.anything_installed = false;
  CHECK(judge_uninstall(facts) == Uninstall::release);

  facts = installed();
  facts.held = true;
  CHECK(judge_uninstall(facts) == Uninstall::held);
  facts.managed = false;
  CHECK(judge_uninstall(facts) == Uninstall::release);
}

TEST_CASE("a faulty spec can be deleted, and in doubt nothing goes") {
  const auto of = [](const char* text) {
    return deletion_of(json{{"spec", {{"deletion", json::parse(text)}}}});
  };
  CHECK(of("{}") == DeletionSettings());
  CHECK(of(R"({"whenVolumesExist": "Erase", "storageClasses": "Perhaps"})") ==
        DeletionSettings{WhenVolumesExist::block, true});
  CHECK(of(R"({"whenVolumesExist": "Orphan", "storageClasses": "Delete"})") ==
        DeletionSettings{WhenVolumesExist::orphan, false});
  CHECK(of(R"({"whenVolumesExist": "Force", "storageClasses": "Retain"})") ==
        DeletionSettings{WhenVolumesExist::force, true});
}

TEST_CASE("a blocked deletion names volumes, claims and nodes", "[row-C][row-10]") {
  Scene scene = deleted();
  scene.removal.verdict = Uninstall::blocked;
  scene.removal.volumes = use_of({{"pvc-2", "shop/data", {"node-1", "node-2"}}, {"pvc-1", "", {}}});
  json status = scene.status();
  CHECK(status["phase"] == "Blocked");
  CHECK(brief(status, "DeletionBlocked") == "True VolumesExist");
  CHECK(brief(status, "Progressing") == "False VolumesExist");
  CHECK(brief(status, "Degraded") == "False AsExpected");
  CHECK_THAT(
      status["message"].get<std::string>(),
      StartsWith("2 volumes use the driver ibm/ibmc-block: pvc-1, pvc-2 (claim shop/data, on "
                 "node-1 and node-2). ") &&
          Contains("spec.deletion.whenVolumesExist to Orphan"));
  CHECK(status["inventory"].size() == 13);

  scene.removal.volumes.reset();
  CHECK(brief(scene.status(), "DeletionBlocked") == "True VolumesUnknown");

  scene.removal.verdict = Uninstall::held;
  CHECK(brief(scene.status(), "DeletionBlocked") == "True ReconcilePaused");

  scene.removal.verdict = Uninstall::remove;
  scene.removal.stopping_pods = {"provisioner-1"};
  status = scene.status();
  CHECK(status["phase"] == "Uninstalling");
  CHECK(brief(status, "DeletionBlocked") == "False NotBlocked");
  CHECK(brief(status, "Progressing") == "True Uninstalling");
  CHECK_THAT(status["message"].get<std::string>(), Contains("provisioner-1"));

  scene.document["spec"]["managementState"] = "Unmanaged";
  CHECK(brief(scene.status(), "DeletionBlocked") == "False NotBlocked");
}

TEST_CASE("Force says what it breaks, Orphan what it leaves", "[row-11][row-12]") {
  Scene scene = deleted();
  scene.removal.volumes = use_of({{"pvc-1", "shop/data", {"node-1"}}});
  scene.removal.verdict = Uninstall::force;
  CHECK(brief(scene.status(), "DeletionBlocked") == "False RemovedByForce");
  CHECK_THAT(deletion_message(scene.status()),
             StartsWith("1 volume uses the driver ibm/ibmc-block: pvc-1 (claim shop/data, on "
                        "node-1)") &&
                 Contains("cannot be unmounted"));
  scene.removal.verdict = Uninstall::orphan;
  CHECK(brief(scene.status(), "DeletionBlocked") == "False Orphaned");
  CHECK_THAT(deletion_message(scene.status()), Contains("pvc-1") && Contains("stays in place"));
}

TEST_CASE("Removed says so once nothing is left") {
  Scene scene;
  scene.settle();
  scene.document["spec"]["managementState"] = "Removed";
  scene.desired.clear();
  scene.removal.verdict = Uninstall::blocked;
  scene.removal.volumes = use_of({{"pv", "", {}}});
  CHECK(scene.status()["phase"] == "Blocked");
  scene.removal.verdict = Uninstall::remove;
  CHECK(scene.status()["phase"] == "Uninstalling");

  for (ObservedObject& object : scene.observed) {
    object = observe(object.ref, nullptr, nullptr, "ibmc-block");
  }
  scene.removal.done = true;
  const json status = scene.status();
  CHECK(status["phase"] == "Removed");
  CHECK(brief(status, "Available") == "False Removed");
  CHECK(brief(status, "Progressing") == "False Removed");
  CHECK(brief(status, "DeletionBlocked") == "False NotBlocked");
  CHECK(status["inventory"].empty());
  CHECK(status["components"].empty());
  // An installation after it is a first one again.
  CHECK_FALSE(status.contains("version"));
  CHECK_FALSE(status.contains("lockedDriverName"));
}

TEST_CASE("volumes are shown, and kept until they are counted again") {
  Scene scene;
  scene.volumes = use_of({{"pv-1", "shop/c", {"node-1"}}, {"pv-2", "", {}}});
  const json counted = scene.status()["volumes"];
  CHECK(counted ==
        json::parse(R"({"total": 2, "bound": 1, "attached": 1, "sample": ["pv-1", "pv-2"]})"));
  scene.settle();
  scene.volumes.reset();
  CHECK(scene.status()["volumes"] == counted);
}

TEST_CASE("claims at risk are shown when there are any, and kept until they are known again") {
  Scene scene;
  scene.volumes = use_of({{"pv-1", "shop/c", {"node-1"}}});
  CHECK_FALSE(scene.status().contains("claimsAtRisk"));
  scene.volumes->claims_at_risk = 1;
  CHECK(scene.status()["claimsAtRisk"] == 1);
  scene.settle();
  scene.volumes->claims_at_risk.reset();
  CHECK(scene.status()["claimsAtRisk"] == 1);
  scene.volumes.reset();
  CHECK(scene.status()["claimsAtRisk"] == 1);
  scene.volumes = use_of({});
  scene.volumes->claims_at_risk = 0;
  CHECK_FALSE(scene.status().contains("claimsAtRisk"));
}

TEST_CASE("the node driver goes after a second look at the volumes") {
  std::vector<InventoryEntry> inventory;
  for (const DesiredObject& object : rendered()) {
    inventory.push_back({object.ref, "", ""});
  }
  CHECK(holds_driver(inventory));
  const auto ordered = deletion_order(inventory);
  const auto first = before_node_driver(ordered);
  CHECK(first.size() == 9);
  CHECK(first.back().ref.kind == "Deployment");
  CHECK(ordered[first.size()].ref.kind == "DaemonSet");
  CHECK_FALSE(holds_driver(first.first(8)));
  CHECK(before_node_driver(first).size() == 9);
}

TEST_CASE("what was given up is nobody's but may be taken over by its name", "[row-12]") {
  const auto desired = rendered();
  json document = live(desired.front());
  const auto seen = observe(desired.front().ref, &document, nullptr, "ibmc-block");
  const json patch = orphaning_patch(seen, "ibmc-block");
  CHECK(patch["metadata"]["resourceVersion"] == "7");
  CHECK(take_over_patch(document) == nullptr);

  document.merge_patch(patch);
  CHECK_FALSE(document["metadata"]["labels"].contains(std::string(kManagedByLabel)));
  CHECK(observe(desired.front().ref, &document, nullptr, "other").owner == Owner::nobody);
  std::vector<ObservedObject> again{
      observe(desired.front().ref, &document, &desired.front(), "ibmc-block")};
  CHECK(again.front().owner == Owner::nobody);
  CHECK_FALSE(may_delete(again.front()));
  mark_adoptable(again, Adopt::never, "ibmc-block");
  CHECK(plan(std::vector{desired.front()}, again).front().action == Action::adopt);

  const auto strike = take_over_patch(document);
  REQUIRE(strike != nullptr);
  document.merge_patch(*strike);
  CHECK(take_over_patch(document) == nullptr);
  // Who takes it into other hands keeps it.
  document.merge_patch(patch);
  document["metadata"]["labels"][std::string(kManagedByLabel)] = "Helm";
  CHECK(observe(desired.front().ref, &document, nullptr, "ibmc-block").owner == Owner::release);
}

TEST_CASE("pods of the provisioner are those that no DaemonSet made") {
  const json pods = json::parse(R"([
      {"metadata": {"name": "node", "ownerReferences": [{"kind": "DaemonSet"}]}},
      {"metadata": {"name": "b", "ownerReferences": [{"kind": "ReplicaSet"}]}},
      {"metadata": {"name": "ended"}, "status": {"phase": "Succeeded"}},
      {"metadata": {"name": "a"}, "status": {"phase": "Running"}}])");
  CHECK(provisioner_pods(pods) == std::vector<std::string>{"a", "b"});
  CHECK(provisioner_pods(json()).empty());
}
