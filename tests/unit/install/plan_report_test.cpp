// SPDX-License-Identifier: Apache-2.0
#include "install/plan_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using nlohmann::json;

namespace {

Error refusal(int code, std::string reason, std::string message) {
  Error error;
  error.kind = ErrorKind::status;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  return error;
}

codec::JsonPtr shared(json document) { return std::make_shared<const json>(std::move(document)); }

Trial trial(PlannedAction action, std::string kind, std::string name) {
  Trial made;
  made.action = action;
  made.ref.kind = std::move(kind);
  made.ref.name = std::move(name);
  made.reason = "a reason";
  return made;
}

PlanEntry entry(PlannedAction action, std::string kind, std::string name, bool refused = false) {
  PlanEntry made;
  made.action = action;
  made.ref.kind = std::move(kind);
  made.ref.name = std::move(name);
  made.refused = refused;
  return made;
}

std::vector<std::string> words(const Trials& all) {
  std::vector<std::string> texts;
  for (const Trial& one : all.trials) {
    texts.push_back(std::string(word_of(one.action)) + " " + one.ref.display());
  }
  return texts;
}

}  // namespace

TEST_CASE("a first installation is planned in the order of application",
          "[install][plan][row-18][row-A]") {
  const auto desired = rendered();
  const auto steps = plan(desired, {});
  const Trials all = trials_of(steps, {}, {});
  REQUIRE(all.trials.size() == desired.size());
  for (std::size_t i = 0; i < desired.size(); ++i) {
    CHECK(all.trials[i].action == PlannedAction::create);
    CHECK(all.trials[i].ref == desired[i].ref);
    CHECK(all.trials[i].desired == &desired[i]);
  }
  CHECK(all.left_alone.empty());
}

TEST_CASE("what is as it should be is not planned, what is somebody's is left alone",
          "[install][plan]") {
  const auto desired = rendered();
  auto observed = all_running(desired);
  CHECK(trials_of(plan(desired, observed), observed, {}).trials.empty());

  observed_named(observed, "Deployment", kController).drift = {"spec.replicas"};
  observed_named(observed, "DaemonSet", kNode).owner = Owner::nobody;
  const Trials all = trials_of(plan(desired, observed), observed, {});
  CHECK(words(all) ==
        std::vector<std::string>{"Update Deployment kube-system/ibmcloud-block-storage-plugin"});
  CHECK(all.trials.front().uid == "uid-of-ibmcloud-block-storage-plugin");
  REQUIRE(all.left_alone.size() == 1);
  CHECK(all.left_alone.front().ref.kind == "DaemonSet");
  CHECK_FALSE(all.left_alone.front().reason.empty());
}

TEST_CASE("removals come last, and only of what is there and ours", "[install][plan]") {
  const auto desired = rendered({{"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}});
  const auto before = rendered();
  auto observed = all_running(before);
  std::vector<InventoryEntry> inventory;
  for (const auto& object : before) inventory.push_back({object.ref, "", ""});
  observed_named(observed, "StorageClass", "ibmc-block-silver").owner = Owner::somebody;
  observed_named(observed, "StorageClass", "ibmc-block-bronze").exists = false;
  const Trials all =
      trials_of(plan(desired, observed), observed, objects_to_prune(inventory, desired));
  for (const Trial& one : all.trials) CHECK(one.action == PlannedAction::remove);
  CHECK(words(all) == std::vector<std::string>{"Delete StorageClass ibmc-block-retain-bronze",
                                               "Delete StorageClass ibmc-block-retain-silver",
                                               "Delete StorageClass ibmc-block-custom",
                                               "Delete StorageClass ibmc-block-retain-custom"});
}

TEST_CASE("the reason of a change names fields with their values", "[install][plan]") {
  const json before = {{"spec", {{"replicas", 1}}}};
  const auto made = judge_trial(trial(PlannedAction::update, "Deployment", "a"), &before,
                                shared({{"spec", {{"replicas", 2}}}}), {});
  CHECK(made.reason == "spec.replicas 1 -> 2");
  CHECK_FALSE(made.refused);
  CHECK(judge_trial(trial(PlannedAction::adopt, "Deployment", "a"), &before,
                    shared({{"spec", {{"replicas", 2}}}}), {})
            .reason == "a reason: spec.replicas 1 -> 2");
  CHECK(judge_trial(trial(PlannedAction::update, "Deployment", "a"), &before, shared(before), {})
            .reason == "a reason; only the operator's own mark changes");
  CHECK(judge_trial(trial(PlannedAction::create, "Deployment", "a"), nullptr, shared(before), {})
            .reason == "a reason");
  CHECK(judge_trial(trial(PlannedAction::remove, "Deployment", "a"), &before, codec::JsonPtr{}, {})
            .reason == "a reason");
}

TEST_CASE("a refusal is told with its remedy", "[install][plan]") {
  Error conflict = refusal(409, "Conflict", "Apply failed with 1 conflict");
  conflict.causes = {
      {"FieldManagerConflict", "conflict with \"kubectl-edit\" using apps/v1", ".spec.replicas"}};
  const json before = json::object();
  auto made =
      judge_trial(trial(PlannedAction::update, "Deployment", "a"), &before, fail(conflict), {});
  CHECK(made.refused);
  CHECK_THAT(made.reason,
             StartsWith("would be refused: ") && Contains("kubectl-edit manages .spec.replicas"));
  made = judge_trial(
      trial(PlannedAction::create, "StorageClass", "a"), nullptr,
      fail(refusal(403, "Forbidden",
                   "storageclasses.storage.k8s.io \"a\" is forbidden: User \"x\" cannot patch "
                   "resource \"storageclasses\" in API group \"storage.k8s.io\" at the cluster "
                   "scope")),
      {});
  CHECK(made.refused);
  CHECK_THAT(made.reason, Contains("the right patch on storageclasses"));
  made = judge_trial(trial(PlannedAction::create, "StorageClass", "a"), nullptr,
                     fail(refusal(422, "Invalid", std::string(5000, 'x'))), {});
  CHECK(made.reason.size() <= 1024);
}

TEST_CASE("a binding is not blamed for a role that is created just before it", "[install][plan]") {
  DesiredObject binding;
  binding.document = shared({{"roleRef", {{"name", "role"}}}});
  auto tried = trial(PlannedAction::create, "ClusterRoleBinding", "b");
  tried.desired = &binding;
  const Result<codec::JsonPtr> missing =
      fail(refusal(404, "NotFound", "clusterrole.rbac.authorization.k8s.io \"role\" not found"));
  std::vector<PlanEntry> earlier{entry(PlannedAction::create, "ClusterRole", "role")};
  CHECK_FALSE(judge_trial(tried, nullptr, missing, earlier).refused);
  earlier.front().refused = true;
  CHECK(judge_trial(tried, nullptr, missing, earlier).refused);
  CHECK(judge_trial(tried, nullptr, missing, {}).refused);
}

TEST_CASE("nothing is deleted while something else is refused, and the plan says so",
          "[install][plan]") {
  const std::vector<PlanEntry> earlier{entry(PlannedAction::update, "DaemonSet", "d", true)};
  const json before = json::object();
  CHECK_THAT(judge_trial(trial(PlannedAction::remove, "StorageClass", "a"), &before,
                         codec::JsonPtr{}, earlier)
                 .reason,
             Contains("not before what is refused above is mended"));
}

TEST_CASE("the plan is counted for people", "[install][plan]") {
  PlanReport report;
  CHECK(summary(report) == "nothing to do");
  CHECK_FALSE(report.refused());
  report.entries = {entry(PlannedAction::create, "A", "a"), entry(PlannedAction::create, "A", "b"),
                    entry(PlannedAction::update, "A", "c")};
  CHECK(summary(report) == "2 to create, 1 to change, 0 to delete");
  report.entries.push_back(entry(PlannedAction::recreate, "A", "d", true));
  report.entries.push_back(entry(PlannedAction::adopt, "A", "e"));
  report.left_alone.push_back({});
  CHECK(summary(report) ==
        "2 to create, 1 to change, 0 to delete, 1 to recreate, 1 to adopt; 1 of them would be "
        "refused; 1 left alone, see Degraded");
  CHECK(report.refused());
}

TEST_CASE("a long plan is cut where the CRD ends, and says so", "[install][plan]") {
  PlanReport report;
  for (int i = 0; i < 130; ++i) {
    report.entries.push_back(entry(PlannedAction::create, "A", std::to_string(i)));
  }
  CHECK(plan_json(report).size() == 128);
  CHECK_THAT(summary(report), Contains("130 to create") && Contains("only the first 128"));
  report.entries.resize(1);
  CHECK(plan_json(report) ==
        json::array({{{"action", "Create"}, {"object", "A 0"}, {"reason", ""}}}));
}

TEST_CASE("status.plan and the Paused condition tell the plan", "[install][plan][row-18]") {
  Scene scene;
  scene.document["spec"]["reconcile"]["mode"] = "Plan";
  CHECK_FALSE(scene.status().contains("plan"));
  PlanReport report;
  report.entries = {entry(PlannedAction::create, "StorageClass", "gold")};
  scene.plan = &report;
  const json status = scene.status();
  CHECK(status.at("plan") == plan_json(report));
  CHECK(brief(status, "Paused") == "True PlanOnly");
  CHECK_THAT(condition(status, "Paused")["message"].get<std::string>(),
             Contains("1 to create, 0 to change, 0 to delete"));
  CHECK(status.at("phase") == "Paused");
}

TEST_CASE("in mode Plan nothing is under way", "[install][plan]") {
  Scene scene;
  scene.document["spec"]["reconcile"]["mode"] = "Plan";
  scene.observed.clear();
  CHECK(brief(scene.status(), "Progressing") == "False PlanOnly");
}
