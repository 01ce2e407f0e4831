// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/reconciler.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "controllers/plugin/resource.h"
#include "install/names.h"

namespace bso::controllers {
namespace {

using runtime::Outcome;

/// A look at everything even when no watch has said a thing.
constexpr std::chrono::minutes kResync{10};
/// While pods are coming up their image faults show in no object that is watched.
constexpr std::chrono::seconds kWhileNotReady{10};
/// A write that the server refused for a reason that only a person can mend.
constexpr std::chrono::seconds kAfterRefusal{30};

std::vector<std::string> finalizers_of(const nlohmann::json& plugin) {
  std::vector<std::string> finalizers;
  const auto* listed = codec::find(plugin, {"metadata", "finalizers"});
  if (listed == nullptr || !listed->is_array()) return finalizers;
  for (const auto& entry : *listed) {
    if (entry.is_string()) finalizers.push_back(entry.get<std::string>());
  }
  return finalizers;
}

bool is_being_deleted(const nlohmann::json& plugin) {
  return codec::find(plugin, {"metadata", "deletionTimestamp"}) != nullptr;
}

bool all_pods_ready(const std::vector<install::ObservedObject>& observed) {
  return std::all_of(observed.begin(), observed.end(), [](const install::ObservedObject& object) {
    return object.ready >= object.desired && object.updated >= object.desired;
  });
}

}  // namespace

PluginReconciler::PluginReconciler(kube::Client& client, Children& children,
                                   runtime::EventRecorder& recorder,
                                   std::vector<install::Bundle> bundles,
                                   std::string operator_version)
    : client_(client),
      children_(children),
      recorder_(recorder),
      bundles_(std::move(bundles)),
      operator_version_(std::move(operator_version)) {}

Task<Result<Outcome>> PluginReconciler::reconcile(codec::JsonPtr plugin) {
  Pass pass;
  pass.name = codec::string_at(*plugin, {"metadata", "name"});
  pass.parsed = install::parse_spec(*plugin, bundles_);
  pass.plugin = std::move(plugin);
  const bool deleting = is_being_deleted(*pass.plugin);
  if (deleting) co_return co_await uninstall(std::move(pass));
  co_return co_await install(std::move(pass));
}

Task<Result<Outcome>> PluginReconciler::install(Pass pass) {
  const bool managed = install::is_managed(*pass.plugin);
  if (managed && pass.parsed.spec) {
    // Before the first object is made, so that no deletion can slip in between.
    auto guarded = co_await set_finalizer(pass, true);
    if (!guarded) co_return fail(std::move(guarded.error()));
    pass.desired = install::render(*pass.parsed.bundle, *pass.parsed.spec);
  }
  co_await observe_all(pass);
  if (managed && pass.parsed.spec && !pass.failure) {
    co_await carry_out(pass);
    if (!pass.outdated && !pass.failure && pass.write_faults.empty()) co_await prune(pass);
    // The change that made it so comes by the watch, and with it the next pass.
    if (pass.outdated) co_return Outcome{.again_after = kWhileNotReady};
  }
  co_await find_image_faults(pass);
  co_return co_await conclude(std::move(pass));
}

void PluginReconciler::note(Pass& pass, const install::ObjectRef& ref, Error error) {
  // The same refusal comes back with every look until somebody mends it: said once.
  auto& said = refusals_[pass.name + "|" + ref.display()];
  const bool routine = said == error.message || error.kind == ErrorKind::fenced;
  log::write(routine ? log::Level::debug : log::Level::warn, "refused or failed",
             {{"plugin", pass.name}, {"object", ref.display()}, {"error", error.message}});
  said = error.message;
  if (error.kind == ErrorKind::status && error.code < 500 && error.code != 429) {
    pass.write_faults.push_back({ref, std::move(error)});
  } else if (!pass.failure) {
    pass.failure = std::move(error).with_context(ref.display());
  }
}

/// Everything desired, and what the inventory holds beyond that.
Task<void> PluginReconciler::observe_all(Pass& pass) {
  for (const auto& desired : pass.desired) {
    auto live = co_await children_.look(desired.ref);
    if (!live) {
      note(pass, desired.ref, std::move(live.error()));
      continue;
    }
    pass.observed.push_back(install::observe(desired.ref, live->get(), &desired, pass.name));
  }
  for (const auto& entry : install::read_inventory(*pass.plugin)) {
    if (install::find_observed(pass.observed, entry.ref) != nullptr) continue;
    auto live = co_await children_.look(entry.ref);
    if (!live) {
      note(pass, entry.ref, std::move(live.error()));
      continue;
    }
    pass.observed.push_back(install::observe(entry.ref, live->get(), nullptr, pass.name));
  }
}

Task<void> PluginReconciler::carry_out(Pass& pass) {
  // An object that could not be read must not be written blindly.
  if (!pass.write_faults.empty()) co_return;
  auto steps = install::plan(pass.desired, pass.observed);
  std::erase_if(steps, [](const auto& step) { return step.action != install::Action::apply; });
  if (steps.empty()) co_return;
  // The objects may be missing because whoever removed the plug-in by force removed them as well.
  co_await check_current(pass, "looking before writing");
  if (pass.outdated || pass.failure) co_return;
  for (const auto& step : steps) {
    const auto& ref = step.desired->ref;
    const auto resource = resource_of(ref);
    if (!resource) continue;  // render() makes only kinds that are handled
    auto answer = co_await client_.apply(*resource, ref.ns, ref.name, step.desired->document);
    if (!answer) {
      note(pass, ref, std::move(answer.error()));
      if (pass.failure) co_return;
      continue;
    }
    log::info("applied", {{"object", ref.display()}, {"because", step.reason}});
    children_.wrote(ref, *answer);
    const auto same = [&](const install::ObservedObject& object) {
      return object.ref.same_object(ref);
    };
    const auto found = std::find_if(pass.observed.begin(), pass.observed.end(), same);
    auto now = install::observe(ref, answer->get(), step.desired, pass.name);
    if (found == pass.observed.end()) {
      pass.observed.push_back(std::move(now));
    } else {
      *found = std::move(now);
    }
  }
}

Task<void> PluginReconciler::prune(Pass& pass) {
  const auto inventory = install::read_inventory(*pass.plugin);
  const auto gone = install::objects_to_prune(inventory, pass.desired);
  if (gone.empty()) co_return;
  co_await check_current(pass, "looking before deleting");
  if (pass.outdated || pass.failure) co_return;
  for (const auto& entry : gone) co_await delete_object(pass, entry);
}

/// Whether the plug-in's spec, and its deletion, are still what this pass began with; else the pass
/// is outdated. Asked for live before anything is written or deleted: each watch has its own delay,
/// and after a restart the first server may be one that lags behind and shows what was wanted in
/// the past.
Task<void> PluginReconciler::check_current(Pass& pass, std::string_view doing) {
  auto live = co_await client_.get(block_storage_plugins, "", pass.name);
  if (!live && !live.error().not_found()) {
    pass.failure = std::move(live.error()).with_context(doing);
    co_return;
  }
  const auto same = [&](const char* field) {
    const auto* seen = codec::find(*pass.plugin, {"metadata", field});
    const auto* now = codec::find(**live, {"metadata", field});
    return seen != nullptr && now != nullptr && *seen == *now;
  };
  pass.outdated = !live || !same("uid") || !same("generation");
}

Task<void> PluginReconciler::delete_object(Pass& pass, install::InventoryEntry entry) {
  const auto resource = resource_of(entry.ref);
  if (!resource) co_return;
  // Asked for live: nothing is deleted on the word of a watch that may lag.
  auto live = co_await client_.get(*resource, entry.ref.ns, entry.ref.name);
  codec::JsonPtr document;
  if (live) {
    document = std::move(*live);
  } else if (!live.error().not_found()) {
    note(pass, entry.ref, std::move(live.error()));
    co_return;
  }
  const auto observed = install::observe(entry.ref, document.get(), nullptr, pass.name);
  std::erase_if(pass.observed, [&](const install::ObservedObject& object) {
    return object.ref.same_object(entry.ref);
  });
  if (!install::may_delete(observed)) co_return;
  kube::Preconditions preconditions;
  preconditions.uid = observed.uid;
  preconditions.resource_version = observed.resource_version;
  auto removed = co_await client_.remove(*resource, entry.ref.ns, entry.ref.name, preconditions);
  if (!removed) {
    pass.observed.push_back(observed);
    note(pass, entry.ref, std::move(removed.error()));
    co_return;
  }
  children_.removed(entry.ref);
  log::info("deleted", {{"object", entry.ref.display()}});
}

Task<Result<void>> PluginReconciler::set_finalizer(Pass& pass, bool wanted) {
  auto finalizers = finalizers_of(*pass.plugin);
  const auto ours = std::find(finalizers.begin(), finalizers.end(), install::kUninstallFinalizer);
  if ((ours != finalizers.end()) == wanted) co_return Result<void>{};
  if (wanted) {
    finalizers.emplace_back(install::kUninstallFinalizer);
  } else {
    finalizers.erase(ours);
  }
  const nlohmann::json metadata = {
      {"finalizers", finalizers},
      {"resourceVersion", codec::string_at(*pass.plugin, {"metadata", "resourceVersion"})}};
  auto patch = std::make_shared<const nlohmann::json>(nlohmann::json{{"metadata", metadata}});
  auto answer =
      co_await client_.merge_patch(block_storage_plugins, "", pass.name, std::move(patch));
  if (!answer) co_return fail(std::move(answer.error()).with_context("setting the finalizer"));
  pass.plugin = std::move(*answer);
  co_return Result<void>{};
}

/// Writes the status when it says something new, and decides when to look again.
Task<Result<Outcome>> PluginReconciler::conclude(Pass pass) {
  if (pass.failure) co_return fail(std::move(*pass.failure));
  const auto now = to_rfc3339(wall_now());
  const auto status = install::compute_status({.plugin = *pass.plugin,
                                               .parsed = pass.parsed,
                                               .desired = pass.desired,
                                               .observed = pass.observed,
                                               .write_faults = pass.write_faults,
                                               .image_pull_faults = pass.image_pull_faults,
                                               .blocking_volumes = pass.blocking_volumes,
                                               .operator_version = operator_version_,
                                               .now = now});
  if (!install::has_status(*pass.plugin, *status)) {
    const auto* previous = codec::find(*pass.plugin, {"status"});
    const nlohmann::json empty = nlohmann::json::object();
    const nlohmann::json body = {
        {"metadata",
         {{"resourceVersion", codec::string_at(*pass.plugin, {"metadata", "resourceVersion"})}}},
        {"status", codec::merge_patch(previous == nullptr ? empty : *previous, *status)}};
    auto patch = std::make_shared<const nlohmann::json>(body);
    auto written = co_await client_.merge_patch(block_storage_plugins, "", pass.name,
                                                std::move(patch), "status");
    if (!written) co_return fail(std::move(written.error()).with_context("writing the status"));
    record_changes(*pass.plugin, *status);
  }
  Outcome outcome;
  if (!pass.write_faults.empty()) {
    outcome.again_after = kAfterRefusal;
  } else if (!all_pods_ready(pass.observed)) {
    outcome.again_after = kWhileNotReady;
  } else {
    outcome.again_after = kResync;
    outcome.priority = runtime::WorkQueue::low_priority;
  }
  co_return outcome;
}

/// One Event for each condition whose reason changed, so that `kubectl describe bsp` tells the
/// story.
void PluginReconciler::record_changes(const nlohmann::json& plugin, const nlohmann::json& status) {
  const auto reason_before = [&](const std::string& type) {
    const auto* conditions = codec::find(plugin, {"status", "conditions"});
    if (conditions == nullptr || !conditions->is_array()) return std::string();
    for (const auto& condition : *conditions) {
      if (codec::string_at(condition, {"type"}) == type) {
        return codec::string_at(condition, {"reason"});
      }
    }
    return std::string();
  };
  const auto* conditions = codec::find(status, {"conditions"});
  if (conditions == nullptr) return;
  for (const auto& condition : *conditions) {
    const auto type = codec::string_at(condition, {"type"});
    const auto reason = codec::string_at(condition, {"reason"});
    const auto before = reason_before(type);
    if (reason == before) continue;
    const bool holds = codec::string_at(condition, {"status"}) == "True";
    const bool good_when_true = type != "Degraded" && type != "DeletionBlocked";
    const bool good = holds == good_when_true || type == "Progressing";
    // At first sight only what is wrong, or under way, is news.
    if (before.empty() && good && type != "Progressing") continue;
    runtime::EventNote note;
    note.regarding = {block_storage_plugins.api_version(), std::string(block_storage_plugins.kind),
                      "", codec::string_at(plugin, {"metadata", "name"}),
                      codec::string_at(plugin, {"metadata", "uid"})};
    note.type = good ? "Normal" : "Warning";
    note.reason = reason == "AsExpected" ? type + "AsExpected" : reason;
    note.action = "Reconcile";
    note.note = fmt::format("{}={}: {}", type, codec::string_at(condition, {"status"}),
                            codec::string_at(condition, {"message"}));
    recorder_.record(std::move(note));
  }
}

}  // namespace bso::controllers
