// SPDX-License-Identifier: Apache-2.0
#include "install/plan_scene.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "install/class_policy.h"
#include "install/names.h"
#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using nlohmann::json;

namespace {

using Texts = std::vector<std::string>;

constexpr const char* kGold = "ibmc-block-gold";
const json kOnlyGold = {{"presets", {{"tiers", {"Gold"}}, {"retainVariants", false}}}};

ObjectRef class_named(std::string name) {
  return make_ref(*find_kind("storage.k8s.io", "StorageClass"), "", std::move(name));
}

ClassView seen_class(std::string name, bool marked) {
  ClassView view;
  view.uid = "uid-of-" + name;
  view.resource_version = "7";
  view.name = std::move(name);
  if (marked) view.marks = {std::string(kDefaultClassMark)};
  return view;
}

/// A plug-in with what is installed of an earlier spec of it.
struct Planned {
  explicit Planned(const json& spec, const json& before = json::object())
      : document(plugin(spec)), desired(rendered(spec)) {
    const auto installed = rendered(before);
    observed = all_running(installed);
    for (const auto& object : installed) {
      inventory.push_back({object.ref, "", ""});
      document["status"]["inventory"].push_back({{"group", object.ref.group},
                                                 {"version", object.ref.version},
                                                 {"kind", object.ref.kind},
                                                 {"namespace", object.ref.ns},
                                                 {"name", object.ref.name}});
    }
    parsed = parse_spec(document, shipped());
    REQUIRE(parsed.spec);
  }
  Planned(const Planned&) = delete;
  Planned& operator=(const Planned&) = delete;

  [[nodiscard]] Trials installation() const {
    const InstallScene scene{.plugin = document,
                             .parsed = parsed,
                             .desired = desired,
                             .observed = observed,
                             .classes = classes};
    return installation_trials(scene);
  }
  [[nodiscard]] Trials removal() const {
    const RemovalScene scene{.plugin = document,
                             .parsed = parsed,
                             .inventory = inventory,
                             .observed = observed,
                             .volumes = volumes};
    return removal_trials(scene);
  }

  json document;
  std::vector<DesiredObject> desired;
  std::vector<ObservedObject> observed;
  std::vector<InventoryEntry> inventory;
  ParsedSpec parsed;
  ClassFindings classes;
  std::optional<VolumeUse> volumes = VolumeUse();
};

Texts told(const Trials& all) {
  Texts texts;
  for (const Trial& one : all.trials) {
    texts.push_back(std::string(word_of(one.action)) + " " + one.ref.display());
  }
  return texts;
}

bool all_are(const Trials& all, PlannedAction action) {
  return std::all_of(all.trials.begin(), all.trials.end(),
                     [&](const Trial& trial) { return trial.action == action; });
}

ObservedObject& gold_in(Planned& planned) {
  return observed_named(planned.observed, "StorageClass", kGold);
}

VolumeUse one_volume() {
  VolumeUse use;
  use.add({"pv-1", "shop/data", {}});
  return use;
}

}  // namespace

TEST_CASE("what stands beside the desired objects is looked at, too", "[install][plan]") {
  const Planned planned(json{{"storageClasses", {{"policy", "Unmanaged"}}}});
  const auto refs = refs_beyond(planned.document, planned.parsed);
  const auto count = std::count_if(refs.begin(), refs.end(), [](const ObjectRef& ref) {
    return ref.same_object(class_named(kGold));
  });
  CHECK(count == 2);  // by the inventory and by the spec; who looks does so once
  CHECK(refs.size() > planned.inventory.size());
}

TEST_CASE("classes that stay without the operator are given up, not deleted", "[install][plan]") {
  json classes = kOnlyGold;
  classes["onRemovedFromSpec"] = "Orphan";
  const Planned planned(json{{"storageClasses", classes}});
  const Trials all = planned.installation();
  CHECK(all.trials.size() == 7);
  CHECK(all_are(all, PlannedAction::give_up));
  for (const Trial& trial : all.trials) {
    CHECK(trial.desired == nullptr);
    REQUIRE(trial.patch);
    CHECK(codec::string_at(*trial.patch, {"metadata", "annotations", kOrphanedFrom}) ==
          "ibmc-block");
  }
  const Planned unmanaged(json{{"storageClasses", {{"policy", "Unmanaged"}}}});
  CHECK(unmanaged.installation().trials.size() == 8);
  CHECK(all_are(unmanaged.installation(), PlannedAction::give_up));
}

TEST_CASE("a class that is taken back and set right is one step", "[install][plan]") {
  Planned planned(json::object());
  auto& gold = gold_in(planned);
  gold.owner = Owner::nobody;
  gold.given_up_by = "ibmc-block";
  gold.applied_hash.clear();
  Trials all = planned.installation();
  REQUIRE(told(all) == Texts{"TakeBack StorageClass ibmc-block-gold"});
  CHECK(all.left_alone.empty());
  CHECK(all.trials.front().patch != nullptr);
  CHECK(all.trials.front().desired ==
        &object_named(planned.desired, "StorageClass", std::string_view(kGold)));

  // What cannot be changed is made anew after it.
  gold.immutable_drift = {"parameters"};
  all = planned.installation();
  CHECK(told(all) ==
        Texts{"TakeBack StorageClass ibmc-block-gold", "Recreate StorageClass ibmc-block-gold"});
  CHECK(all.trials.front().desired == nullptr);

  // Another plug-in's leavings are nobody's.
  gold.given_up_by = "other";
  all = planned.installation();
  CHECK(all.trials.empty());
  CHECK(all.left_alone.size() == 1);
}

TEST_CASE("an orphan is taken back by being applied", "[install][plan]") {
  Planned planned(json::object());
  auto& node = observed_named(planned.observed, "DaemonSet", kNode);
  node.owner = Owner::nobody;
  node.given_up_by = "ibmc-block";
  node.drift = {"metadata.labels"};
  const Trials all = planned.installation();
  CHECK(told(all) == Texts{"TakeBack DaemonSet kube-system/ibmcloud-block-storage-driver"});
  CHECK(all.trials.front().desired != nullptr);
}

TEST_CASE("the mark of the default class is planned", "[install][plan]") {
  const auto with_default = [](const char* mode) {
    return json{{"storageClasses", {{"default", {{"mode", mode}, {"className", kGold}}}}}};
  };
  Planned keep(with_default("Preserve"));
  keep.classes.cluster = {seen_class(kGold, false), seen_class("file", true)};
  CHECK(keep.installation().trials.empty());
  keep.classes.cluster = {seen_class(kGold, false), seen_class("file", false)};
  Trials all = keep.installation();
  CHECK(told(all) == Texts{"SetDefault StorageClass ibmc-block-gold"});
  CHECK(all.trials.front().patch != nullptr);
  CHECK_FALSE(all.trials.front().too_early);

  Planned enforce(with_default("Enforce"));
  enforce.classes.cluster = {seen_class("a", true), seen_class(kGold, false),
                             seen_class("file", true)};
  CHECK(told(enforce.installation()) == Texts{"SetDefault StorageClass ibmc-block-gold",
                                              "UnsetDefault StorageClass a",
                                              "UnsetDefault StorageClass file"});
  gold_in(enforce).owner = Owner::somebody;
  CHECK(told(enforce.installation()).empty());
}

TEST_CASE("the mark follows what is created and deleted before it", "[install][plan]") {
  json classes = kOnlyGold;
  classes["default"] = {{"className", kGold}};
  // The default class is one that goes: then there is none.
  Planned goes(json{{"storageClasses", classes}});
  goes.classes.cluster = {seen_class(kGold, false), seen_class("ibmc-block-silver", true)};
  CHECK(told(goes.installation()).back() == "SetDefault StorageClass ibmc-block-gold");

  // The first installation: the class is yet to be made, so the server cannot be asked.
  Planned first(json{{"storageClasses", classes}});
  first.observed.clear();
  first.document.erase("status");
  const Trials all = first.installation();
  REQUIRE(told(all).back() == "SetDefault StorageClass ibmc-block-gold");
  CHECK(all.trials.back().too_early);
  CHECK_THAT(all.trials.back().reason, EndsWith("once it is created"));
  first.classes.cluster = {seen_class("file", true)};
  CHECK(told(first.installation()).back() != "SetDefault StorageClass ibmc-block-gold");
}

TEST_CASE("a mark is not promised for a class whose creation is refused", "[install][plan]") {
  PlanEntry refused;
  refused.action = PlannedAction::create;
  refused.ref = class_named(kGold);
  refused.refused = true;
  Trial mark;
  mark.action = PlannedAction::set_default;
  mark.ref = class_named(kGold);
  mark.reason = "wanted";
  mark.too_early = true;
  CHECK_THAT(judge_trial(mark, nullptr, codec::JsonPtr{}, {&refused, 1}).reason,
             Contains("not before what is refused above is mended"));
  CHECK(judge_trial(mark, nullptr, codec::JsonPtr{}, {}).reason == "wanted");
}

TEST_CASE("Removed deletes everything in the order of deletion", "[install][plan]") {
  Planned planned(json{{"managementState", "Removed"}});
  gold_in(planned).owner = Owner::somebody;
  const Trials all = planned.removal();
  CHECK(all.blocked.empty());
  CHECK(all_are(all, PlannedAction::remove));
  CHECK(all.trials.size() == planned.inventory.size() - 1);
  CHECK(all.trials.front().ref.kind == "StorageClass");
  CHECK(all.trials.front().reason == "spec.managementState is Removed");
  const auto node = std::find_if(all.trials.begin(), all.trials.end(),
                                 [](const Trial& trial) { return trial.ref.kind == "DaemonSet"; });
  CHECK_THAT(node->reason, Contains("once the provisioner has ended"));
}

TEST_CASE("volumes block a removal, and the plan says so", "[install][plan]") {
  Planned planned(json{{"managementState", "Removed"}});
  planned.volumes = one_volume();
  Trials all = planned.removal();
  CHECK_THAT(all.blocked, Contains("1 volume uses the driver ibm/ibmc-block: pv-1"));
  CHECK(all.trials.size() == planned.inventory.size());
  CHECK_THAT(all.trials.front().reason, Contains("not as long as volumes use the driver"));
  planned.volumes.reset();
  CHECK_THAT(planned.removal().blocked, Contains("not known"));

  PlanReport report;
  report.blocked = all.blocked;
  CHECK_THAT(summary(report), Contains("nothing of it is done for now"));
}

TEST_CASE("Orphan and Retain give up instead", "[install][plan]") {
  Planned orphan(
      json{{"managementState", "Removed"}, {"deletion", {{"whenVolumesExist", "Orphan"}}}});
  orphan.volumes = one_volume();
  CHECK(all_are(orphan.removal(), PlannedAction::give_up));
  CHECK(orphan.removal().trials.size() == orphan.inventory.size());
  CHECK(orphan.removal().blocked.empty());
  REQUIRE(orphan.removal().trials.front().patch);
  CHECK(codec::string_at(*orphan.removal().trials.front().patch,
                         {"metadata", "annotations", kOrphanedFrom}) == "ibmc-block");

  Planned retain(
      json{{"managementState", "Removed"}, {"deletion", {{"storageClasses", "Retain"}}}});
  const Trials all = retain.removal();
  for (const Trial& trial : all.trials) {
    CHECK((trial.action == PlannedAction::give_up) == (trial.ref.kind == "StorageClass"));
  }

  Planned force(
      json{{"managementState", "Removed"}, {"deletion", {{"whenVolumesExist", "Force"}}}});
  force.volumes = one_volume();
  CHECK(all_are(force.removal(), PlannedAction::remove));
  CHECK(force.removal().blocked.empty());
}

TEST_CASE("the status of a removal in mode Plan lists it", "[install][plan]") {
  Scene scene;
  scene.document["spec"]["managementState"] = "Removed";
  scene.document["spec"]["reconcile"]["mode"] = "Plan";
  scene.desired.clear();
  scene.removal.verdict = Uninstall::held;
  PlanReport report;
  PlanEntry entry;
  entry.action = PlannedAction::remove;
  entry.ref = class_named(kGold);
  entry.reason = "spec.managementState is Removed";
  report.entries = {entry};
  report.blocked = "1 volume uses the driver";
  scene.plan = &report;
  const json status = scene.status();
  CHECK(status["plan"].size() == 1);
  CHECK(brief(status, "DeletionBlocked") == "True ReconcilePaused");
  const std::string message = condition(status, "DeletionBlocked")["message"];
  CHECK_THAT(message, Contains("0 to create, 0 to change, 1 to delete") &&
                          Contains("1 volume uses the driver"));
}

TEST_CASE("an orphan is nobody's", "[install][plan]") {
  const DesiredObject gold = object_named(rendered(), "StorageClass", kGold);
  json document = live(gold);
  document["metadata"]["labels"] = json::object();
  document["metadata"]["annotations"] = {{std::string(kOrphanedFrom), "ibmc-block"}};
  const ObservedObject orphan = observe(gold.ref, &document, nullptr, "ibmc-block");
  CHECK(orphan.owner == Owner::nobody);
  CHECK(orphan.given_up_by == "ibmc-block");
  document.merge_patch(*give_up_patch(orphan, "ibmc-block"));
  const ObservedObject after = observe(gold.ref, &document, nullptr, "ibmc-block");
  CHECK(after.owner == Owner::nobody);
  CHECK(after.given_up_by == "ibmc-block");
}
