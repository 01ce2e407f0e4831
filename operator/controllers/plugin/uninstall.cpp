// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that runs while the plug-in is to be taken away: its object is being
// deleted, or is Removed.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/observe_objects.h"
#include "controllers/plugin/reconciler.h"
#include "install/names.h"

namespace bso::controllers {
namespace {

using runtime::Outcome;

constexpr std::chrono::seconds kWhileBlocked{30};
constexpr std::chrono::seconds kUntilCounted{3};
constexpr std::chrono::seconds kWhileStopping{2};

bool is_guarded(const nlohmann::json& plugin) {
  const auto* finalizers = codec::find(plugin, {"metadata", "finalizers"});
  return finalizers != nullptr && finalizers->is_array() &&
         std::find(finalizers->begin(), finalizers->end(), install::kUninstallFinalizer) !=
             finalizers->end();
}

bool is_being_deleted(const nlohmann::json& plugin) {
  return codec::find(plugin, {"metadata", "deletionTimestamp"}) != nullptr;
}

std::vector<install::ObjectRef> refs_of(const std::vector<install::InventoryEntry>& inventory) {
  std::vector<install::ObjectRef> refs;
  for (const auto& entry : inventory) refs.push_back(entry.ref);
  return refs;
}

void add_missing(std::vector<install::InventoryEntry>& inventory,
                 const std::vector<install::ObjectRef>& refs) {
  for (const auto& ref : refs) {
    const auto same = [&](const auto& entry) { return entry.ref.same_object(ref); };
    if (std::none_of(inventory.begin(), inventory.end(), same)) inventory.push_back({ref, "", ""});
  }
}

}  // namespace

/// What the status lists and what the watches show with our labels. Costs no request.
PluginReconciler::Inventory PluginReconciler::known_inventory(Pass& pass) {
  auto inventory = install::read_inventory(*pass.plugin);
  add_missing(inventory, children_.owned_by(pass.name));
  return inventory;
}

install::UninstallFacts PluginReconciler::facts_of(const Pass& pass,
                                                   const Inventory& inventory) const {
  return {.managed = install::is_managed(*pass.plugin),
          .held = install::is_held(*pass.plugin),
          .bundle = pass.parsed.bundle,
          .deletion = install::deletion_of(*pass.plugin),
          .anything_installed = !inventory.empty(),
          .driver_installed = install::holds_driver(inventory),
          .volumes = pass.removal->volumes};
}

Task<Result<Outcome>> PluginReconciler::uninstall(Pass pass) {
  using install::Uninstall;
  needed_.forget_others(pass.name);
  pass.drift = install::read_drift(*pass.plugin);
  pass.removal.emplace();
  auto& removal = *pass.removal;
  auto inventory = known_inventory(pass);
  PatientLook look(children_, std::chrono::seconds{0});
  const LookList list{pass.name, {}, refs_of(inventory)};
  auto looked = co_await observe_objects(look, list);
  pass.observed = std::move(looked.observed);
  for (auto& fault : looked.unread) note(pass, fault.ref, std::move(fault.error));
  if (pass.failure) co_return fail(std::move(*pass.failure));
  if (!is_being_deleted(*pass.plugin) && inventory.empty() && !is_guarded(*pass.plugin)) {
    removal.verdict = Uninstall::release;
    removal.done = true;
    co_return co_await conclude(std::move(pass));
  }
  // What is known without a request is enough to wait.
  auto facts = facts_of(pass, inventory);
  if (pass.parsed.bundle != nullptr) {
    const auto counted = census_.look(install::driver_names(*pass.parsed.bundle, pass.parsed.spec));
    if (counted && counted->total > 0) facts.volumes = removal.volumes = counted;
  }
  removal.verdict = install::judge_uninstall(facts);
  const bool waits =
      removal.verdict == Uninstall::held ||
      (removal.verdict == Uninstall::blocked && (facts.volumes || facts.bundle == nullptr));
  if (removal.verdict == Uninstall::held) co_await plan_removal(pass, inventory);
  if (pass.failure) co_return fail(std::move(*pass.failure));
  if (waits) co_return co_await wait_blocked(std::move(pass), std::move(inventory));
  if (!facts.managed) co_return co_await let_go(std::move(pass));

  co_await check_current(pass, "looking before deleting");
  if (pass.failure) co_return fail(std::move(*pass.failure));
  if (pass.outdated) co_return Outcome{.again_after = kWhileBlocked};
  auto live = co_await live_inventory(pass, std::move(inventory));
  if (!live) co_return fail(std::move(live.error()));
  co_return co_await take_away(std::move(pass), std::move(*live));
}

/// What a run made that ended before it could write its status is found by its labels.
Task<Result<PluginReconciler::Inventory>> PluginReconciler::live_inventory(Pass& pass,
                                                                           Inventory known) {
  auto owned = co_await children_.list_owned_by(pass.name);
  if (!owned) co_return fail(std::move(owned.error()));
  add_missing(known, *owned);
  co_return install::deletion_order(std::move(known));
}

/// Decides by what is live, and does it.
Task<Result<Outcome>> PluginReconciler::take_away(Pass pass, Inventory inventory) {
  using install::Uninstall;
  auto& removal = *pass.removal;
  removal.volumes.reset();
  if (pass.parsed.bundle != nullptr && install::holds_driver(inventory)) {
    const auto names = install::driver_names(*pass.parsed.bundle, pass.parsed.spec);
    auto volumes = co_await list_volumes(names);
    if (!volumes) co_return fail(std::move(volumes.error()));
    removal.volumes = std::move(*volumes);
  }
  const auto facts = facts_of(pass, inventory);
  removal.verdict = install::judge_uninstall(facts);
  const auto verdict = removal.verdict;
  if (verdict == Uninstall::blocked || verdict == Uninstall::held) {
    co_return co_await wait_blocked(std::move(pass), std::move(inventory));
  }
  if (verdict == Uninstall::force || verdict == Uninstall::orphan) {
    // Said before it is done.
    auto said = co_await write_status(pass);
    if (!said) co_return fail(std::move(said.error()));
  }
  if (verdict == Uninstall::remove || verdict == Uninstall::force) {
    // Classes that the spec wants to survive are given up first, and then are not ours to delete.
    co_await hand_over_classes(pass);
    if (pass.failure) co_return fail(std::move(*pass.failure));
    if (pass.outdated) co_return Outcome{.again_after = kWhileBlocked};
    if (!pass.write_faults.empty()) co_return co_await conclude(std::move(pass));
  }
  const bool orphans = verdict == Uninstall::orphan;
  const auto first = install::before_node_driver(inventory).size();
  for (std::size_t i = 0; i < inventory.size(); ++i) {
    if (i == first && verdict == Uninstall::remove && install::holds_driver(inventory)) {
      const bool may_go = co_await node_driver_may_go(pass, inventory);
      if (pass.failure) co_return fail(std::move(*pass.failure));
      if (!may_go && removal.verdict == Uninstall::blocked) {
        Inventory left(inventory.begin() + static_cast<std::ptrdiff_t>(first), inventory.end());
        co_return co_await wait_blocked(std::move(pass), std::move(left));
      }
      if (!may_go) {
        auto concluded = co_await conclude(std::move(pass));
        if (concluded) concluded->again_after = kWhileStopping;
        co_return concluded;
      }
    }
    const auto entry = inventory[i];
    const bool keep = entry.ref.kind == "StorageClass" && facts.deletion.retain_classes;
    if (orphans || keep) {
      co_await orphan_object(pass, entry);
    } else {
      co_await delete_object(pass, entry);
    }
    if (pass.failure) co_return fail(std::move(*pass.failure));
    // The order is the safety: what could not be removed keeps everything after it.
    if (!pass.write_faults.empty()) co_return co_await conclude(std::move(pass));
  }
  co_return co_await let_go(std::move(pass));
}

/// After the classes and the provisioner are gone: whether no volume has been made until it ended.
Task<bool> PluginReconciler::node_driver_may_go(Pass& pass, Inventory inventory) {
  auto& removal = *pass.removal;
  auto pods = co_await list_provisioner_pods(inventory, pass.name);
  if (!pods) {
    pass.failure = std::move(pods.error());
    co_return false;
  }
  removal.stopping_pods = std::move(*pods);
  const auto names = install::driver_names(*pass.parsed.bundle, pass.parsed.spec);
  auto volumes = co_await list_volumes(names);
  if (!volumes) {
    pass.failure = std::move(volumes.error());
    co_return false;
  }
  removal.volumes = std::move(*volumes);
  if (removal.volumes->total > 0) {
    removal.verdict = install::judge_uninstall(facts_of(pass, inventory));
    co_return false;
  }
  co_return removal.stopping_pods.empty();
}

/// Nothing is taken away for now; the status says why.
Task<Result<Outcome>> PluginReconciler::wait_blocked(Pass pass, Inventory inventory) {
  const bool by_volumes = pass.removal->verdict == install::Uninstall::blocked &&
                          pass.removal->volumes && pass.removal->volumes->total > 0;
  // The count has not seen what a request has found: that it goes may go unseen as well.
  bool uncounted = false;
  if (by_volumes && pass.parsed.bundle != nullptr) {
    const auto counted = census_.look(install::driver_names(*pass.parsed.bundle, pass.parsed.spec));
    uncounted = !counted || counted->total == 0;
  }
  if (by_volumes) co_await restore_provisioner(pass, std::move(inventory));
  auto concluded = co_await conclude(std::move(pass));
  if (concluded) concluded->again_after = uncounted ? kUntilCounted : kWhileBlocked;
  co_return concluded;
}

/// Nothing is left to do: the object may go or, Removed, says so.
Task<Result<Outcome>> PluginReconciler::let_go(Pass pass) {
  auto released = co_await set_finalizer(pass, false);
  if (!released && !released.error().not_found()) co_return fail(std::move(released.error()));
  const bool stays = !is_being_deleted(*pass.plugin);
  log::info("uninstalled", {{"plugin", pass.name}});
  if (!stays) co_return Outcome{};
  pass.removal->done = true;
  co_return co_await conclude(std::move(pass));
}

}  // namespace bso::controllers
