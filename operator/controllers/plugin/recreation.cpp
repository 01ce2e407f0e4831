// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that deletes an object whose immutable fields differ and makes it
// anew. What others wrote on it is put down in status.recreating before, and struck after, so that
// whatever happens in between, some later pass finds it and goes on.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/resource.h"
#include "install/names.h"
#include "install/recreate.h"

namespace bso::controllers {
namespace {

kube::Propagation to_wire(install::Propagation propagation) {
  switch (propagation) {
    case install::Propagation::foreground:
      return kube::Propagation::foreground;
    case install::Propagation::orphan:
      return kube::Propagation::orphan;
    case install::Propagation::background:
      break;
  }
  return kube::Propagation::background;
}

void strike(std::vector<install::CarriedOver>& entries, const install::ObjectRef& ref) {
  std::erase_if(entries, [&](const auto& entry) { return entry.ref.same_object(ref); });
}

}  // namespace

/// Goes on with what an earlier pass began: strikes what is done or no longer wanted. An object
/// that is missing is left to make_anew().
Task<void> PluginReconciler::finish_recreations(Pass& pass) {
  const auto entries = pass.classes.recreating;
  for (const auto& entry : entries) {
    const auto desired =
        std::find_if(pass.desired.begin(), pass.desired.end(),
                     [&](const auto& object) { return object.ref.same_object(entry.ref); });
    if (desired == pass.desired.end()) {
      strike(pass.classes.recreating, entry.ref);
      continue;
    }
    auto live = co_await children_.look(entry.ref);
    if (!live) {
      note(pass, entry.ref, std::move(live.error()));
      continue;
    }
    if (*live == nullptr) {
      // Whoever missed the default class may have chosen another one meanwhile.
      const bool taken = !install::default_classes(pass.classes.cluster).empty();
      auto rest = taken ? install::without_default_mark(entry) : entry;
      strike(pass.classes.recreating, entry.ref);
      pass.classes.recreating.push_back(std::move(rest));
      continue;
    }
    const auto found = install::observe(entry.ref, live->get(), nullptr, pass.name);
    // The same UID: it was not deleted yet. If it still has to be, recreate() writes it down anew.
    if (found.uid == entry.uid || found.owner != install::Owner::ours || found.terminating) {
      if (!found.terminating) strike(pass.classes.recreating, entry.ref);
      continue;
    }
    co_await check_current(pass, "looking before writing");
    if (pass.outdated || pass.failure) co_return;
    auto held = install::still_held(entry, **live);
    const bool done = co_await hand_on(pass, *desired, std::move(held));
    if (done) strike(pass.classes.recreating, entry.ref);
    if (pass.failure) co_return;
  }
}

/// Deletes the object and makes it anew: by the very next request, so that a claim which names the
/// class, or names none and means it as the default, hardly ever finds it missing.
Task<void> PluginReconciler::recreate(Pass& pass, install::Step step) {
  const auto& desired = *step.desired;
  const auto& ref = desired.ref;
  const auto resource = resource_of(ref);
  if (!resource) co_return;
  auto live = co_await children_.look(ref);
  if (!live || *live == nullptr) co_return;  // it went in this moment: the next pass makes it
  if (futile_.contains(codec::string_at(**live, {"metadata", "uid"}))) {
    for (auto& object : pass.observed) {
      if (object.ref.same_object(ref)) {
        object.recreate_obstacle =
            "it was made anew once and the server or an admission plug-in "
            "changed the field right away";
      }
    }
    co_return;
  }
  auto carried = install::carried_over(ref, *desired.document, **live);
  if (!carried.empty()) {
    const bool noted = co_await write_down(pass, carried);
    if (!noted) co_return;
  }
  kube::Preconditions preconditions;
  preconditions.uid = carried.uid;
  preconditions.resource_version = codec::string_at(**live, {"metadata", "resourceVersion"});
  const auto propagation = install::propagation_of(*desired.document, **live);
  auto removed =
      co_await client_.remove(*resource, ref.ns, ref.name, preconditions, to_wire(propagation));
  if (!removed) {
    note(pass, ref, std::move(removed.error()));
    co_return;
  }
  if (install::gone_at_once(propagation)) {
    children_.gone(ref, carried.uid);
  } else {
    children_.removed(ref);
  }
  tell(pass, "Recreating",
       fmt::format("{} is deleted and made anew: {}. What others wrote on it is carried over.",
                   ref.display(), step.reason));
  // Else the watch tells when the old one is gone.
  if (install::gone_at_once(propagation)) co_await make_anew(pass, desired, std::move(carried));
}

/// Puts what is to be carried over into the status.
Task<bool> PluginReconciler::write_down(Pass& pass, install::CarriedOver carried) {
  strike(pass.classes.recreating, carried.ref);
  pass.classes.recreating.push_back(std::move(carried));
  const nlohmann::json body = {
      {"metadata",
       {{"resourceVersion", codec::string_at(*pass.plugin, {"metadata", "resourceVersion"})}}},
      {"status", {{"recreating", install::recreating_json(pass.classes.recreating)}}}};
  auto patch = std::make_shared<const nlohmann::json>(body);
  auto answer = co_await client_.merge_patch(block_storage_plugins, "", pass.name, std::move(patch),
                                             "status");
  if (!answer) {
    pass.failure = std::move(answer.error()).with_context("writing status.recreating");
    co_return false;
  }
  wrote_plugin(pass, std::move(*answer));
  co_return true;
}

/// Makes a missing object with what is carried over.
Task<void> PluginReconciler::make_anew(Pass& pass, const install::DesiredObject& desired,
                                       install::CarriedOver carried) {
  const auto& ref = desired.ref;
  const auto resource = resource_of(ref);
  if (!resource) co_return;
  auto document = install::with_carried(*desired.document, carried);
  auto answer = co_await client_.apply(*resource, ref.ns, ref.name, std::move(document));
  if (!answer) {
    std::erase_if(pass.observed, [&](const auto& object) { return object.ref.same_object(ref); });
    pass.observed.push_back(install::observe(ref, nullptr, &desired, pass.name));
    note(pass, ref, std::move(answer.error()));
    co_return;
  }
  log::info("made anew", {{"object", ref.display()}});
  const auto made = *answer;
  took(pass, &desired, ref, std::move(*answer));
  const auto now = install::observe(ref, made.get(), &desired, pass.name);
  if (!now.immutable_drift.empty()) futile_.insert(now.uid);
  const bool done = co_await hand_on(pass, desired, carried);
  if (done) strike(pass.classes.recreating, ref);
}

/// Gives what was carried over to a field manager of its own, and applies the object as it is
/// applied otherwise. False when that failed: the next pass does it.
Task<bool> PluginReconciler::hand_on(Pass& pass, const install::DesiredObject& desired,
                                     install::CarriedOver carried) {
  if (carried.empty()) co_return true;
  const auto& ref = desired.ref;
  const auto resource = resource_of(ref);
  if (!resource) co_return true;
  kube::ApplyOptions options;
  options.field_manager = install::kCarryingManager;
  auto document = install::only_carried(carried);
  auto answer = co_await client_.apply(*resource, ref.ns, ref.name, std::move(document), options);
  if (answer) {
    answer = co_await client_.apply(*resource, ref.ns, ref.name, desired.document);
  }
  if (!answer) {
    note(pass, ref, std::move(answer.error()));
    co_return false;
  }
  took(pass, &desired, ref, std::move(*answer));
  co_return true;
}

}  // namespace bso::controllers
