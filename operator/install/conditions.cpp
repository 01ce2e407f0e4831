// SPDX-License-Identifier: Apache-2.0
#include "install/conditions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/class_status.h"
#include "install/external.h"
#include "install/judge_drift.h"
#include "install/judge_prerequisites.h"
#include "install/judge_removal.h"
#include "install/judge_rollout.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::size_t kShownTroubles = 5;

Verdict yes(std::string_view reason, std::string message) {
  return {"True", std::string(reason), std::move(message)};
}
Verdict no(std::string_view reason, std::string message) {
  return {"False", std::string(reason), std::move(message)};
}
Verdict unknown(std::string_view reason, std::string message) {
  return {"Unknown", std::string(reason), std::move(message)};
}

// The first few, and how many more there are.
template <class Items, class Text>
std::string some_of(const Items& items, std::size_t limit, std::string_view separator, Text text) {
  std::string joined;
  for (std::size_t i = 0; i < std::min(items.size(), limit); ++i) {
    joined += (i == 0 ? "" : std::string(separator)) + text(items[i]);
  }
  if (items.size() > limit) {
    joined += fmt::format("{}and {} more", separator, items.size() - limit);
  }
  return joined;
}

std::string why_not_serving(const WorkloadHealth& workload) {
  if (!workload.exists) {
    return fmt::format("{} {} does not exist", workload.kind, workload.name);
  }
  const ObservedObject& found = *workload.found;
  if (found.desired == 0) {
    return fmt::format("{} matches no node; see spec.node.nodeSelector and tolerations",
                       found.ref.display());
  }
  return fmt::format("{} has no available pod ({} wanted); see kubectl describe of its pods",
                     found.ref.display(), found.desired);
}

Verdict judge_available(const StatusInput& input, const Health& health) {
  if (input.parsed.bundle == nullptr) {
    return unknown(input.parsed.faults.empty() ? "NotObserved" : input.parsed.faults.front().reason,
                   "Which plug-in is meant is not known.");
  }
  if (health.external) {
    return judge_external_driver(input);
  }
  const auto unread = [](const WorkloadHealth& workload) {
    return workload.wanted && workload.found == nullptr;
  };
  if (unread(health.controller) || unread(health.node)) {
    // Before the first look, or when the server did not let us look.
    return unknown("NotObserved", "The workloads of the plug-in could not be read yet.");
  }
  if (!health.controller.serves) {
    return no("ControllerUnavailable",
              fmt::format("Volumes cannot be made: {}.", why_not_serving(health.controller)));
  }
  if (!health.node.serves) {
    return no("NodesUnavailable",
              fmt::format("Volumes cannot be mounted: {}.", why_not_serving(health.node)));
  }
  return yes("AsExpected", "The provisioner and the node driver serve.");
}

Verdict judge_spec(const StatusInput& input) {
  const auto& faults = input.parsed.faults;
  if (faults.empty()) {
    return yes("Valid", "The spec is valid.");
  }
  return no(faults.front().reason, some_of(faults, kShownTroubles, " ", [](const SpecFault& fault) {
              return fault.sentence();
            }));
}

std::string rollout_message(const Health& health) {
  if (!health.pending.empty()) {
    return fmt::format("To be applied: {}.",
                       some_of(health.pending, kShownTroubles, ", ",
                               [](const ObjectRef& ref) { return ref.display(); }));
  }
  std::vector<std::string> parts;
  for (const WorkloadHealth* workload : {&health.controller, &health.node}) {
    if (workload->found != nullptr && !workload->complete) {
      const ObservedObject& found = *workload->found;
      parts.push_back(fmt::format("{}: {} of {} pods updated, {} available", found.ref.display(),
                                  found.updated, found.desired, found.available));
    }
  }
  return parts.empty() ? "Waiting for the workloads." : fmt::format("{}.", fmt::join(parts, "; "));
}

Verdict judge_paused(const StatusInput& input, const Health& health) {
  if (!health.managed) {
    return yes("Unmanaged", "The plug-in is Unmanaged: the operator keeps its hands off.");
  }
  const ReconcileMode mode =
      input.parsed.spec ? input.parsed.spec->reconcile.mode : ReconcileMode::apply;
  if (mode == ReconcileMode::paused) {
    return yes("ReconcilePaused",
               "spec.reconcile.mode is Paused: nothing is changed until it is Apply again.");
  }
  if (mode == ReconcileMode::plan) {
    return yes("PlanOnly",
               input.plan == nullptr
                   ? "spec.reconcile.mode is Plan: nothing is changed. There is no plan yet."
                   : fmt::format("spec.reconcile.mode is Plan: nothing is changed. status.plan "
                                 "lists what would be: {}.",
                                 summary(*input.plan)));
  }
  return no("NotPaused", "Changes are made.");
}

Verdict judge_progress(const StatusInput& input, const Health& health, const Verdict& blocked) {
  if (!health.managed) {
    return no("Unmanaged", "The plug-in is Unmanaged: the operator keeps its hands off.");
  }
  if (health.deleting) {
    return judge_removal_progress(input, health, blocked);
  }
  if (!input.parsed.faults.empty()) {
    return no(input.parsed.faults.front().reason,
              "Nothing is applied while the spec is not valid; what was installed stays.");
  }
  if (auto verdict = rollout_progress(input, health)) {
    return std::move(*verdict);
  }
  if (health.rolled_out) {
    return no("AsExpected", "Everything is rolled out.");
  }
  if (input.parsed.spec && input.parsed.spec->reconcile.mode != ReconcileMode::apply) {
    return no(judge_paused(input, health).reason, "Nothing is changed at present; see Paused.");
  }
  if (!health.troubles.empty()) {
    return no("RolloutStalled", "The rollout waits; see Degraded.");
  }
  return yes(health.previous_version.empty() ? "Deploying" : "RollingOut", rollout_message(health));
}

Verdict judge_degraded(const StatusInput& input, const Health& health, const Verdict& available,
                       const Verdict& progressing, const Verdict& spec_valid) {
  if (!health.managed) {
    return no("Unmanaged", "The plug-in is Unmanaged: nothing is judged.");
  }
  if (auto verdict = rollout_degraded(input, health)) {
    return std::move(*verdict);
  }
  if (!health.troubles.empty()) {
    return yes(health.troubles.front().reason,
               some_of(health.troubles, kShownTroubles, " ",
                       [](const Trouble& trouble) { return trouble.message; }));
  }
  if (health.deleting) {
    return no("AsExpected", "The plug-in is being deleted.");
  }
  if (!input.parsed.faults.empty()) {
    return yes(spec_valid.reason, spec_valid.message);
  }
  if (available.status == "False" && !progressing.is_true()) {
    return yes(available.reason, available.message);
  }
  return no("AsExpected", "Nothing stands in the way.");
}

}  // namespace

std::vector<std::pair<std::string_view, Verdict*>> all_of(Verdicts& verdicts) {
  return {{"Available", &verdicts.available},
          {"Progressing", &verdicts.progressing},
          {"Degraded", &verdicts.degraded},
          {"Upgradeable", &verdicts.upgradeable},
          {"SpecValid", &verdicts.spec_valid},
          {"PrerequisitesMet", &verdicts.prerequisites_met},
          {"StorageClassesReady", &verdicts.storage_classes_ready},
          {"DriftDetected", &verdicts.drift_detected},
          {"DeletionBlocked", &verdicts.deletion_blocked},
          {"Paused", &verdicts.paused}};
}

Verdicts judge(const StatusInput& input, const Health& health) {
  Verdicts verdicts;
  verdicts.available = judge_available(input, health);
  verdicts.spec_valid = judge_spec(input);
  verdicts.deletion_blocked = judge_deletion(input, health);
  verdicts.progressing = judge_progress(input, health, verdicts.deletion_blocked);
  verdicts.degraded =
      judge_degraded(input, health, verdicts.available, verdicts.progressing, verdicts.spec_valid);
  verdicts.upgradeable = judge_upgradeable(input, health);
  verdicts.prerequisites_met = judge_prerequisites(input);
  verdicts.storage_classes_ready = judge_classes(input, health);
  verdicts.drift_detected = judge_drift(input);
  verdicts.paused = judge_paused(input, health);
  if (health.removed) {
    say_removed(verdicts);
  } else {
    say_without_namespace(verdicts, health);
  }
  return verdicts;
}

nlohmann::json conditions_json(Verdicts& verdicts, const nlohmann::json& plugin,
                               std::string_view now) {
  const json* generation = codec::find(plugin, {"metadata", "generation"});
  const json* previous = codec::find(plugin, {"status", "conditions"});
  json list = json::array();
  for (const auto& [type, verdict] : all_of(verdicts)) {
    std::string since(now);
    if (previous != nullptr && previous->is_array()) {
      for (const json& old : *previous) {
        if (codec::string_at(old, {"type"}) == type &&
            codec::string_at(old, {"status"}) == verdict->status &&
            !codec::string_at(old, {"lastTransitionTime"}).empty()) {
          since = codec::string_at(old, {"lastTransitionTime"});
        }
      }
    }
    json condition = {{"type", type},
                      {"status", verdict->status},
                      {"reason", verdict->reason},
                      {"message", verdict->message},
                      {"lastTransitionTime", since}};
    if (generation != nullptr) {
      condition["observedGeneration"] = *generation;
    }
    list.push_back(std::move(condition));
  }
  return list;
}

}  // namespace bso::install
