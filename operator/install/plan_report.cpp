// SPDX-License-Identifier: Apache-2.0
#include "install/plan_report.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/utf8.h"
#include "install/changes.h"
#include "install/class_policy.h"
#include "install/replacement.h"
#include "install/trouble.h"

namespace bso::install {
namespace {

using nlohmann::json;

/// maxItems of status.plan in the CRD.
constexpr std::size_t kMaxEntries = 128;
/// A refusal of the server may be of any length; 128 of these stay far below what etcd takes.
constexpr std::size_t kMaxReason = 1024;

constexpr const char* kNotWanted = "the spec does not ask for it any more";

Trial trial_of(PlannedAction action, const ObjectRef& ref, std::string reason,
               const DesiredObject* desired, const ObservedObject* found) {
  return {.action = action,
          .ref = ref,
          .reason = std::move(reason),
          .desired = desired,
          .uid = found == nullptr ? "" : found->uid};
}

/// Whether the server missed the role only because a dry run before this one did not make it
/// (kubernetes/kubernetes, pkg/registry/rbac/clusterrolebinding/policybased/storage.go: the rules
/// of the role are looked up to see whether they may be granted).
bool misses_planned_role(const Trial& trial, const Error& error,
                         std::span<const PlanEntry> earlier) {
  if (trial.ref.kind != "ClusterRoleBinding" || !error.not_found() || trial.desired == nullptr) {
    return false;
  }
  const std::string role = codec::string_at(*trial.desired->document, {"roleRef", "name"});
  return std::any_of(earlier.begin(), earlier.end(), [&](const PlanEntry& entry) {
    return entry.ref.kind == "ClusterRole" && entry.ref.name == role && !entry.refused &&
           entry.action == PlannedAction::create;
  });
}

std::string reason_of(const Trial& trial, const json* before, const codec::JsonPtr& answer) {
  const bool tells = trial.action == PlannedAction::update ||
                     trial.action == PlannedAction::adopt ||
                     trial.action == PlannedAction::take_back;
  if (before == nullptr || answer == nullptr || !tells) {
    return trial.reason;
  }
  std::vector<std::string> changed = changes(*before, *answer);
  if (trial.action == PlannedAction::take_back) {
    // That labels and annotations change is what the word says.
    std::erase_if(changed, [](const std::string& text) { return text.starts_with("metadata."); });
    return changed.empty() ? trial.reason
                           : fmt::format("{}: {}", trial.reason, fmt::join(changed, ", "));
  }
  if (changed.empty()) {
    return fmt::format("{}; only the operator's own mark changes", trial.reason);
  }
  return trial.action == PlannedAction::update
             ? fmt::format("{}", fmt::join(changed, ", "))
             : fmt::format("{}: {}", trial.reason, fmt::join(changed, ", "));
}

}  // namespace

std::string_view word_of(PlannedAction action) {
  switch (action) {
    case PlannedAction::create:
      return "Create";
    case PlannedAction::update:
      return "Update";
    case PlannedAction::recreate:
      return "Recreate";
    case PlannedAction::adopt:
      return "Adopt";
    case PlannedAction::remove:
      return "Delete";
    case PlannedAction::take_back:
      return "TakeBack";
    case PlannedAction::give_up:
      return "GiveUp";
    case PlannedAction::set_default:
      return "SetDefault";
    case PlannedAction::unset_default:
      return "UnsetDefault";
  }
  return "";
}

Trials trials_of(std::span<const Step> steps, std::span<const ObservedObject> observed,
                 std::span<const InventoryEntry> prune) {
  Trials all;
  for (const Step& step : steps) {
    const ObjectRef& ref = step.desired->ref;
    const ObservedObject* found = find_observed(observed, ref);
    const bool exists = found != nullptr && found->exists;
    switch (step.action) {
      case Action::keep:
        break;
      case Action::apply:
        all.trials.push_back(trial_of(exists ? PlannedAction::update : PlannedAction::create, ref,
                                      step.reason, step.desired, found));
        break;
      case Action::adopt:
        all.trials.push_back(trial_of(PlannedAction::adopt, ref, step.reason, step.desired, found));
        break;
      case Action::recreate:
        all.trials.push_back(
            trial_of(PlannedAction::recreate, ref, step.reason, step.desired, found));
        break;
      case Action::leave_drift:
      case Action::leave_foreign:
      case Action::leave_immutable:
      case Action::wait:
        all.left_alone.push_back({ref, step.reason});
        break;
    }
  }
  for (const InventoryEntry& entry : prune) {
    const ObservedObject* found = find_observed(observed, entry.ref);
    // As the application does: what is gone or not ours any more is not deleted.
    if (found != nullptr && found->exists && found->owner == Owner::ours) {
      all.trials.push_back(trial_of(PlannedAction::remove, entry.ref, kNotWanted, nullptr, found));
    }
  }
  return all;
}

Trials trials_for(const nlohmann::json& plugin, const Bundle& bundle,
                  std::span<const DesiredObject> desired,
                  std::span<const ObservedObject> observed) {
  std::vector<Step> steps = plan(desired, observed);
  std::vector<InventoryEntry> gone = objects_to_prune(read_inventory(plugin), desired);
  if (const ParsedSpec parsed = parse_spec(plugin, std::span(&bundle, 1)); parsed.spec) {
    std::erase_if(gone, [&](const InventoryEntry& entry) {
      return survives(entry.ref, bundle, parsed.spec->classes);
    });
  }
  const std::vector<InventoryEntry> first = may_go_now(gone, observed, bundle);
  const auto held = std::stable_partition(steps.begin(), steps.end(), [&](const Step& step) {
    return !waits_for_old_controller(step.desired->ref, gone, observed, bundle);
  });
  Trials all = trials_of({steps.begin(), held}, observed, first);
  std::erase_if(gone, [&](const InventoryEntry& entry) {
    return std::any_of(first.begin(), first.end(), [&](const InventoryEntry& other) {
      return other.ref.same_object(entry.ref);
    });
  });
  Trials later = trials_of({held, steps.end()}, observed, gone);
  for (Trial& trial : later.trials) {
    trial.reason += trial.action == PlannedAction::remove
                        ? "; once the new node driver runs on every node"
                        : "; once the controller that it replaces is gone";
    all.trials.push_back(std::move(trial));
  }
  std::move(later.left_alone.begin(), later.left_alone.end(), std::back_inserter(all.left_alone));
  return all;
}

bool PlanReport::refused() const {
  return std::any_of(entries.begin(), entries.end(),
                     [](const PlanEntry& entry) { return entry.refused; });
}

PlanEntry judge_trial(const Trial& trial, const nlohmann::json* before,
                      const Result<codec::JsonPtr>& answer, std::span<const PlanEntry> earlier) {
  PlanEntry entry{.action = trial.action, .ref = trial.ref, .reason = trial.reason};
  if (answer) {
    entry.reason = reason_of(trial, before, *answer);
  } else if (misses_planned_role(trial, answer.error(), earlier)) {
    entry.reason = fmt::format("{}; the role that it binds is created before it", trial.reason);
  } else {
    entry.refused = true;
    entry.forbidden = answer.error().forbidden();
    entry.reason =
        fmt::format("would be refused: {} ({})",
                    explain(WriteFault{trial.ref, answer.error()}).message, trial.reason);
  }
  const bool no_object =
      trial.too_early && std::any_of(earlier.begin(), earlier.end(), [&](const PlanEntry& other) {
        return other.refused && other.ref.same_object(trial.ref);
      });
  const bool waits = trial.action == PlannedAction::remove &&
                     std::any_of(earlier.begin(), earlier.end(), [](const PlanEntry& other) {
                       return other.refused && other.action != PlannedAction::remove;
                     });
  if (waits || no_object) {
    entry.reason += "; not before what is refused above is mended";
  }
  entry.reason = codec::utf8_prefix(entry.reason, kMaxReason);
  return entry;
}

std::string counts(const PlanReport& report) {
  const auto count = [&](PlannedAction action) {
    return std::count_if(report.entries.begin(), report.entries.end(),
                         [&](const PlanEntry& entry) { return entry.action == action; });
  };
  std::string text = "nothing to do";
  if (!report.entries.empty()) {
    text = fmt::format("{} to create, {} to change, {} to delete", count(PlannedAction::create),
                       count(PlannedAction::update), count(PlannedAction::remove));
    for (const auto& [action, verb] :
         {std::pair{PlannedAction::recreate, "recreate"}, std::pair{PlannedAction::adopt, "adopt"},
          std::pair{PlannedAction::take_back, "take back"},
          std::pair{PlannedAction::give_up, "give up"}}) {
      if (const auto number = count(action); number > 0) {
        text += fmt::format(", {} to {}", number, verb);
      }
    }
  }
  if (count(PlannedAction::set_default) + count(PlannedAction::unset_default) > 0) {
    text += "; the default StorageClass changes";
  }
  const auto refused = std::count_if(report.entries.begin(), report.entries.end(),
                                     [](const PlanEntry& entry) { return entry.refused; });
  if (refused > 0) {
    text += fmt::format("; {} of them would be refused", refused);
  }
  return text;
}

std::string summary(const PlanReport& report) {
  std::string text = counts(report);
  if (!report.left_alone.empty()) {
    text += fmt::format("; {} left alone, see Degraded", report.left_alone.size());
  }
  if (!report.blocked.empty()) {
    text += fmt::format("; but nothing of it is done for now: {}", report.blocked);
  }
  if (report.entries.size() > kMaxEntries) {
    text += fmt::format("; only the first {} are listed", kMaxEntries);
  }
  return text;
}

nlohmann::json plan_json(const PlanReport& report) {
  json list = json::array();
  for (const PlanEntry& entry : report.entries) {
    if (list.size() == kMaxEntries) {
      break;
    }
    list.push_back({{"action", std::string(word_of(entry.action))},
                    {"object", entry.ref.display()},
                    {"reason", entry.reason}});
  }
  return list;
}

}  // namespace bso::install
