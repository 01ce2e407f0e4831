// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that sees what others changed, and takes it back.
//
// Each repair is counted in the status before it is made, and made only against the state of the
// object that was counted (its resourceVersion goes with the apply). So an end of the program at
// any point may lose a repair that was counted, but never makes one that was not.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/resource.h"

namespace bso::controllers {
namespace {

install::Step* step_of(std::vector<install::Step>* steps, const install::ObjectRef& ref) {
  if (steps == nullptr) return nullptr;
  const auto found = std::find_if(steps->begin(), steps->end(), [&](const install::Step& step) {
    return step.desired->ref.same_object(ref);
  });
  return found == steps->end() ? nullptr : &*found;
}

install::ObservedObject* observed_of(std::vector<install::ObservedObject>& observed,
                                     const install::ObjectRef& ref) {
  const auto found = std::find_if(observed.begin(), observed.end(),
                                  [&](const auto& object) { return object.ref.same_object(ref); });
  return found == observed.end() ? nullptr : &*found;
}

}  // namespace

/// Live, with the managedFields that the stores leave out. nullptr: it is gone, or there was no
/// answer (then the pass has failed).
Task<codec::JsonPtr> PluginReconciler::look_live(Pass& pass,
                                                 const install::DesiredObject& desired) {
  const auto resource = resource_of(desired.ref);
  if (!resource) co_return codec::JsonPtr{};  // render() makes only kinds that are handled
  auto live = co_await client_.get(*resource, desired.ref.ns, desired.ref.name);
  if (!live) {
    if (!live.error().not_found()) note(pass, desired.ref, std::move(live.error()));
    co_return codec::JsonPtr{};
  }
  auto fresh = install::observe(desired.ref, live->get(), &desired, pass.name);
  install::mark_adoptable(std::span(&fresh, 1), pass.parsed.spec->reconcile.adopt, pass.name);
  if (auto* found = observed_of(pass.observed, desired.ref)) *found = std::move(fresh);
  co_return *live;
}

/// The plug-in is still what this pass began with; asked for once in a pass.
Task<bool> PluginReconciler::may_write(Pass& pass) {
  if (!pass.current) {
    co_await check_current(pass, "looking before writing");
    pass.current = !pass.outdated && !pass.failure;
  }
  co_return pass.current;
}

/// Looks at what others changed. With `steps` each of them gets its verdict, and what is to be
/// repaired is counted; without (nothing is written then) it is only told of.
Task<void> PluginReconciler::settle_drift(Pass& pass, std::vector<install::Step>* steps) {
  if (!pass.parsed.spec || !pass.write_faults.empty()) co_return;
  const install::DriftRules rules{.writes = steps != nullptr,
                                  .repair = pass.parsed.spec->reconcile.repair_drift};
  install::forget_settled(pass.drift, pass.desired, pass.observed);
  const auto inventory = install::read_inventory(*pass.plugin);
  const auto drifted = install::find_drift(pass.desired, pass.observed, inventory, pass.drift);
  const auto counted = pass.drift.repaired;
  for (const auto& object : drifted) {
    // It is missing because it is being made anew.
    if (install::find_carried(pass.classes.recreating, object.ref) != nullptr) continue;
    auto* step = step_of(steps, object.ref);
    // What cannot be changed has its own rules and its own words.
    if (step != nullptr && step->action == install::Action::leave_immutable) continue;
    auto verdict = rules.repair ? install::DriftVerdict::hold : install::DriftVerdict::report;
    if (!install::is_settled(pass.drift, object, rules)) {
      const auto judged = co_await judge_drifted(pass, object, rules);
      if (pass.failure || pass.outdated) co_return;
      if (!judged) {
        if (step != nullptr) step->action = install::Action::wait;
        continue;
      }
      verdict = *judged;
    }
    carry_verdict(pass, object, verdict, step);
  }
  if (steps == nullptr) co_return;
  for (auto& step : *steps) {
    const bool applies =
        step.action == install::Action::apply || step.action == install::Action::recreate;
    if (applies && !step.drift_repair && install::is_held(pass.drift, step.desired->ref)) {
      step.action = install::Action::leave_drift;
    }
  }
  if (pass.drift.repaired != counted) co_await write_ledger(pass);
}

/// nullopt: it has changed again meanwhile; the watch tells of it.
Task<std::optional<install::DriftVerdict>> PluginReconciler::judge_drifted(
    Pass& pass, const install::Drifted& object, install::DriftRules rules) {
  const install::DesiredObject* desired = nullptr;
  for (const auto& candidate : pass.desired) {
    if (candidate.ref.same_object(object.ref)) desired = &candidate;
  }
  if (desired == nullptr) co_return std::nullopt;
  if (rules.writes) {
    const bool current = co_await may_write(pass);
    if (!current) co_return std::nullopt;
  }
  const auto live = co_await look_live(pass, *desired);
  const auto* found = observed_of(pass.observed, object.ref);
  if (pass.failure || found == nullptr) co_return std::nullopt;
  const bool gone = object.fields.front() == install::kWholeObject;
  if (gone != (live == nullptr)) co_return std::nullopt;
  auto fresh = object;
  if (!gone && !object.taken) {
    if (found->owner != install::Owner::ours || found->terminating) co_return std::nullopt;
    if (found->changed.empty()) co_return std::nullopt;
    fresh.fields = found->changed;
  }
  auto changes = install::attribute(fresh, *desired, live.get(), *found, false);
  if (object.taken) {
    // Not fought at all: a release that is still alive would take it back each time.
    for (auto& change : changes) change.manager = found->owner_name;
    rules.repair = false;
  }
  const bool attempted = refused_creations_.count(pass.name + "|" + object.ref.display()) != 0;
  co_return install::weigh(pass.drift, object.ref, changes, rules, gone && attempted,
                           to_rfc3339(wall_now()));
}

void PluginReconciler::carry_verdict(Pass& pass, const install::Drifted& object,
                                     install::DriftVerdict verdict, install::Step* step) {
  if (step == nullptr) return;
  auto* found = observed_of(pass.observed, object.ref);
  if (object.taken) {
    if (found != nullptr) found->adoptable = false;
    step->action = install::Action::leave_foreign;
  } else if (verdict == install::DriftVerdict::repair) {
    step->drift_repair = true;
    if (step->action == install::Action::recreate) return;
    step->action = install::Action::apply;
    step->force = found != nullptr && found->exists;
  } else {
    step->action = install::Action::leave_drift;
    if (found != nullptr) found->drift_accepted = verdict == install::DriftVerdict::report;
  }
}

/// The count, before the repair that it counts.
Task<void> PluginReconciler::write_ledger(Pass& pass) {
  static const nlohmann::json none = nlohmann::json::object();
  const auto* before = codec::find(*pass.plugin, {"status", "drift"});
  const auto drift = install::drift_json(pass.drift);
  const nlohmann::json body = {
      {"metadata",
       {{"resourceVersion", codec::string_at(*pass.plugin, {"metadata", "resourceVersion"})}}},
      {"status", {{"drift", codec::merge_patch(before == nullptr ? none : *before, drift)}}}};
  auto patch = std::make_shared<const nlohmann::json>(body);
  auto written = co_await client_.merge_patch(block_storage_plugins, "", pass.name,
                                              std::move(patch), "status");
  if (!written) {
    pass.failure = std::move(written.error()).with_context("counting a repair");
    co_return;
  }
  wrote_plugin(pass, std::move(*written));
}

/// Takes the fields of `step` from whoever has them, if the object is still as pass.observed has
/// it.
Task<Result<codec::JsonPtr>> PluginReconciler::apply_by_force(Pass& pass,
                                                              const install::Step& step) {
  const auto& ref = step.desired->ref;
  const auto resource = resource_of(ref);
  const auto* found = observed_of(pass.observed, ref);
  if (!resource || found == nullptr) co_return fail(invalid_input("it was not looked at"));
  auto document = *step.desired->document;
  document["metadata"]["resourceVersion"] = found->resource_version;
  auto body = std::make_shared<const nlohmann::json>(std::move(document));
  kube::ApplyOptions options;
  options.force = true;
  co_return co_await client_.apply(*resource, ref.ns, ref.name, std::move(body), options);
}

/// Somebody else has taken a field that new content of ours sets too: by the rules of drift. The
/// conflict's own error when it is not to be fought.
Task<Result<codec::JsonPtr>> PluginReconciler::contest(Pass& pass, const install::Step& step,
                                                       Error conflict) {
  const auto& ref = step.desired->ref;
  const auto live = co_await look_live(pass, *step.desired);
  const auto* found = observed_of(pass.observed, ref);
  if (live == nullptr || found == nullptr || found->owner != install::Owner::ours) {
    co_return fail(std::move(conflict));
  }
  // Our own marks are nobody else's business, whoever is said to hold them.
  if (install::is_about_marks(conflict)) co_return co_await apply_by_force(pass, step);
  const install::Drifted object{.ref = ref, .fields = found->changed, .uid = ""};
  const auto changes =
      install::attribute(object, *step.desired, live.get(), *found, /*contested_only=*/true);
  if (changes.empty()) co_return fail(std::move(conflict));
  const install::DriftRules rules{.repair = pass.parsed.spec->reconcile.repair_drift};
  const auto verdict =
      install::weigh(pass.drift, ref, changes, rules, false, to_rfc3339(wall_now()));
  if (verdict != install::DriftVerdict::repair) co_return fail(std::move(conflict));
  co_await write_ledger(pass);
  if (pass.failure) co_return fail(*pass.failure);
  co_return co_await apply_by_force(pass, step);
}

/// One Event for each repair, with what the ledger knows of it.
void PluginReconciler::record_repairs(const Pass& pass, const install::ObjectRef& ref) {
  for (const auto& entry : pass.drift.fields) {
    if (entry.object != ref.display() || entry.repairs == 0 || entry.held) continue;
    tell(pass, "DriftRepaired",
         fmt::format("{}; set right for the {}. time of at most {}.", install::sentence_of(entry),
                     entry.repairs, install::kMaxRepairs),
         true);
  }
}

}  // namespace bso::controllers
