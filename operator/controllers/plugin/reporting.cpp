// SPDX-License-Identifier: Apache-2.0
// The part of PluginReconciler that tells what it found and did: in the status, and in Events.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "controllers/plugin/reconciler.h"
#include "controllers/plugin/resource.h"
#include "install/external.h"
#include "install/rollout_state.h"

namespace bso::controllers {
namespace {

using runtime::Outcome;

/// A look at everything even when no watch has said a thing, while the spec names no other time.
constexpr std::chrono::seconds kResync{600};
/// A write that the server refused for a reason that only a person can mend.
constexpr std::chrono::seconds kAfterRefusal{30};

}  // namespace

/// Writes the status when it says something new.
Task<Result<void>> PluginReconciler::write_status(Pass& pass) {
  const auto now = to_rfc3339(wall_now());
  std::optional<bool> registered;
  if (pass.parsed.spec && pass.parsed.spec->external) {
    registered = children_.has_csi_driver(
        install::awaited_csi_driver(*pass.parsed.bundle, *pass.parsed.spec));
  }
  std::optional<install::VolumeUse> volumes;
  if (pass.parsed.bundle != nullptr) {
    volumes = census_.look(install::driver_names(*pass.parsed.bundle, pass.parsed.spec));
  }
  const auto status = install::compute_status({.plugin = *pass.plugin,
                                               .parsed = pass.parsed,
                                               .desired = pass.desired,
                                               .observed = pass.observed,
                                               .write_faults = pass.write_faults,
                                               .image_pull_faults = pass.image_pull_faults,
                                               .rollout = pass.rollout,
                                               .driver_pods = pass.driver_pods,
                                               .driver_registered = registered,
                                               .plan = pass.plan ? &*pass.plan : nullptr,
                                               .drift = &pass.drift,
                                               .adopted_from = pass.adopted_from,
                                               .classes = pass.classes,
                                               .removal = pass.removal ? &*pass.removal : nullptr,
                                               .volumes = volumes,
                                               .needs = pass.needs ? &*pass.needs : nullptr,
                                               .credentials = pass.credentials,
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
    wrote_plugin(pass, std::move(*written));
  }
  co_return Result<void>{};
}

/// Writes the status, and decides when to look again.
Task<Result<Outcome>> PluginReconciler::conclude(Pass pass) {
  if (pass.failure) co_return fail(std::move(*pass.failure));
  auto written = co_await write_status(pass);
  if (!written) co_return fail(std::move(written.error()));
  Outcome outcome;
  if (!pass.write_faults.empty()) {
    outcome.again_after = kAfterRefusal;
  } else {
    outcome.again_after = pass.parsed.spec
                              ? std::chrono::seconds(pass.parsed.spec->reconcile.resync_seconds)
                              : kResync;
    outcome.priority = runtime::WorkQueue::low_priority;
  }
  if (pass.parsed.spec) {
    // Nothing else would tell that a rollout stands still.
    const auto* status = codec::find(*pass.plugin, {"status"});
    const auto left = status == nullptr
                          ? std::nullopt
                          : install::until_stalled(*status, *pass.parsed.spec, wall_now());
    if (left && *left < *outcome.again_after) outcome = {.again_after = *left};
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
    if (reason == before || reason == "DriftRepaired") continue;  // each repair has its own
    const bool holds = codec::string_at(condition, {"status"}) == "True";
    const bool good_when_true =
        type != "Degraded" && type != "DeletionBlocked" && type != "DriftDetected";
    const bool neutral = type == "Progressing" || type == "Paused";
    // What was asked for is no trouble, unless it breaks something.
    const bool asked_for = neutral || reason == "Removed";
    const bool good = (holds == good_when_true || asked_for) && reason != "RemovedByForce";
    // At first sight only what is wrong, or under way, is news.
    if (before.empty() && good && !(neutral && holds)) continue;
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

/// Says in an Event of the plug-in, and in the log, what was done.
void PluginReconciler::tell(const Pass& pass, std::string reason, std::string text, bool warning) {
  log::info(text, {{"plugin", pass.name}});
  runtime::EventNote note;
  note.regarding = {block_storage_plugins.api_version(), std::string(block_storage_plugins.kind),
                    "", pass.name, codec::string_at(*pass.plugin, {"metadata", "uid"})};
  note.type = warning ? "Warning" : "Normal";
  note.reason = std::move(reason);
  note.action = "Reconcile";
  note.note = std::move(text);
  recorder_.record(std::move(note));
}

}  // namespace bso::controllers
