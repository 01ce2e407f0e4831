// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that writes and deletes single objects, and makes sure that what it
// decided on still holds.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/freshness.h"
#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/resource.h"
#include "install/names.h"

namespace bso::controllers {
namespace {

/// Somebody else wrote in the same moment (a stale resourceVersion, a precondition, two creations):
/// nothing is wrong, and the next look sees what they made of it. Fields that another manager owns
/// are the other sort of conflict.
bool is_race(const Error& error) {
  if (error.kind != ErrorKind::status || error.code != 409) return false;
  return std::none_of(error.causes.begin(), error.causes.end(), [](const StatusCause& cause) {
    return cause.reason == "FieldManagerConflict";
  });
}

std::vector<std::string> finalizers_of(const nlohmann::json& plugin) {
  std::vector<std::string> finalizers;
  const auto* listed = codec::find(plugin, {"metadata", "finalizers"});
  if (listed == nullptr || !listed->is_array()) return finalizers;
  for (const auto& entry : *listed) {
    if (entry.is_string()) finalizers.push_back(entry.get<std::string>());
  }
  return finalizers;
}

}  // namespace

void PluginReconciler::note(Pass& pass, const install::ObjectRef& ref, Error error) {
  // The same refusal comes back with every look until somebody mends it: said once.
  auto& said = refusals_[pass.name + "|" + ref.display()];
  const bool routine = said == error.message || error.kind == ErrorKind::fenced;
  log::write(routine ? log::Level::debug : log::Level::warn, "refused or failed",
             {{"plugin", pass.name}, {"object", ref.display()}, {"error", error.message}});
  said = error.message;
  const bool refused = error.kind == ErrorKind::status && error.code < 500 && error.code != 429;
  if (refused && !is_race(error)) {
    pass.write_faults.push_back({ref, std::move(error)});
  } else if (!pass.failure) {
    pass.failure = std::move(error).with_context(ref.display());
  }
}

Task<void> PluginReconciler::apply_object(Pass& pass, install::Step step) {
  const auto& ref = step.desired->ref;
  const auto* before = install::find_observed(pass.observed, ref);
  const bool creates = before == nullptr || !before->exists;
  auto answer = co_await write(pass, step);
  const auto refusal = pass.name + "|" + ref.display();
  if (!answer) {
    const bool refused = answer.error().kind == ErrorKind::status && answer.error().code < 500;
    if (creates && refused && !is_race(answer.error())) refused_creations_.insert(refusal);
    note(pass, ref, std::move(answer.error()));
    co_return;
  }
  refused_creations_.erase(refusal);
  log::info("applied", {{"object", ref.display()}, {"because", step.reason}});
  if (step.drift_repair) record_repairs(pass, ref);
  const auto applied = *answer;
  took(pass, step.desired, ref, std::move(*answer));
  co_await strike_orphan_mark(pass, ref, applied);
}

Task<Result<codec::JsonPtr>> PluginReconciler::write(Pass& pass, const install::Step& step) {
  const auto& ref = step.desired->ref;
  const auto resource = resource_of(ref);
  if (!resource) co_return fail(invalid_input("its kind is not handled"));
  if (step.action == install::Action::adopt) co_return co_await adopt(pass, step);
  if (step.force) co_return co_await apply_by_force(pass, step);
  auto answer = co_await client_.apply(*resource, ref.ns, ref.name, step.desired->document);
  if (!answer && answer.error().has_cause("FieldManagerConflict")) {
    co_return co_await contest(pass, step, std::move(answer.error()));
  }
  co_return answer;
}

/// What a write returned is what is there now.
void PluginReconciler::took(Pass& pass, const install::DesiredObject* desired,
                            const install::ObjectRef& ref, codec::JsonPtr answer) {
  auto now = install::observe(ref, answer.get(), desired, pass.name);
  children_.wrote(ref, std::move(answer));
  const auto found = std::find_if(
      pass.observed.begin(), pass.observed.end(),
      [&](const install::ObservedObject& object) { return object.ref.same_object(ref); });
  if (found == pass.observed.end()) {
    pass.observed.push_back(std::move(now));
  } else {
    *found = std::move(now);
  }
}

/// The plug-in as the last write of ours left it, while the watch still lags behind that: a second
/// write from what the watch shows would only be refused.
codec::JsonPtr PluginReconciler::latest(codec::JsonPtr seen) {
  const auto written = written_.find(codec::string_at(*seen, {"metadata", "name"}));
  if (written == written_.end()) return seen;
  const auto of = [](const nlohmann::json& plugin, const char* field) {
    return codec::string_at(plugin, {"metadata", field});
  };
  const auto& ours = *written->second;
  const bool lags = of(ours, "uid") == of(*seen, "uid") &&
                    of(ours, "resourceVersion") != of(*seen, "resourceVersion") &&
                    not_older(of(ours, "resourceVersion"), of(*seen, "resourceVersion"));
  if (lags) return written->second;
  written_.erase(written);
  return seen;
}

void PluginReconciler::wrote_plugin(Pass& pass, codec::JsonPtr answer) {
  pass.plugin = std::move(answer);
  written_[pass.name] = pass.plugin;
}

void PluginReconciler::forget(const std::string& name) {
  written_.erase(name);
  needed_.forget_others(name);
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

/// In the place of what was seen of that object before.
void PluginReconciler::see(Pass& pass, install::ObservedObject observed) {
  std::erase_if(pass.observed, [&](const install::ObservedObject& object) {
    return object.ref.same_object(observed.ref);
  });
  pass.observed.push_back(std::move(observed));
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
  see(pass, observed);
  if (!install::may_delete(observed)) co_return;
  kube::Preconditions preconditions;
  preconditions.uid = observed.uid;
  preconditions.resource_version = observed.resource_version;
  auto removed = co_await client_.remove(*resource, entry.ref.ns, entry.ref.name, preconditions);
  if (!removed) {
    note(pass, entry.ref, std::move(removed.error()));
    co_return;
  }
  children_.removed(entry.ref);
  see(pass, install::observe(entry.ref, nullptr, nullptr, pass.name));
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
  wrote_plugin(pass, std::move(*answer));
  co_return Result<void>{};
}

/// An object that was given up and has been taken over again is like any other.
Task<void> PluginReconciler::strike_orphan_mark(Pass& pass, install::ObjectRef ref,
                                                codec::JsonPtr answer) {
  const auto resource = resource_of(ref);
  auto patch = install::take_over_patch(*answer);
  if (!resource || patch == nullptr) co_return;
  auto struck = co_await client_.merge_patch(*resource, ref.ns, ref.name, std::move(patch));
  if (struck) {
    children_.wrote(ref, *struck);
  } else {
    note(pass, ref, std::move(struck.error()));
  }
}

}  // namespace bso::controllers
