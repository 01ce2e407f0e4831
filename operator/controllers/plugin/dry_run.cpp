// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/dry_run.h"

#include <nlohmann/json.hpp>

#include "controllers/plugin/children.h"

namespace bso::controllers {
namespace {

/// A refusal that would come again. Everything else says nothing about the write itself.
bool is_verdict(const Error& error) {
  const bool race = error.code == 409 && !error.has_cause("FieldManagerConflict");
  return error.kind == ErrorKind::status && error.code < 500 && error.code != 429 && !race;
}

Task<Result<codec::JsonPtr>> try_removal(kube::Client& client, kube::Resource resource,
                                         install::Trial trial) {
  kube::Preconditions preconditions;
  // Not the resourceVersion: an application looks at the object once more before it deletes it.
  preconditions.uid = trial.uid;
  auto removed =
      co_await client.remove(resource, trial.ref.ns, trial.ref.name, std::move(preconditions));
  if (!removed) co_return fail(std::move(removed.error()));
  co_return codec::JsonPtr{};
}

/// Both halves. The name is still taken in the second: that answer comes after admission and
/// validation (apiserver, registry/generic/registry/store.go), so it is the good one.
Task<Result<codec::JsonPtr>> try_anew(kube::Client& client, kube::Resource resource,
                                      install::Trial trial) {
  auto removed = co_await try_removal(client, resource, trial);
  if (!removed) co_return removed;
  auto made = co_await client.create(resource, trial.ref.ns, trial.desired->document);
  if (!made && made.error().is_status("AlreadyExists")) co_return codec::JsonPtr{};
  co_return made;
}

/// As the operator does it: fields of others are taken only once the server has named them.
Task<Result<codec::JsonPtr>> try_apply(kube::Client& client, kube::Resource resource,
                                       install::Trial trial) {
  const auto& document = trial.desired->document;
  auto answer = co_await client.apply(resource, trial.ref.ns, trial.ref.name, document);
  if (answer || !trial.may_force || !answer.error().has_cause("FieldManagerConflict")) {
    co_return answer;
  }
  kube::ApplyOptions options;
  options.force = true;
  co_return co_await client.apply(resource, trial.ref.ns, trial.ref.name, document, options);
}

/// A patch, and what is applied after it. The answer is that to the last.
Task<Result<codec::JsonPtr>> try_patch(kube::Client& client, kube::Resource resource,
                                       install::Trial trial) {
  Result<codec::JsonPtr> answer = codec::JsonPtr{};
  if (trial.patch != nullptr) {
    answer = co_await client.merge_patch(resource, trial.ref.ns, trial.ref.name, trial.patch);
  }
  if (answer && trial.desired != nullptr) {
    answer = co_await try_apply(client, resource, trial);
  }
  co_return answer;
}

Task<Result<codec::JsonPtr>> try_one(kube::Client& client, kube::Resource resource,
                                     install::Trial trial) {
  if (trial.too_early) co_return codec::JsonPtr{};
  switch (trial.action) {
    case install::PlannedAction::take_back:
    case install::PlannedAction::give_up:
    case install::PlannedAction::set_default:
    case install::PlannedAction::unset_default:
      co_return co_await try_patch(client, resource, std::move(trial));
    case install::PlannedAction::remove:
      co_return co_await try_removal(client, resource, std::move(trial));
    case install::PlannedAction::recreate:
      co_return co_await try_anew(client, resource, std::move(trial));
    default:
      co_return co_await try_apply(client, resource, std::move(trial));
  }
}

}  // namespace

Task<Result<install::PlanReport>> dry_run(kube::Client& client, Look& look,
                                          install::Trials trials) {
  auto dry = client.dry_run();
  install::PlanReport report;
  report.left_alone = std::move(trials.left_alone);
  report.blocked = std::move(trials.blocked);
  for (const auto& trial : trials.trials) {
    const auto resource = resource_of(trial.ref);
    if (!resource) continue;  // render() and the inventory have only kinds that are handled
    auto before = co_await look.look(trial.ref);
    if (!before) co_return fail(std::move(before.error()).with_context(trial.ref.display()));
    auto answer = co_await try_one(dry, *resource, trial);
    if (!answer && !is_verdict(answer.error())) {
      co_return fail(std::move(answer.error()).with_context(trial.ref.display()));
    }
    report.entries.push_back(install::judge_trial(trial, before->get(), answer, report.entries));
  }
  co_return report;
}

}  // namespace bso::controllers
