// SPDX-License-Identifier: Apache-2.0
#include "install/plan_scene.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/class_policy.h"
#include "install/class_status.h"
#include "install/judge_removal.h"
#include "install/names.h"
#include "install/uninstall.h"

namespace bso::install {
namespace {

ObjectRef class_address(std::string name) {
  return make_ref(*find_kind("storage.k8s.io", "StorageClass"), "", std::move(name));
}

Trial patching(PlannedAction action, const ObservedObject& found, std::string reason,
               codec::JsonPtr patch) {
  return {.action = action,
          .ref = found.ref,
          .reason = std::move(reason),
          .desired = nullptr,
          .uid = found.uid,
          .patch = std::move(patch)};
}

/// Whose the classes are is settled before their content is looked at: `found` is made what it will
/// be then.
std::vector<Trial> hand_over(const ParsedSpec& parsed, std::vector<ObservedObject>& found) {
  std::vector<Trial> trials;
  if (!parsed.spec) {
    return trials;
  }
  const std::string& plugin = parsed.spec->plugin;
  for (ObservedObject& object : found) {
    switch (judge_handover(object, *parsed.bundle, *parsed.spec)) {
      case Handover::none:
        break;
      case Handover::give_up:
        trials.push_back(patching(PlannedAction::give_up, object,
                                  "it stays, and is no longer the operator's",
                                  give_up_patch(object, plugin)));
        object.owner = Owner::nobody;
        object.given_up_by = plugin;
        object.applied_hash.clear();
        break;
      case Handover::take_back:
        trials.push_back(patching(PlannedAction::take_back, object,
                                  "it was given up, and the spec asks for it again",
                                  take_back_patch(object, *parsed.bundle, plugin)));
        object.owner = Owner::ours;
        object.given_up_by.clear();
        break;
    }
  }
  return trials;
}

/// An object that is taken back and set right at once is one step.
void join_taken_back(std::vector<Trial>& handovers, Trials& rest,
                     std::span<const ObservedObject> found, const std::string& plugin) {
  for (Trial& trial : rest.trials) {
    const ObservedObject* object = find_observed(found, trial.ref);
    if (trial.action == PlannedAction::adopt && object != nullptr &&
        object->owner == Owner::nobody && object->given_up_by == plugin) {
      trial.action = PlannedAction::take_back;
      trial.reason = "it was given up, and the spec asks for it again";
    }
  }
  std::erase_if(rest.trials, [&](const Trial& trial) {
    const auto taken = std::find_if(handovers.begin(), handovers.end(), [&](const Trial& handover) {
      return handover.action == PlannedAction::take_back && handover.ref.same_object(trial.ref);
    });
    if (trial.action != PlannedAction::update || taken == handovers.end()) {
      return false;
    }
    taken->desired = trial.desired;
    return true;
  });
}

/// What the steps so far leave of the cluster's classes, and of the wanted one.
void foresee_classes(std::span<const Trial> trials, std::vector<ClassView>& views,
                     std::vector<ObservedObject>& found) {
  for (const Trial& trial : trials) {
    if (trial.ref.kind != "StorageClass") {
      continue;
    }
    if (trial.action == PlannedAction::remove) {
      std::erase_if(views, [&](const ClassView& view) { return view.name == trial.ref.name; });
    }
    if (trial.action == PlannedAction::create) {
      views.push_back({.name = trial.ref.name,
                       .uid = "",
                       .resource_version = "",
                       .terminating = false,
                       .marks = {}});
    }
    for (ObservedObject& object : found) {
      const bool taken =
          trial.action == PlannedAction::adopt || trial.action == PlannedAction::take_back;
      object.owner = taken && object.ref.same_object(trial.ref) ? Owner::ours : object.owner;
    }
    std::erase_if(found, [&](const ObservedObject& object) {
      return trial.action == PlannedAction::create && object.ref.same_object(trial.ref);
    });
    if (trial.action == PlannedAction::create) {
      ObservedObject made;
      made.ref = trial.ref;
      made.exists = true;
      made.owner = Owner::ours;
      found.push_back(std::move(made));
    }
  }
}

Trial mark_trial(const MarkStep& step, const DefaultClass& wanted) {
  const bool enforced = wanted.mode == DefaultMode::enforce;
  std::string reason =
      enforced ? fmt::format("spec.storageClasses.default.mode is Enforce for {}", wanted.name)
               : std::string("spec.storageClasses.default names it, and no class is the default");
  const bool is_new = step.target.uid.empty();
  if (is_new) {
    reason += "; once it is created";
  }
  return {.action = step.mark ? PlannedAction::set_default : PlannedAction::unset_default,
          .ref = class_address(step.target.name),
          .reason = std::move(reason),
          .desired = nullptr,
          .uid = step.target.uid,
          .patch = mark_patch(step),
          .too_early = is_new};
}

std::vector<Trial> mark_default(const InstallScene& scene, std::span<const Trial> before,
                                std::vector<ObservedObject> found) {
  ClassFindings classes;
  classes.cluster = scene.classes.cluster;
  classes.mark_counts = scene.classes.mark_counts;
  foresee_classes(before, classes.cluster, found);
  const StatusInput input{.plugin = scene.plugin,
                          .parsed = scene.parsed,
                          .desired = scene.desired,
                          .observed = found,
                          .classes = classes,
                          .operator_version = "",
                          .now = ""};
  std::vector<ClassView> views = classes.cluster;
  DefaultScene judged = default_scene(input);
  judged.classes = views;
  std::vector<Trial> trials;
  // Each step settles one class.
  for (std::size_t left = views.size(); left > 0; --left) {
    const auto step = next_mark(judged);
    if (!step) {
      break;
    }
    trials.push_back(mark_trial(*step, judged.wanted));
    for (ClassView& view : views) {
      if (view.name == step->target.name) {
        view.marks.clear();
        if (step->mark) {
          view.marks.emplace_back(kDefaultClassMark);
        }
      }
    }
  }
  return trials;
}

void append(std::vector<Trial>& to, std::vector<Trial> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

std::string why_removed(const nlohmann::json& plugin) {
  return codec::find(plugin, {"metadata", "deletionTimestamp"}) != nullptr
             ? "the BlockStoragePlugin is being deleted"
             : "spec.managementState is Removed";
}

Trial give_up_orphan(const ObservedObject& found, std::string reason, const std::string& plugin) {
  auto patch = std::make_shared<const nlohmann::json>(orphaning_patch(found, plugin));
  return patching(PlannedAction::give_up, found, std::move(reason), std::move(patch));
}

/// What an object waits for in a removal, as the end of a reason.
std::string waits_for(Uninstall verdict, bool is_late) {
  if (verdict == Uninstall::blocked) {
    return "; not as long as volumes use the driver, or may";
  }
  if (verdict == Uninstall::force) {
    return "; although volumes use the driver, or may";
  }
  return verdict == Uninstall::remove && is_late
             ? "; once the provisioner has ended and has left no volume"
             : "";
}

}  // namespace

std::vector<ObjectRef> refs_beyond(const nlohmann::json& plugin, const ParsedSpec& parsed) {
  std::vector<ObjectRef> refs;
  for (InventoryEntry& entry : read_inventory(plugin)) {
    refs.push_back(std::move(entry.ref));
  }
  if (parsed.spec) {
    for (PolicedClass& policed : policed_classes(*parsed.bundle, parsed.spec->classes)) {
      refs.push_back(class_address(std::move(policed.name)));
    }
  }
  return refs;
}

Trials installation_trials(const InstallScene& scene) {
  std::vector<ObservedObject> found(scene.observed.begin(), scene.observed.end());
  std::vector<Trial> handovers = hand_over(scene.parsed, found);
  const PluginSpec& spec = *scene.parsed.spec;
  mark_adoptable(found, spec.reconcile.adopt, spec.plugin);
  mark_left(found, scene.desired, read_inventory(scene.plugin), read_drift(scene.plugin),
            spec.reconcile.repair_drift);
  Trials all = trials_for(scene.plugin, *scene.parsed.bundle, scene.desired, found);
  join_taken_back(handovers, all, found, spec.plugin);
  std::vector<Trial> marks = mark_default(scene, all.trials, found);
  append(handovers, std::exchange(all.trials, {}));
  append(handovers, std::move(marks));
  all.trials = std::move(handovers);
  for (Trial& trial : all.trials) {
    trial.may_force = trial.action == PlannedAction::adopt ||
                      trial.action == PlannedAction::take_back || spec.reconcile.repair_drift;
  }
  return all;
}

Trials removal_trials(const RemovalScene& scene) {
  const std::string plugin = codec::string_at(scene.plugin, {"metadata", "name"});
  const bool driver = holds_driver(scene.inventory);
  const DeletionSettings deletion = deletion_of(scene.plugin);
  const Uninstall verdict = judge_uninstall({.managed = true,
                                             .held = false,
                                             .bundle = scene.parsed.bundle,
                                             .deletion = deletion,
                                             .anything_installed = !scene.inventory.empty(),
                                             .driver_installed = driver,
                                             .volumes = scene.volumes});
  Trials all;
  if (verdict == Uninstall::blocked) {
    all.blocked = removal_obstacle(scene.parsed, scene.volumes).message;
    all.blocked.pop_back();  // it goes on in the sentence of who tells it
  }
  std::vector<ObservedObject> found(scene.observed.begin(), scene.observed.end());
  const bool orphans = verdict == Uninstall::orphan;
  if (!orphans && scene.parsed.bundle != nullptr) {
    all.trials = hand_over(scene.parsed, found);
  }
  const auto ordered = deletion_order({scene.inventory.begin(), scene.inventory.end()});
  const std::size_t first = before_node_driver(ordered).size();
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const ObservedObject* object = find_observed(found, ordered[i].ref);
    if (object == nullptr || !may_delete(*object)) {
      continue;
    }
    std::string reason = why_removed(scene.plugin);
    if (orphans || (ordered[i].ref.kind == "StorageClass" && deletion.retain_classes)) {
      all.trials.push_back(give_up_orphan(*object, reason + "; it stays", plugin));
      continue;
    }
    if (driver) {
      reason += waits_for(verdict, i >= first);
    }
    all.trials.push_back({.action = PlannedAction::remove,
                          .ref = object->ref,
                          .reason = std::move(reason),
                          .desired = nullptr,
                          .uid = object->uid});
  }
  return all;
}

}  // namespace bso::install
