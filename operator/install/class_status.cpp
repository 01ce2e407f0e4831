// SPDX-License-Identifier: Apache-2.0
#include "install/class_status.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/class_policy.h"
#include "install/recreate.h"

namespace bso::install {
namespace {

using nlohmann::json;

const DesiredObject* find_class_document(const StatusInput& input, const ObjectRef& ref) {
  for (const DesiredObject& desired : input.desired) {
    if (desired.ref.same_object(ref)) {
      return &desired;
    }
  }
  return nullptr;
}

// State and message of a class that is to be kept right.
std::pair<std::string, std::string> managed_state(const DesiredObject& desired,
                                                  const ObservedObject& found,
                                                  const Trouble* trouble) {
  const std::string why = trouble == nullptr ? "" : trouble->message;
  if (found.owner != Owner::ours) {
    return {"Conflict", why};
  }
  if (!found.immutable_drift.empty() && !may_recreate(desired, found)) {
    return {"Blocked", why};
  }
  if (trouble != nullptr) {
    return {trouble->reason == "ConflictingManager" ? "Conflict" : "Blocked", why};
  }
  return {found.drift.empty() && found.immutable_drift.empty() ? "InSync" : "Drifted", ""};
}

std::pair<std::string, std::string> state_of(const PolicedClass& policed, const ObjectRef& ref,
                                             const StatusInput& input, const Health& health) {
  const ObservedObject* found = find_observed(input.observed, ref);
  const Trouble* trouble = find_trouble(health.troubles, ref);
  const bool exists = found != nullptr && found->exists;
  const std::string why = trouble == nullptr ? "" : trouble->message;
  if (policed.policy == ClassPolicy::unmanaged) {
    return {"Unmanaged", exists ? why : "There is no class of this name."};
  }
  if (policed.policy == ClassPolicy::removed) {
    const bool foreign = exists && found->owner != Owner::ours;
    return {"Removed", foreign ? "A class of this name was not made by the operator, and stays."
                       : exists && why.empty() ? "It is still there."
                                               : why};
  }
  const DesiredObject* desired = find_class_document(input, ref);
  if (!exists || desired == nullptr) {
    return {"Missing", why};
  }
  return desired->create_only ? std::pair<std::string, std::string>{"InSync", why}
                              : managed_state(*desired, *found, trouble);
}

Verdict unready(std::string_view reason, std::string message) {
  return {"False", std::string(reason), std::move(message)};
}
Verdict ready(std::string_view reason, std::string message) {
  return {"True", std::string(reason), std::move(message)};
}

Verdict judge_default(const StatusInput& input, std::size_t wanted) {
  const DefaultScene scene = default_scene(input);
  const std::vector<std::string> defaults = default_classes(input.classes.cluster);
  const std::string all = fmt::format("{} of {} StorageClasses are as asked for", wanted, wanted);
  if (const std::string obstacle = default_obstacle(scene); !obstacle.empty()) {
    return unready("Conflict", obstacle + ".");
  }
  if (next_mark(scene)) {
    return unready("Deploying",
                   fmt::format("{} is to become the default class.", scene.wanted.name));
  }
  const bool other = scene.wanted.mode == DefaultMode::preserve && !scene.wanted.name.empty() &&
                     defaults.size() == 1 && defaults.front() != scene.wanted.name;
  if (other) {
    return ready(
        "DefaultPreserved",
        fmt::format("{}. {} is the cluster's default class and stays it, so {} is not marked.", all,
                    defaults.front(), scene.wanted.name));
  }
  return ready("AsExpected", all + ".");
}

}  // namespace

nlohmann::json class_statuses(const StatusInput& input, const Health& health) {
  json list = json::array();
  if (!input.parsed.spec || !health.managed || health.deleting) {
    return list;
  }
  for (const PolicedClass& policed :
       policed_classes(*input.parsed.bundle, input.parsed.spec->classes)) {
    const ObjectRef ref = make_ref(*find_kind("storage.k8s.io", "StorageClass"), "", policed.name);
    const auto [state, message] = state_of(policed, ref, input, health);
    const ObservedObject* found = find_observed(input.observed, ref);
    json entry = {{"name", policed.name},
                  {"state", state},
                  {"default", found != nullptr && found->exists && found->is_default_class}};
    if (!message.empty()) {
      entry["message"] = message;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

DefaultScene default_scene(const StatusInput& input) {
  const PluginSpec& spec = *input.parsed.spec;
  const auto policy =
      policy_of(*input.parsed.bundle, spec.classes, spec.classes.default_class.name);
  const ObservedObject* found = find_observed(
      input.observed,
      make_ref(*find_kind("storage.k8s.io", "StorageClass"), "", spec.classes.default_class.name));
  const bool ours = found != nullptr && found->exists && found->owner == Owner::ours;
  return {.wanted = spec.classes.default_class,
          .classes = input.classes.cluster,
          .ours = ours && policy && *policy != ClassPolicy::unmanaged,
          .counts = input.classes.mark_counts};
}

Verdict judge_classes(const StatusInput& input, const Health& health) {
  if (health.deleting) {
    return unready("Uninstalling", "The plug-in is being deleted.");
  }
  if (!input.parsed.faults.empty()) {
    return {"Unknown", input.parsed.faults.front().reason,
            "The classes are not judged while the spec is not valid."};
  }
  const std::vector<std::string> defaults = default_classes(input.classes.cluster);
  if (defaults.size() > 1) {
    const std::string obstacle = default_obstacle(default_scene(input));
    return unready(
        "MultipleDefaults",
        fmt::format("{} are all marked as the default class: Kubernetes before 1.26 refuses "
                    "claims without a class. Take the mark from all but one: kubectl "
                    "annotate storageclass NAME storageclass.kubernetes.io/is-default-class-."
                    "{}{}{}",
                    fmt::join(defaults, ", "), obstacle.empty() ? "" : " ", obstacle,
                    obstacle.empty() ? "" : "."));
  }
  std::size_t wanted = 0;
  std::vector<std::string> waiting;
  for (const DesiredObject& desired : input.desired) {
    if (desired.ref.kind != "StorageClass") {
      continue;
    }
    ++wanted;
    if (const Trouble* trouble = find_trouble(health.troubles, desired.ref); trouble != nullptr) {
      const bool theirs =
          trouble->reason == "ForeignObject" || trouble->reason == "ConflictingManager";
      return unready(theirs ? "Conflict" : trouble->reason, trouble->message);
    }
    const ObservedObject* found = find_observed(input.observed, desired.ref);
    if (found == nullptr || !found->exists || !found->drift.empty() ||
        !found->immutable_drift.empty()) {
      waiting.push_back(desired.ref.name);
    }
  }
  if (!waiting.empty()) {
    return unready(health.managed ? "Deploying" : "Unmanaged",
                   fmt::format("Missing or different: {}.", fmt::join(waiting, ", ")));
  }
  return judge_default(input, wanted);
}

}  // namespace bso::install
