// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

TEST_CASE("a plug-in that runs") {
  Scene scene;
  const json status = scene.status();
  CHECK(status["phase"] == "Ready");
  CHECK(status["version"] == "2.5.26");
  CHECK(status["operatorVersion"] == "0.1.0");
  CHECK(status["observedGeneration"] == 3);
  CHECK(status["message"] == "Version 2.5.26 is installed; the driver is ready on 3 of 3 nodes.");
  CHECK(status["node"] ==
        json::parse(R"({"ready": "3/3", "desired": 3, "updated": 3, "available": 3})"));
  CHECK(status["lockedDriverName"] == "ibmc-block");
  CHECK(status["lockedNamespace"] == "kube-system");
  CHECK(brief(status, "Available") == "True AsExpected");
  CHECK(brief(status, "Progressing") == "False AsExpected");
  CHECK(brief(status, "Degraded") == "False AsExpected");
  CHECK(brief(status, "SpecValid") == "True Valid");
  CHECK(brief(status, "StorageClassesReady") == "True AsExpected");
  CHECK(brief(status, "DeletionBlocked") == "False NotBlocked");
  CHECK(status["components"] == json::parse(R"([
    {"kind": "Deployment", "name": "ibmcloud-block-storage-plugin", "namespace": "kube-system",
     "image": "icr.io/ibm/ibmcloud-block-storage-plugin:2.5.26", "generation": 1, "desired": 1,
     "ready": 1,
     "state": "Available"},
    {"kind": "DaemonSet", "name": "ibmcloud-block-storage-driver", "namespace": "kube-system",
     "image": "icr.io/ibm/ibmcloud-block-storage-driver:2.5.26", "generation": 1, "desired": 3,
     "ready": 3,
     "state": "Available"}])"));
  REQUIRE(status["storageClasses"].size() == 8);
  CHECK(status["storageClasses"][0] ==
        json::parse(R"({"name": "ibmc-block-bronze", "state": "InSync", "default": false})"));
  REQUIRE(status["inventory"].size() == 13);
  CHECK(status["inventory"][0]["uid"] == "uid-of-ibmcloud-block-storage-plugin");
  CHECK_FALSE(status["inventory"][0].contains("group"));
  CHECK(status["inventory"][12]["hash"] == scene.desired[12].hash);
}

TEST_CASE("the same findings give the same bytes") {
  Scene scene;
  scene.settle();
  const std::string first = codec::dump_json(scene.status(kLater));
  CHECK(codec::dump_json(scene.document["status"]) == first);
  CHECK(has_status(scene.document, scene.status(kLater)));
  scene.node().ready = 2;
  CHECK_FALSE(has_status(scene.document, scene.status(kLater)));
  CHECK_FALSE(has_status(plugin(), scene.status()));
}

TEST_CASE("lastTransitionTime moves with the status of a condition and with nothing else") {
  Scene scene;
  scene.settle();
  scene.node().available = 0;
  scene.node().ready = 0;
  const json status = scene.status(kLater);
  CHECK(condition(status, "Available")["lastTransitionTime"] == kLater);
  CHECK(condition(status, "SpecValid")["lastTransitionTime"] == kNow);
  scene.document["status"] = status;
  scene.controller().available = 0;
  // Still not available, for another reason.
  const json again = scene.status("2026-05-04T05:00:00Z");
  CHECK(brief(again, "Available") == "False ControllerUnavailable");
  CHECK(condition(again, "Available")["lastTransitionTime"] == kLater);
}

TEST_CASE("reasons of the conditions", "[row-2]") {
  struct Row {
    std::string name;
    std::function<void(Scene&)> change;
    bool installed_before;
    std::string phase, available, progressing, degraded, classes, words;
  };
  const std::string fine = "True AsExpected";
  const std::string calm = "False AsExpected";
  const auto write_fault = [](Scene& scene, ObservedObject& object, int code, std::string reason,
                              std::string message, std::vector<StatusCause> causes) {
    Error error;
    error.kind = ErrorKind::status;
    error.code = code;
    error.reason = std::move(reason);
    error.message = std::move(message);
    error.causes = std::move(causes);
    scene.write_faults.push_back({object.ref, error});
  };
  for (const Row& row : std::vector<Row>{
           {"nothing read yet", [](Scene& scene) { scene.observed.clear(); }, false, "Installing",
            "Unknown NotObserved", "True Deploying", calm, "False Deploying", "To be applied"},
           {"nothing there yet",
            [](Scene& scene) {
              for (ObservedObject& object : scene.observed) {
                object = observe(object.ref, nullptr, nullptr, "ibmc-block");
              }
            },
            false, "Installing", "False ControllerUnavailable", "True Deploying", calm,
            "False Deploying", "and 8 more"},
           {"pods start for the first time",
            [](Scene& scene) { scene.node().ready = scene.node().available = 1; }, false,
            "Installing", fine, "True Deploying", calm, fine, "3 of 3 pods updated, 1 available"},
           {"a node restarts later",
            [](Scene& scene) { scene.node().ready = scene.node().available = 2; }, true, "Ready",
            fine, calm, calm, fine, "ready on 2 of 3 nodes"},
           {"the controller's pod is gone later",
            [](Scene& scene) { scene.controller().available = 0; }, true, "Degraded",
            "False ControllerUnavailable", calm, "True ControllerUnavailable", fine,
            "Volumes cannot be made"},
           {"no node pod runs later", [](Scene& scene) { scene.node().available = 0; }, true,
            "Degraded", "False NodesUnavailable", calm, "True NodesUnavailable", fine,
            "has no available pod"},
           {"no node matches",
            [](Scene& scene) {
              ObservedObject& node = scene.node();
              node.desired = node.updated = node.ready = node.available = 0;
            },
            true, "Degraded", "False NodesUnavailable", calm, "True NodesUnavailable", fine,
            "matches no node"},
           {"a rollout runs",
            [](Scene& scene) {
              scene.node().generation = scene.node().observed_generation = 2;
              scene.node().updated = 1;
            },
            true, "Upgrading", fine, "True RollingOut", calm, fine, "1 of 3 pods updated"},
           {"the server has not seen the change", [](Scene& scene) { scene.node().generation = 2; },
            true, "Upgrading", fine, "True RollingOut", calm, fine, "DaemonSet kube-system/"},
           {"new content is not applied yet",
            [](Scene& scene) { scene.node().applied_hash = "0123456789abcdef"; }, true, "Upgrading",
            fine, "True RollingOut", calm, fine, "To be applied: DaemonSet"},
           {"a right is missing",
            [&](Scene& scene) {
              scene.node().applied_hash.clear();
              write_fault(
                  scene, scene.node(), 403, "Forbidden",
                  "x is forbidden: User \"u\" cannot patch resource \"daemonsets\" in API group "
                  "\"apps\" in the namespace \"kube-system\"",
                  {});
            },
            true, "Degraded", fine, "False RolloutStalled", "True ApplyForbidden", fine,
            "the right patch on daemonsets"},
           {"somebody else manages a field",
            [&](Scene& scene) {
              scene.controller().drift = {"spec.replicas"};
              write_fault(
                  scene, scene.controller(), 409, "Conflict", "Apply failed",
                  {{"FieldManagerConflict", "conflict with \"kubectl-edit\"", ".spec.replicas"}});
            },
            true, "Degraded", fine, "False RolloutStalled", "True ConflictingManager", fine,
            "kubectl-edit manages .spec.replicas"},
           {"a class of somebody else",
            [](Scene& scene) {
              ObservedObject& gold =
                  observed_named(scene.observed, "StorageClass", "ibmc-block-gold");
              gold.owner = Owner::nobody;
              gold.immutable_drift = {"parameters.fsType"};
            },
            true, "Degraded", fine, calm, "True ForeignObject", "False Conflict",
            "StorageClass ibmc-block-gold exists and was not made by the operator"},
           {"an object of Helm",
            [](Scene& scene) {
              ObservedObject& role = observed_named(scene.observed, "ClusterRole", kController);
              role.owner = Owner::somebody;
              role.owner_name = "Helm";
            },
            true, "Degraded", fine, calm, "True ConflictingManager", fine, "belongs to Helm"},
           {"an immutable field of a class",
            [](Scene& scene) {
              for (DesiredObject& desired : scene.desired) {
                desired.recreate = false;
              }
              observed_named(scene.observed, "StorageClass", "ibmc-block-gold").immutable_drift = {
                  "parameters.fsType"};
            },
            true, "Degraded", fine, calm, "True ImmutableChangeBlocked",
            "False ImmutableChangeBlocked", "Delete the class"},
           {"a class is missing",
            [](Scene& scene) {
              ObservedObject& gold =
                  observed_named(scene.observed, "StorageClass", "ibmc-block-gold");
              gold = observe(gold.ref, nullptr, nullptr, "ibmc-block");
            },
            true, "Upgrading", fine, "True RollingOut", calm, "False Deploying",
            "To be applied: StorageClass ibmc-block-gold"},
           {"an image cannot be pulled",
            [](Scene& scene) {
              scene.node().generation = scene.node().observed_generation = 2;
              scene.node().updated = 1;
              scene.pull_faults.push_back({.workload = scene.node().ref,
                                           .container = "c",
                                           .image = "r.example.com/x:1",
                                           .reason = "ImagePullBackOff",
                                           .message = ""});
            },
            true, "Degraded", fine, "False RolloutStalled", "True ImagePullFailed", fine,
            "r.example.com/x:1"},
           {"a faulty spec",
            [](Scene& scene) {
              scene.document["spec"]["driver"]["kubeletRootDir"] = "x";
              scene.desired.clear();
            },
            true, "Blocked", fine, "False InvalidParameters", "True InvalidParameters",
            "Unknown InvalidParameters", "spec.driver.kubeletRootDir"},
           {"an unknown driver",
            [](Scene& scene) {
              scene.document["spec"]["driver"]["name"] = "ceph";
              scene.desired.clear();
              scene.observed.clear();
            },
            false, "Blocked", "Unknown InvalidParameters", "False InvalidParameters",
            "True InvalidParameters", "Unknown InvalidParameters", "Write one of: ibmc-block"},
           {"hands off",
            [](Scene& scene) {
              scene.document["spec"]["managementState"] = "Unmanaged";
              scene.node().owner = Owner::nobody;
              scene.node().drift = {"spec.template"};
            },
            true, "Unmanaged", fine, "False Unmanaged", "False Unmanaged", fine, "hands off"},
           {"no provisioner is wanted",
            [](Scene& scene) {
              ObservedObject& controller = scene.controller();
              controller.desired = controller.updated = controller.ready = controller.available = 0;
            },
            true, "Ready", fine, calm, calm, fine, "ready on 3 of 3"},
       }) {
    Scene scene;
    if (row.installed_before) {
      scene.settle();
    }
    row.change(scene);
    const json status = scene.status();
    INFO(row.name << "\n" << status.dump(1));
    CHECK(status["conditions"].size() == 10);
    CHECK(status["phase"] == row.phase);
    CHECK(brief(status, "Available") == row.available);
    CHECK(brief(status, "Progressing") == row.progressing);
    CHECK(brief(status, "Degraded") == row.degraded);
    CHECK(brief(status, "StorageClassesReady") == row.classes);
    CHECK(status["message"].get<std::string>().find(row.words) != std::string::npos);
    for (const json& item : status["conditions"]) {
      CHECK(item["observedGeneration"] == 3);
      CHECK_FALSE(item["message"].get<std::string>().empty());
    }
  }
}
