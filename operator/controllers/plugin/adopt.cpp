// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that takes over what a release of Helm, or nobody, left.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/resource.h"

namespace bso::controllers {

/// By one apply with force for the fields that we set. The object stays what it is: same uid, and
/// no new pods where its template says what ours does.
Task<Result<codec::JsonPtr>> PluginReconciler::adopt(Pass& pass, const install::Step& step) {
  const auto& ref = step.desired->ref;
  const auto live = co_await look_live(pass, *step.desired);
  const auto* found = install::find_observed(pass.observed, ref);
  if (live == nullptr || found == nullptr || !found->adoptable) {
    Error changed;
    changed.kind = ErrorKind::canceled;
    changed.message = "it has changed hands while it was to be taken over";
    co_return fail(std::move(changed));
  }
  const auto from = found->owner == install::Owner::nobody ? "nobody" : found->owner_name;
  const auto release = found->release;
  auto answer = co_await apply_by_force(pass, step);
  // Of a release's object the claims go with its marks.
  if (answer && !release)
    answer = co_await take_off(ref, install::former_managers_patch(**answer), *answer);
  if (answer) {
    if (release) pass.adopted_from.push_back(*release);
    tell(pass, "Adopted", fmt::format("{} was taken over from {}.", ref.display(), from));
  }
  co_return answer;
}

/// Takes something off an object as `live` has it, which is the answer when nothing is to be taken.
Task<Result<codec::JsonPtr>> PluginReconciler::take_off(install::ObjectRef ref,
                                                        nlohmann::json patch, codec::JsonPtr live) {
  const auto resource = resource_of(ref);
  if (!resource || patch.empty()) co_return live;
  patch["metadata"]["resourceVersion"] = codec::string_at(*live, {"metadata", "resourceVersion"});
  auto body = std::make_shared<const nlohmann::json>(std::move(patch));
  co_return co_await client_.merge_patch(*resource, ref.ns, ref.name, std::move(body));
}

/// Helm's labels and annotations go once status.leftovers has what they tell: after that nothing
/// else in the cluster names the release.
Task<void> PluginReconciler::strip_release_marks(Pass& pass) {
  std::vector<const install::DesiredObject*> marked;
  const auto recorded = install::merge_leftovers(*pass.plugin, {});
  for (const auto& desired : pass.desired) {
    const auto* found = install::find_observed(pass.observed, desired.ref);
    if (found == nullptr || found->owner != install::Owner::ours || !found->release) continue;
    const std::vector<install::Release> from{*found->release};
    if (install::merge_leftovers(*pass.plugin, from) == recorded) {
      marked.push_back(&desired);
    } else {
      pass.adopted_from.push_back(*found->release);
    }
  }
  if (marked.empty()) co_return;
  const bool current = co_await may_write(pass);
  if (!current) co_return;
  for (const auto* desired : marked) {
    const auto& ref = desired->ref;
    const auto live = co_await look_live(pass, *desired);
    if (pass.failure) co_return;
    const auto* found = install::find_observed(pass.observed, ref);
    if (live == nullptr || found == nullptr || found->owner != install::Owner::ours) continue;
    auto patch = install::release_marks_patch(*live, *desired->document);
    if (patch.empty()) continue;
    patch.merge_patch(install::former_managers_patch(*live));
    auto answer = co_await take_off(ref, std::move(patch), live);
    if (!answer) {
      note(pass, ref, std::move(answer.error()));
      if (pass.failure) co_return;
      continue;
    }
    took(pass, desired, ref, std::move(*answer));
  }
}

}  // namespace bso::controllers
