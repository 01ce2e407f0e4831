// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that settles whose a StorageClass is and which is the default one.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/resource.h"
#include "install/class_policy.h"
#include "install/class_status.h"

namespace bso::controllers {
namespace {

install::ObjectRef class_ref(std::string name) {
  return install::make_ref(*install::find_kind("storage.k8s.io", "StorageClass"), "",
                           std::move(name));
}

const install::DesiredObject* desired_of(const std::vector<install::DesiredObject>& desired,
                                         const install::ObjectRef& ref) {
  const auto found = std::find_if(
      desired.begin(), desired.end(),
      [&](const install::DesiredObject& object) { return object.ref.same_object(ref); });
  return found == desired.end() ? nullptr : &*found;
}

std::vector<install::ClassView> views_of(const std::vector<codec::JsonPtr>& classes) {
  std::vector<install::ClassView> views;
  views.reserve(classes.size());
  for (const auto& live : classes) views.push_back(install::view_class(*live));
  return views;
}

}  // namespace

/// The classes of the cluster. No request: all StorageClasses are watched.
void PluginReconciler::observe_classes(Pass& pass) {
  pass.classes.cluster = views_of(children_.storage_classes());
  pass.classes.mark_counts = install::read_mark_counts(*pass.plugin);
  pass.classes.recreating = install::read_recreating(*pass.plugin);
}

/// Gives classes up, and takes back what was given up: before their content is looked at.
Task<void> PluginReconciler::hand_over_classes(Pass& pass) {
  if (!pass.parsed.spec) co_return;
  const auto& bundle = *pass.parsed.bundle;
  const auto found = pass.observed;
  bool checked = false;
  for (const auto& object : found) {
    const auto verdict = install::judge_handover(object, bundle, *pass.parsed.spec);
    if (verdict == install::Handover::none) continue;
    if (!checked) co_await check_current(pass, "looking before writing");
    if (pass.outdated || pass.failure) co_return;
    checked = true;
    const bool give_up = verdict == install::Handover::give_up;
    auto patch = give_up ? install::give_up_patch(object, pass.name)
                         : install::take_back_patch(object, bundle, pass.name);
    auto answer =
        co_await client_.merge_patch(kube::storage_classes, "", object.ref.name, std::move(patch));
    if (!answer) {
      note(pass, object.ref, std::move(answer.error()));
      if (pass.failure) co_return;
      continue;
    }
    took(pass, desired_of(pass.desired, object.ref), object.ref, std::move(*answer));
    tell(pass, give_up ? "StorageClassGivenUp" : "StorageClassTakenBack",
         fmt::format(
             "{} {}.", object.ref.display(),
             give_up ? "is no longer the operator's, and stays" : "is the operator's again"));
  }
}

/// Brings the mark of the default class to where spec.storageClasses.default wants it. Decided on
/// what etcd holds when there is anything to write: a default class that somebody chose in this
/// moment is not to get a second one beside it.
Task<void> PluginReconciler::settle_default(Pass& pass) {
  pass.classes.cluster = views_of(children_.storage_classes());
  const auto next = [&] {
    const install::StatusInput input{.plugin = *pass.plugin,
                                     .parsed = pass.parsed,
                                     .desired = pass.desired,
                                     .observed = pass.observed,
                                     .classes = pass.classes,
                                     .operator_version = "",
                                     .now = ""};
    return install::next_mark(install::default_scene(input));
  };
  // Another pass is at it; what it writes comes by the watch, and with it the next pass.
  if (marking_ || !next()) co_return;
  struct Turn {
    bool& taken;
    explicit Turn(bool& flag) : taken(flag) { taken = true; }
    ~Turn() { taken = false; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
  };
  const Turn turn(marking_);
  co_await check_current(pass, "looking before marking the default class");
  if (pass.outdated || pass.failure) co_return;
  auto live = co_await client_.list(kube::storage_classes, "", kube::Query());
  if (!live) {
    pass.failure = std::move(live.error()).with_context("looking at the StorageClasses");
    co_return;
  }
  pass.classes.cluster.clear();
  if (const auto* items = codec::find(**live, {"items"}); items != nullptr && items->is_array()) {
    for (const auto& item : *items) pass.classes.cluster.push_back(install::view_class(item));
  }
  while (const auto step = next()) {
    const bool written = co_await write_mark(pass, *step);
    if (!written) co_return;
  }
}

/// Sets or takes one mark. False when that was not to be had now.
Task<bool> PluginReconciler::write_mark(Pass& pass, install::MarkStep step) {
  const auto ref = class_ref(step.target.name);
  auto patch = install::mark_patch(step);
  auto answer =
      co_await client_.merge_patch(kube::storage_classes, "", step.target.name, std::move(patch));
  if (!answer) {
    if (!answer.error().not_found()) note(pass, ref, std::move(answer.error()));
    co_return false;
  }
  const auto now = install::view_class(**answer);
  for (auto& view : pass.classes.cluster) {
    if (view.name == now.name) view = now;
  }
  install::count_mark(pass.classes.mark_counts, now.name);
  if (install::find_observed(pass.observed, ref) != nullptr) {
    took(pass, desired_of(pass.desired, ref), ref, std::move(*answer));
  } else {
    children_.wrote(ref, std::move(*answer));
  }
  const auto& wanted = pass.parsed.spec->classes.default_class.name;
  if (step.mark) {
    tell(pass, "DefaultClassSet", fmt::format("{} is now the default class.", ref.display()));
  } else {
    tell(pass, "DefaultClassTaken",
         fmt::format("{} is no longer a default class: spec.storageClasses.default.mode is Enforce "
                     "for {}.",
                     ref.display(), wanted),
         true);
  }
  // A write that somehow did not do what it should is not repeated in this pass.
  co_return now.is_default() == step.mark;
}

}  // namespace bso::controllers
