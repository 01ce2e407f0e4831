// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "codec/json.h"
#include "install/observe.h"
#include "install/plan.h"

namespace bso::install {

/// What an application would do to an object, as status.plan calls it.
enum class PlannedAction {
  create,
  update,
  recreate,
  adopt,
  remove,
  take_back,    ///< an object that the operator gave up
  give_up,      ///< it stays, and is nobody's
  set_default,  ///< the mark of the default StorageClass
  unset_default
};

/// "Create", "Update", "Recreate", "Adopt", "Delete", "TakeBack", "GiveUp", "SetDefault",
/// "UnsetDefault".
[[nodiscard]] std::string_view word_of(PlannedAction action);

/// A write that an application would send, before the server was asked what it makes of it.
struct Trial {
  PlannedAction action = PlannedAction::update;
  ObjectRef ref;
  std::string reason;  ///< why the rules want it: "it does not exist", "spec.replicas differs"
  const DesiredObject* desired = nullptr;  ///< nullptr for a removal
  std::string uid;                         ///< of the object there; "" when there is none
  codec::JsonPtr patch = nullptr;          ///< a merge patch, sent before what is desired
  /// It may take fields from other managers: it is taken over, or drift is repaired.
  bool may_force = false;
  bool too_early = false;  ///< the server cannot be asked yet: the object is only to be created
};

/// An object that is wanted and would not be touched.
struct LeftAlone {
  ObjectRef ref;
  std::string reason;
};

/// What is to be tried, in the order of an application.
struct Trials {
  std::vector<Trial> trials;
  std::vector<LeftAlone> left_alone;
  std::string blocked = {};  ///< why none of it would be done for now; "" it would be
};

/// From the steps of plan() and what prune is to remove. The one place that says what each Action
/// is called in a plan. Points into the desired objects of the steps.
[[nodiscard]] Trials trials_of(std::span<const Step> steps,
                               std::span<const ObservedObject> observed,
                               std::span<const InventoryEntry> prune);

/// All that an application would send for a plug-in: what comes first, and after it what waits for
/// an old workload to go or a new one to serve (replacement.h), with the reason. `plugin` is the
/// BlockStoragePlugin with its inventory. Points into `desired`.
[[nodiscard]] Trials trials_for(const nlohmann::json& plugin, const Bundle& bundle,
                                std::span<const DesiredObject> desired,
                                std::span<const ObservedObject> observed);

struct PlanEntry {
  PlannedAction action = PlannedAction::update;
  ObjectRef ref;
  std::string reason;
  bool refused = false;    ///< the server would not do it as things are
  bool forbidden = false;  ///< and that for want of a right of who asked
};

struct PlanReport {
  std::vector<PlanEntry> entries;  ///< in the order of an application
  std::vector<LeftAlone> left_alone;
  std::string blocked = {};  ///< as in Trials

  [[nodiscard]] bool refused() const;
};

/// The entry for a trial. `before` is the object as it stands (nullptr: there is none), `answer`
/// what the dry run gave: the object as it would be stored, an empty pointer for a removal, or the
/// refusal. `earlier` are the entries so far: a binding cannot be tried before the role that it
/// binds, and removals wait until nothing else is refused.
[[nodiscard]] PlanEntry judge_trial(const Trial& trial, const nlohmann::json* before,
                                    const Result<codec::JsonPtr>& answer,
                                    std::span<const PlanEntry> earlier);

/// "3 to create, 1 to change, 0 to delete", and how many are refused; "nothing to do".
[[nodiscard]] std::string counts(const PlanReport& report);

/// The same for the status: also what is left alone, and what status.plan has no room for.
[[nodiscard]] std::string summary(const PlanReport& report);

/// status.plan: at most as many entries as the CRD takes; summary() tells of the
/// others.
[[nodiscard]] nlohmann::json plan_json(const PlanReport& report);

}  // namespace bso::install
