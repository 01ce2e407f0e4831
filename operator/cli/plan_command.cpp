// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_command.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/cluster_facts.h"
#include "cli/plan_input.h"
#include "cli/plan_view.h"
#include "cli/planned_object.h"
#include "codec/yaml_text.h"
#include "controllers/plugin/dry_run.h"
#include "controllers/plugin/observe_objects.h"
#include "install/bundle.h"
#include "install/plan_scene.h"
#include "install/prerequisites.h"
#include "install/rollout.h"
#include "install/server_version.h"
#include "install/spec.h"
#include "install/uninstall.h"

namespace bso::cli {
namespace {

void note_mode(const install::PluginSpec& spec, PluginPlan& plan) {
  if (spec.reconcile.mode == install::ReconcileMode::paused) {
    plan.notes.emplace_back(
        "spec.reconcile.mode is Paused: nothing of this is done before it is Apply.");
  } else if (spec.reconcile.mode == install::ReconcileMode::plan) {
    plan.notes.emplace_back(
        "spec.reconcile.mode is Plan: the operator lists this in status.plan and does it once the "
        "mode is Apply.");
  }
}

/// The refusals were met with the user's rights; those of the operator are others.
void note_rights(PluginPlan& plan) {
  const auto refused =
      std::count_if(plan.report.entries.begin(), plan.report.entries.end(),
                    [](const install::PlanEntry& entry) { return entry.forbidden; });
  if (refused == 0) return;
  plan.notes.push_back(fmt::format(
      "{} dry runs were refused for want of rights. They were sent with yours; to ask with those "
      "of "
      "the operator: --as system:serviceaccount:block-storage-operator:block-storage-operator",
      refused));
}

void note_choice(const install::RolloutChoice& choice, const install::PluginSpec& spec,
                 PluginPlan& plan) {
  const char* why = nullptr;
  switch (choice.rendering) {
    case install::Rendering::as_wanted:
      return;
    case install::Rendering::awaiting_approval:
      why = "spec.upgrade.approvedVersion does not name it yet";
      break;
    case install::Rendering::downgrade_refused:
      why = "it is older and spec.driver.version does not name it";
      break;
    case install::Rendering::rolled_back:
      why = "with this very spec it has failed and was rolled back";
      break;
  }
  plan.notes.push_back(fmt::format("The pods stay those of version {}, not {}: {}.", choice.version,
                                   spec.version, why));
}

/// Looks, as the operator does; what cannot be looked at is no plan.
Task<Result<std::vector<install::ObservedObject>>> look_at(LiveLook& look,
                                                           const controllers::LookList& list) {
  auto looked = co_await controllers::observe_objects(look, list);
  if (!looked.unread.empty()) {
    auto& first = looked.unread.front();
    co_return fail(std::move(first.error).with_context(first.ref.display()));
  }
  co_return std::move(looked.observed);
}

Task<Result<install::ServerVersion>> read_server_version(Session& session) {
  session.progress().at("asking for the server's version");
  auto version = co_await session.client().get_path("/version");
  if (!version) co_return fail(std::move(version.error()));
  co_return install::server_version_of(codec::string_at(**version, {"major"}),
                                       codec::string_at(**version, {"minor"}));
}

/// What the operator would render: with the pods that a rollout holds or has gone back to.
Task<Result<install::ChosenRendering>> choose(Session& session, const nlohmann::json& planned,
                                              const install::ParsedSpec& parsed, PluginPlan& plan) {
  auto server = co_await read_server_version(session);
  if (!server) co_return fail(std::move(server.error()));
  const auto& bundle = *parsed.bundle;
  const install::Render render = [&](const install::PluginSpec& spec) {
    return install::render(bundle, spec, *server);
  };
  const auto wanted = render(*parsed.spec);
  auto pods = co_await read_driver_pods(session, planned, wanted, bundle.node, plan.notes);
  if (!pods) co_return fail(std::move(pods.error()));
  co_return install::render_chosen(planned, bundle, *parsed.spec, *pods, render);
}

/// Renders, looks and lets the server try.
Task<Result<void>> try_out(Session& session, const nlohmann::json& planned,
                           const install::ParsedSpec& parsed, PluginPlan& plan) {
  auto chosen = co_await choose(session, planned, parsed, plan);
  if (!chosen) co_return fail(std::move(chosen.error()));
  note_choice(chosen->choice, *parsed.spec, plan);
  LiveLook look(session.client(), session.progress());
  const controllers::LookList list{plan.name, chosen->desired,
                                   install::refs_beyond(planned, parsed)};
  auto observed = co_await look_at(look, list);
  if (!observed) co_return fail(std::move(observed.error()));
  auto classes = co_await read_classes(session, planned, plan.notes);
  if (!classes) co_return fail(std::move(classes.error()));
  const install::InstallScene scene{.plugin = planned,
                                    .parsed = parsed,
                                    .desired = chosen->desired,
                                    .observed = *observed,
                                    .classes = *classes};
  auto trials = install::installation_trials(scene);
  auto report = co_await controllers::dry_run(session.client(), look, std::move(trials));
  if (!report) co_return fail(std::move(report.error()));
  plan.report = std::move(*report);
  co_return Result<void>{};
}

/// The same for a plug-in that is to be taken away.
Task<Result<void>> try_removal(Session& session, const nlohmann::json& planned,
                               const install::ParsedSpec& parsed, PluginPlan& plan) {
  auto inventory = co_await read_installed(session, planned, plan.notes);
  if (!inventory) co_return fail(std::move(inventory.error()));
  LiveLook look(session.client(), session.progress());
  controllers::LookList list{plan.name, {}, {}};
  for (const auto& entry : *inventory) list.beyond.push_back(entry.ref);
  auto observed = co_await look_at(look, list);
  if (!observed) co_return fail(std::move(observed.error()));
  auto names = install::driver_names(*parsed.bundle, parsed.spec);
  auto volumes = co_await read_volumes(session, std::move(names), plan.notes);
  if (!volumes) co_return fail(std::move(volumes.error()));
  const install::RemovalScene scene{.plugin = planned,
                                    .parsed = parsed,
                                    .inventory = *inventory,
                                    .observed = *observed,
                                    .volumes = std::move(*volumes)};
  auto trials = install::removal_trials(scene);
  auto report = co_await controllers::dry_run(session.client(), look, std::move(trials));
  if (!report) co_return fail(std::move(report.error()));
  plan.report = std::move(*report);
  co_return Result<void>{};
}

Task<Result<PluginPlan>> plan_one(Session& session, nlohmann::json document,
                                  const install::Catalog& catalog, const Notes& notes) {
  PluginPlan plan;
  plan.notes = notes;
  plan.name = codec::string_at(document, {"metadata", "name"});
  auto present = co_await find_present(session, plan.name);
  if (!present) co_return fail(std::move(present.error()));
  if (present->crd) {
    auto checked = co_await check_schema(session, document, plan);
    if (!checked) co_return fail(std::move(checked.error()));
  } else {
    plan.notes.emplace_back(
        "The cluster does not know BlockStoragePlugins yet, so the file was not checked against "
        "their schema. Install the CRD: kubectl apply -f crds/");
  }
  auto applied = co_await as_applied(session, document, present->plugin);
  if (!applied) co_return fail(std::move(applied.error()));
  const auto& planned = *applied;
  auto parsed = install::parse_spec(planned, catalog.bundles, catalog.faults);
  for (const auto& fault : parsed.faults) plan.faults.push_back(fault.sentence());
  if (!plan.faults.empty() || !parsed.spec) co_return plan;
  if (present->plugin && codec::find(*present->plugin, {"metadata", "deletionTimestamp"})) {
    plan.faults.push_back(fmt::format(
        "BlockStoragePlugin {} is being deleted. Wait until it is gone; kubectl blockstorage "
        "status {} tells what holds it up.",
        plan.name, plan.name));
    co_return plan;
  }
  if (!install::is_managed(planned)) {
    plan.notes.emplace_back("spec.managementState is Unmanaged: the operator keeps its hands off.");
    co_return plan;
  }
  // As the operator marks the pods; the Secret itself is not looked at.
  if (auto& credentials = parsed.spec->credentials) {
    credentials->revision = install::credentials_state_of(planned).revision;
  }
  Result<void> tried;
  if (install::is_to_be_removed(planned)) {
    tried = co_await try_removal(session, planned, parsed, plan);
  } else {
    tried = co_await try_out(session, planned, parsed, plan);
  }
  if (!tried) co_return fail(std::move(tried.error()));
  note_mode(*parsed.spec, plan);
  note_rights(plan);
  co_return plan;
}

}  // namespace

Task<int> plan_command(Session& session, const Options& options) {
  auto documents = read_plugins_of(options.file);
  if (!documents) {
    complain(documents.error().message);
    co_return exit_error;
  }
  Notes notes;
  const auto catalog = co_await read_catalog(session, options.bundle_namespace, *documents, notes);
  if (!catalog) {
    complain(explain_failure(session.source(), catalog.error()));
    co_return exit_error;
  }
  std::vector<PluginPlan> plans;
  for (const auto& document : *documents) {
    auto plan = co_await plan_one(session, document, *catalog, notes);
    if (!plan) {
      complain(explain_failure(session.source(), plan.error()));
      co_return exit_error;
    }
    plans.push_back(std::move(*plan));
  }
  session.progress().end();
  switch (options.output) {
    case Output::table:
      print(plan_text(plans));
      break;
    case Output::json:
      print(plan_document(plans).dump(2) + "\n");
      break;
    case Output::yaml:
      print(codec::json_to_yaml(plan_document(plans)));
      break;
  }
  co_return plan_exit_code(plans);
}

}  // namespace bso::cli
