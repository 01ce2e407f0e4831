// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/plan_input.h"
#include "cli/plan_view.h"
#include "cli/status_view.h"
#include "cli/table.h"

using namespace bso;
using namespace bso::cli;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

install::PlanEntry entry(install::PlannedAction action, std::string kind, std::string name,
                         std::string reason, bool refused = false) {
  install::PlanEntry made;
  made.action = action;
  made.ref.kind = std::move(kind);
  made.ref.name = std::move(name);
  made.reason = std::move(reason);
  made.refused = refused;
  return made;
}

PluginPlan some_plan() {
  PluginPlan plan;
  plan.name = "ibmc-block";
  plan.report.entries = {
      entry(install::PlannedAction::create, "StorageClass", "gold", "it does not exist"),
      entry(install::PlannedAction::update, "Deployment", "provisioner", "spec.replicas 1 -> 2")};
  return plan;
}

}  // namespace

TEST_CASE("a table is as wide as its cells", "[cli]") {
  Table table({"NAME", "EMPTY", "TEXT"});
  table.add({"ü", "", "one\ntwo\x1b[31m"});
  table.add({"longer", "", ""});
  CHECK(table.text() ==
        "NAME    TEXT\n"
        "ü       one two [31m\n"
        "longer\n");
  CHECK(table.text("  ").starts_with("  NAME"));
}

TEST_CASE("a plan for people", "[cli][plan]") {
  auto plan = some_plan();
  plan.notes = {"mind this"};
  CHECK(plan_text({&plan, 1}) ==
        "BlockStoragePlugin ibmc-block: 1 to create, 1 to change, 0 to delete.\n"
        "  ACTION  OBJECT                  REASON\n"
        "  Create  StorageClass gold       it does not exist\n"
        "  Update  Deployment provisioner  spec.replicas 1 -> 2\n"
        "Note: mind this\n");

  PluginPlan faulty;
  faulty.name = "other";
  faulty.faults = {"spec.x is wrong. Write it right."};
  install::LeftAlone left;
  left.ref.kind = "StorageClass";
  left.ref.name = "silver";
  left.reason = "somebody else made it";
  plan.report.left_alone = {left};
  const std::vector<PluginPlan> both{plan, faulty};
  CHECK_THAT(plan_text(both), Contains("StorageClass silver  somebody else made it") &&
                                  Contains("\n\nBlockStoragePlugin other: not valid") &&
                                  Contains("  spec.x is wrong. Write it right.\n"));
}

TEST_CASE("a plan for programs", "[cli][plan]") {
  const auto plan = some_plan();
  const auto document = plan_document({&plan, 1});
  CHECK(document.at("kind") == "Plan");
  const auto& plugin = document.at("plugins").at(0);
  CHECK(plugin.at("name") == "ibmc-block");
  CHECK(plugin.at("valid") == true);
  CHECK(plugin.at("plan").at(1) == json{{"action", "Update"},
                                        {"object", "Deployment provisioner"},
                                        {"reason", "spec.replicas 1 -> 2"},
                                        {"refused", false}});
}

TEST_CASE("what the exit status of a plan tells", "[cli][plan]") {
  PluginPlan nothing;
  CHECK(plan_exit_code({&nothing, 1}) == exit_ok);
  auto plan = some_plan();
  CHECK(plan_exit_code({&plan, 1}) == exit_changes);
  const std::vector<PluginPlan> both{nothing, plan};
  CHECK(plan_exit_code(both) == exit_changes);
  plan.report.entries.front().refused = true;
  CHECK(plan_exit_code({&plan, 1}) == exit_error);
  nothing.faults = {"wrong"};
  CHECK(plan_exit_code({&nothing, 1}) == exit_error);
}

TEST_CASE("a status for people", "[cli][status]") {
  const json plugin = json::parse(R"({
    "metadata": {"name": "ibmc-block", "generation": 2},
    "spec": {"driver": {"name": "ibmc-block"}},
    "status": {
      "observedGeneration": 2, "phase": "Ready", "message": "All is well.",
      "version": "2.5.26", "desiredVersion": "2.5.27",
      "node": {"ready": "3/3"}, "volumes": {"total": 5, "bound": 4, "attached": 3},
      "claimsAtRisk": 2,
      "conditions": [{"type": "Available", "status": "True", "reason": "AsExpected",
                      "message": "It serves."}],
      "components": [{"kind": "DaemonSet", "namespace": "kube-system", "name": "driver",
                      "state": "Available", "ready": 3, "desired": 3, "image": "i:1"}],
      "storageClasses": [{"name": "gold", "state": "InSync", "default": true},
                         {"name": "silver", "state": "Blocked", "default": false,
                          "message": "parameters differ"}],
      "plan": [{"action": "Create", "object": "StorageClass x", "reason": "it does not exist"}],
      "drift": {"repaired": 2, "lastObject": "Deployment a/b", "lastField": "spec.replicas",
                "lastManager": "kubectl-edit",
                "fields": [{"object": "Deployment a/b", "field": "spec.replicas",
                            "manager": "kubectl-edit", "repairs": 2, "held": false}]},
      "leftovers": [{"object": "ConfigMap a/b", "remedy": "kubectl delete it"}]}})");
  CHECK(status_text(plugin) ==
        "Name:     ibmc-block\n"
        "Driver:   ibmc-block\n"
        "Version:  2.5.26, to be 2.5.27\n"
        "Phase:    Ready\n"
        "Nodes:    3/3\n"
        "Volumes:  5, 4 bound, 3 attached; claims at risk: 2\n"
        "Drift:    2 set right so far; last spec.replicas of Deployment a/b by kubectl-edit\n"
        "Message:  All is well.\n"
        "\n"
        "CONDITION  STATUS  REASON      MESSAGE\n"
        "Available  True    AsExpected  It serves.\n"
        "\n"
        "COMPONENT                     STATE      READY   IMAGE\n"
        "DaemonSet kube-system/driver  Available  3 of 3  i:1\n"
        "\n"
        "STORAGECLASS  STATE    DEFAULT  MESSAGE\n"
        "gold          InSync   yes\n"
        "silver        Blocked           parameters differ\n"
        "\n"
        "PLANNED  OBJECT          REASON\n"
        "Create   StorageClass x  it does not exist\n"
        "\n"
        "CHANGED OBJECT  FIELD          BY            REPAIRS  HELD\n"
        "Deployment a/b  spec.replicas  kubectl-edit  2        false\n"
        "\n"
        "LEFTOVER       REMEDY\n"
        "ConfigMap a/b  kubectl delete it\n");
}

TEST_CASE("a status that nobody wrote, or that is old, says so", "[cli][status]") {
  json plugin = {{"metadata", {{"name", "a"}, {"generation", 2}}}};
  CHECK_THAT(status_text(plugin), Contains("No operator has looked at it yet"));
  plugin["status"] = {{"observedGeneration", 1}, {"phase", 3}, {"conditions", "odd"}};
  CHECK_THAT(status_text(plugin), Contains("has not seen the present spec yet"));
}

TEST_CASE("files that cannot be planned are refused with a remedy", "[cli][plan]") {
  const auto refusal = [](std::string_view text) {
    const auto read = read_plugins(text, "FILE");
    return read ? std::string("accepted") : read.error().message;
  };
  const std::string good =
      "apiVersion: blockstorage.dev/v1alpha1\nkind: BlockStoragePlugin\n"
      "metadata: {name: a}\nspec: {driver: {name: ibmc-block}}\n";
  CHECK(refusal(good) == "accepted");
  CHECK(read_plugins(good + "---\n" + "# nothing\n---\n", "FILE")->size() == 1);
  CHECK(refusal("") == "FILE: no BlockStoragePlugin in it");
  CHECK_THAT(refusal(good + "---\n" + good), Contains("is there twice; keep one"));
  CHECK_THAT(refusal("apiVersion: v1\nkind: ConfigMap\n"),
             Contains("kind \"ConfigMap\" of apiVersion \"v1\" cannot be planned"));
  CHECK_THAT(refusal("apiVersion: blockstorage.dev/v1alpha1\nkind: BlockStoragePlugin\n"),
             Contains("no metadata.name; give it one"));
  CHECK_THAT(refusal("a: [1\n"), Contains("FILE: line"));
  CHECK_THAT(refusal("- 1\n"), Contains("cannot be planned"));
}

TEST_CASE("a removal that is blocked is told and fails", "[cli][plan]") {
  auto plan = some_plan();
  plan.report.blocked = "1 volume uses the driver";
  CHECK_THAT(plan_text({&plan, 1}),
             Contains("Blocked: nothing of this is done for now. 1 volume uses the driver.\n"));
  CHECK(plan_document({&plan, 1}).at("plugins").at(0).at("blocked") == "1 volume uses the driver");
  CHECK(plan_exit_code({&plan, 1}) == exit_error);
}
