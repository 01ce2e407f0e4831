// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/reconciler.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "controllers/plugin/observe_objects.h"
#include "controllers/plugin/resource.h"
#include "install/class_policy.h"
#include "install/external.h"
#include "install/names.h"
#include "install/plan_scene.h"
#include "install/replacement.h"
#include "install/rollout_state.h"

namespace bso::controllers {
namespace {

using runtime::Outcome;

/// The plug-in has changed in the middle of a pass; the watch is likely to tell of it before.
constexpr std::chrono::seconds kWhileOutdated{10};
/// In mode Plan: how long the names that nothing is known of are taken as they were found. A
/// stranger's object there shows in the plan after this time at the latest; an application asks
/// for them anew.
constexpr std::chrono::minutes kAnswerHolds{60};
bool will_apply(const nlohmann::json& plugin, const install::ParsedSpec& parsed) {
  return install::is_managed(plugin) && parsed.spec &&
         parsed.spec->reconcile.mode == install::ReconcileMode::apply;
}

}  // namespace

PluginReconciler::PluginReconciler(kube::Client& client, Children& children, const PluginPods& pods,
                                   VolumeCensus& census, NeededObjects& needed,
                                   const cluster::View& view, runtime::EventRecorder& recorder,
                                   const BundleCatalog& bundles, Neighbours& neighbours,
                                   std::string operator_version)
    : client_(client),
      children_(children),
      pods_(pods),
      census_(census),
      needed_(needed),
      view_(view),
      recorder_(recorder),
      bundles_(bundles),
      neighbours_(neighbours),
      operator_version_(std::move(operator_version)),
      plan_mode_(client) {}

Task<Result<Outcome>> PluginReconciler::reconcile(codec::JsonPtr plugin) {
  plugin = latest(std::move(plugin));
  Pass pass;
  pass.name = codec::string_at(*plugin, {"metadata", "name"});
  pass.catalog = bundles_.current();
  pass.parsed = install::parse_spec(*plugin, pass.catalog->bundles, pass.catalog->faults);
  const auto refs_of = [this](const install::ParsedSpec& parsed) {
    std::vector<install::ObjectRef> refs;
    for (auto& object : install::render(*parsed.bundle, *parsed.spec, server_)) {
      refs.push_back(std::move(object.ref));
    }
    return refs;
  };
  const bool applies = will_apply(*plugin, pass.parsed);
  neighbours_.judge(*plugin, pass.catalog, refs_of, applies, pass.parsed);
  pass.plugin = std::move(plugin);
  const bool removing = install::is_to_be_removed(*pass.plugin);
  if (removing) co_return co_await uninstall(std::move(pass));
  co_return co_await install(std::move(pass));
}

Task<Result<Outcome>> PluginReconciler::install(Pass pass) {
  const bool managed = install::is_managed(*pass.plugin);
  co_await look_at_needs(pass);
  const auto in_mode = [&](install::ReconcileMode mode) {
    return managed && pass.parsed.spec && pass.parsed.spec->reconcile.mode == mode;
  };
  const bool applies =
      in_mode(install::ReconcileMode::apply) && (!pass.needs || install::may_apply(*pass.needs));
  const bool plans = in_mode(install::ReconcileMode::plan);
  if (plans) pass.answer_holds = kAnswerHolds;
  if (managed && pass.parsed.spec) render_desired(pass);
  pass.drift = install::read_drift(*pass.plugin);
  if (applies) {
    // Before the first object is made, so that no deletion can slip in between.
    auto guarded = co_await set_finalizer(pass, true);
    if (!guarded) co_return fail(std::move(guarded.error()));
  }
  co_await observe_all(pass);
  if (pass.parsed.spec) {
    install::mark_adoptable(pass.observed, pass.parsed.spec->reconcile.adopt, pass.name);
  }
  if (!applies && !pass.failure) co_await settle_drift(pass, nullptr);
  if (applies && !pass.failure) {
    co_await hand_over_classes(pass);
    if (!pass.outdated && !pass.failure) co_await finish_recreations(pass);
    if (!pass.outdated && !pass.failure) co_await carry_out(pass);
    if (!pass.outdated && !pass.failure) co_await strip_release_marks(pass);
    if (!pass.outdated && !pass.failure && pass.write_faults.empty()) co_await prune(pass);
    if (!pass.outdated && !pass.failure) co_await settle_default(pass);
    // The change that made it so comes by the watch, and with it the next pass.
    if (pass.outdated) co_return Outcome{.again_after = kWhileOutdated};
    if (!pass.failure) co_await remove_startup_taints(pass);
  }
  if (!plans) plan_mode_.forget(pass.name);
  // As with an application: what could not be read is not planned for.
  if (plans && !pass.failure && pass.write_faults.empty()) co_await make_plan(pass);
  find_image_faults(pass);
  co_return co_await conclude(std::move(pass));
}

/// Everything desired, what the inventory holds beyond that, and the classes of the cluster.
Task<void> PluginReconciler::observe_all(Pass& pass) {
  PatientLook look(children_, pass.answer_holds);
  const LookList list{pass.name, pass.desired, install::refs_beyond(*pass.plugin, pass.parsed)};
  auto looked = co_await observe_objects(look, list);
  pass.observed = std::move(looked.observed);
  for (auto& fault : looked.unread) note(pass, fault.ref, std::move(fault.error));
  observe_classes(pass);
}

Task<void> PluginReconciler::carry_out(Pass& pass) {
  // An object that could not be read must not be written blindly.
  if (!pass.write_faults.empty()) co_return;
  auto steps = install::plan(pass.desired, pass.observed);
  co_await settle_drift(pass, &steps);
  if (pass.outdated || pass.failure) co_return;
  std::erase_if(steps, [](const auto& step) {
    return step.action != install::Action::apply && step.action != install::Action::adopt &&
           step.action != install::Action::recreate;
  });
  hold_controllers(pass, steps);
  if (steps.empty()) co_return;
  // The objects may be missing because whoever removed the plug-in by force removed them as well.
  const bool current = co_await may_write(pass);
  if (!current) co_return;
  for (const auto& step : steps) {
    const auto* carried = install::find_carried(pass.classes.recreating, step.desired->ref);
    if (step.action == install::Action::recreate) {
      co_await recreate(pass, step);
    } else if (carried != nullptr) {
      co_await make_anew(pass, *step.desired, *carried);
    } else {
      co_await apply_object(pass, step);
    }
    if (pass.failure) co_return;
  }
}

/// An old controller goes before its successor comes: prune() takes it away once everything else
/// is applied, and the watch, which shows it gone, brings the next pass.
void PluginReconciler::hold_controllers(const Pass& pass, std::vector<install::Step>& steps) {
  const auto inventory = install::read_inventory(*pass.plugin);
  const auto gone = install::objects_to_prune(inventory, pass.desired);
  std::erase_if(steps, [&](const install::Step& step) {
    return install::waits_for_old_controller(step.desired->ref, gone, pass.observed,
                                             *pass.parsed.bundle);
  });
}

Task<void> PluginReconciler::prune(Pass& pass) {
  const auto inventory = install::read_inventory(*pass.plugin);
  auto gone = install::may_go_now(install::objects_to_prune(inventory, pass.desired), pass.observed,
                                  *pass.parsed.bundle);
  std::erase_if(gone, [&](const install::InventoryEntry& entry) {
    return install::survives(entry.ref, *pass.parsed.bundle, pass.parsed.spec->classes);
  });
  if (gone.empty()) co_return;
  co_await check_current(pass, "looking before deleting");
  if (pass.outdated || pass.failure) co_return;
  for (const auto& entry : gone) co_await delete_object(pass, entry);
}

}  // namespace bso::controllers
