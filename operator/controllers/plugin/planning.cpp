// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that lists what it would do, in mode Plan.
#include <nlohmann/json.hpp>

#include "controllers/plugin/reconciler.h"
#include "install/plan_scene.h"

namespace bso::controllers {

Task<void> PluginReconciler::make_plan(Pass& pass) {
  const install::InstallScene scene{.plugin = *pass.plugin,
                                    .parsed = pass.parsed,
                                    .desired = pass.desired,
                                    .observed = pass.observed,
                                    .classes = pass.classes};
  auto trials = install::installation_trials(scene);
  return make_plan_of(pass, std::move(trials));
}

/// What would be taken away once the mode is Apply. The volumes are those of the last count: with
/// none yet the next one comes soon, and with it the next pass.
Task<void> PluginReconciler::plan_removal(Pass& pass,
                                          std::vector<install::InventoryEntry> inventory) {
  const bool plans =
      pass.parsed.spec && pass.parsed.spec->reconcile.mode == install::ReconcileMode::plan;
  if (!plans || !pass.write_faults.empty()) co_return;
  const auto volumes = census_.look(install::driver_names(*pass.parsed.bundle, pass.parsed.spec));
  if (!volumes && install::holds_driver(inventory)) co_return;
  const install::RemovalScene scene{.plugin = *pass.plugin,
                                    .parsed = pass.parsed,
                                    .inventory = inventory,
                                    .observed = pass.observed,
                                    .volumes = volumes};
  auto trials = install::removal_trials(scene);
  co_await make_plan_of(pass, std::move(trials));
}

Task<void> PluginReconciler::make_plan_of(Pass& pass, install::Trials trials) {
  PatientLook look(children_, pass.answer_holds);
  const PlanMode::Input input{
      .plugin = *pass.plugin,
      .trials = trials,
      .retry_refused_after = std::chrono::seconds(pass.parsed.spec->reconcile.resync_seconds)};
  auto plan = co_await plan_mode_.plan(look, input);
  if (plan) {
    pass.plan = std::move(*plan);
  } else {
    pass.failure = std::move(plan.error()).with_context("planning");
  }
}

}  // namespace bso::controllers
