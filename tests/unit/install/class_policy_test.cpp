// SPDX-License-Identifier: Apache-2.0
#include "install/class_policy.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/names.h"
#include "install/plan.h"
#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

json classes(std::string_view text) { return {{"storageClasses", json::parse(text)}}; }

std::size_t count_classes(const std::vector<DesiredObject>& desired) {
  return static_cast<std::size_t>(
      std::count_if(desired.begin(), desired.end(),
                    [](const DesiredObject& object) { return object.ref.kind == "StorageClass"; }));
}

ObservedObject gold_of(Owner owner, std::string given_up_by = "") {
  ObservedObject found;
  found.ref = make_ref(*find_kind("storage.k8s.io", "StorageClass"), "", "ibmc-block-gold");
  found.exists = true;
  found.uid = "u";
  found.resource_version = "5";
  found.owner = owner;
  found.given_up_by = std::move(given_up_by);
  return found;
}

std::string state(const json& status, const std::string& name) {
  for (const json& entry : status["storageClasses"]) {
    if (entry["name"] == name) {
      return entry["state"];
    }
  }
  return "not listed";
}

}  // namespace

TEST_CASE("a policy decides which classes get a document", "[row-7]") {
  CHECK(count_classes(rendered()) == 8);
  CHECK(count_classes(rendered(classes(R"({"policy": "CreateOnly"})"))) == 8);
  CHECK(count_classes(rendered(classes(R"({"policy": "Unmanaged"})"))) == 0);
  CHECK(count_classes(rendered(classes(R"({"policy": "Removed"})"))) == 0);
  // A class's own policy wins, whichever way.
  const json one = classes(R"({"policy": "Removed", "classes": [{"name": "fast",
      "policy": "Managed"}, {"name": "slow"}], "default": {"className": "fast"}})");
  const auto desired = rendered(one);
  CHECK(count_classes(desired) == 1);
  CHECK_FALSE(object_named(desired, "StorageClass", "fast").create_only);
  const auto spec = valid_spec(one);
  CHECK(policy_of(shipped().front(), spec.classes, "slow") == ClassPolicy::removed);
  CHECK(policy_of(shipped().front(), spec.classes, "unknown") == std::nullopt);
}

TEST_CASE("a class that is only created is right whatever it holds", "[row-7]") {
  const auto desired = rendered(classes(R"({"policy": "CreateOnly"})"));
  const DesiredObject& gold = object_named(desired, "StorageClass", "ibmc-block-gold");
  for (const char* text :
       {R"({"metadata": {"name": "ibmc-block-gold", "uid": "u"}, "provisioner": "other"})",
        R"({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}})"}) {
    const json document = json::parse(text);
    const std::vector<ObservedObject> observed{observe(gold.ref, &document, &gold, "ibmc-block")};
    CHECK(observed.front().drift.empty());
    CHECK(plan(std::span(&gold, 1), observed).front().action == Action::keep);
    CHECK(find_troubles(std::span(&gold, 1), observed, {}, {}, "ibmc-block").empty());
  }
  CHECK(plan(std::span(&gold, 1), {}).front().action == Action::apply);
}

TEST_CASE("whose a class is changes by its policy", "[row-7]") {
  const Bundle& bundle = shipped().front();
  struct Row {
    std::string spec;
    Owner owner;
    std::string given_up_by;
    Handover verdict;
    bool survives;
  };
  for (const Row& row : std::vector<Row>{
           {R"({})", Owner::ours, "", Handover::none, false},
           {R"({"policy": "Unmanaged"})", Owner::ours, "", Handover::give_up, true},
           {R"({"policy": "Unmanaged"})", Owner::nobody, "", Handover::none, true},
           {R"({"policy": "Unmanaged"})", Owner::somebody, "", Handover::none, true},
           {R"({"policy": "Removed"})", Owner::ours, "", Handover::none, false},
           {R"({"policy": "Removed", "onRemovedFromSpec": "Orphan"})", Owner::ours, "",
            Handover::none, false},
           {R"({"presets": {"tiers": []}})", Owner::ours, "", Handover::none, false},
           {R"({"presets": {"tiers": []}, "onRemovedFromSpec": "Orphan"})", Owner::ours, "",
            Handover::give_up, true},
           // What this plug-in gave up comes back to it, and nothing else does.
           {R"({})", Owner::nobody, "ibmc-block", Handover::take_back, false},
           {R"({"policy": "CreateOnly"})", Owner::nobody, "ibmc-block", Handover::take_back, false},
           {R"({})", Owner::nobody, "another", Handover::none, false},
           {R"({})", Owner::nobody, "", Handover::none, false},
           {R"({})", Owner::somebody, "ibmc-block", Handover::none, false},
           {R"({"policy": "Removed"})", Owner::nobody, "ibmc-block", Handover::none, false},
       }) {
    INFO(row.spec << " " << row.given_up_by);
    const PluginSpec spec = valid_spec(classes(row.spec));
    const ObservedObject gold = gold_of(row.owner, row.given_up_by);
    CHECK(judge_handover(gold, bundle, spec) == row.verdict);
    CHECK(survives(gold.ref, bundle, spec.classes) == row.survives);
  }
  const ObjectRef role =
      make_ref(*find_kind("rbac.authorization.k8s.io", "ClusterRole"), "", "ibmc-block-gold");
  const PluginSpec orphan = valid_spec(classes(R"({"onRemovedFromSpec": "Orphan"})"));
  CHECK_FALSE(survives(role, bundle, orphan.classes));
}

TEST_CASE("giving up a class and taking it back touch only our own marks") {
  const ObservedObject gold = gold_of(Owner::ours);
  const json up = *give_up_patch(gold, "ibmc-block");
  CHECK(up.size() == 1);
  CHECK(up["metadata"]["uid"] == "u");
  CHECK(up["metadata"]["resourceVersion"] == "5");
  for (const auto& [key, value] : up["metadata"]["labels"].items()) {
    CHECK(value.is_null());
  }
  const json back = *take_back_patch(gold, shipped().front(), "ibmc-block");
  // One after the other, a class is as it was but for the hash, which the next apply sets.
  json labels = {{"app.kubernetes.io/managed-by", "block-storage-operator"},
                 {"app.kubernetes.io/part-of", "ibmc-block"},
                 {"blockstorage.dev/plugin", "ibmc-block"},
                 {"mine", "too"}};
  const json live = {{"metadata",
                      {{"name", "ibmc-block-gold"},
                       {"uid", "u"},
                       {"resourceVersion", "5"},
                       {"labels", labels},
                       {"annotations", {{"mine", "too"}, {"blockstorage.dev/applied-hash", "x"}}}}},
                     {"provisioner", "ibm.io/ibmc-block"}};
  json changed = live;
  changed.merge_patch(up);
  CHECK(changed["metadata"]["labels"] == json{{"mine", "too"}});
  CHECK(observe(gold.ref, &changed, nullptr, "ibmc-block").owner == Owner::nobody);
  CHECK(observe(gold.ref, &changed, nullptr, "ibmc-block").given_up_by == "ibmc-block");
  changed.merge_patch(back);
  json expected = live;
  expected["metadata"]["annotations"].erase("blockstorage.dev/applied-hash");
  CHECK(changed == expected);
}

TEST_CASE("the status tells the state of each class", "[row-7]") {
  const auto states = [](std::string_view text, const std::function<void(Scene&)>& change) {
    Scene scene;
    scene.document = plugin(classes(text));
    scene.desired = rendered(classes(text));
    scene.observed = all_running(scene.desired);
    change(scene);
    return state(scene.status(), "ibmc-block-gold");
  };
  const auto gold = [](Scene& scene) -> ObservedObject& {
    return observed_named(scene.observed, "StorageClass", "ibmc-block-gold");
  };
  CHECK(states("{}", [](Scene&) {}) == "InSync");
  CHECK(states("{}", [&](Scene& scene) { gold(scene).exists = false; }) == "Missing");
  CHECK(states("{}", [&](Scene& scene) { gold(scene).drift = {"x"}; }) == "Drifted");
  CHECK(states("{}", [&](Scene& scene) { gold(scene).immutable_drift = {"x"}; }) == "Drifted");
  CHECK(states(R"({"onImmutableChange": "Block"})",
               [&](Scene& scene) { gold(scene).immutable_drift = {"x"}; }) == "Blocked");
  CHECK(states("{}", [&](Scene& scene) { gold(scene).owner = Owner::nobody; }) == "Conflict");
  CHECK(states(R"({"policy": "CreateOnly"})",
               [&](Scene& scene) { gold(scene).owner = Owner::nobody; }) == "InSync");
  CHECK(states(R"({"policy": "Unmanaged"})", [](Scene&) {}) == "Unmanaged");
  CHECK(states(R"({"policy": "Removed"})", [](Scene&) {}) == "Removed");
}
