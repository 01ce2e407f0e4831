// SPDX-License-Identifier: Apache-2.0
#include "install/status.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/utf8.h"
#include "install/class_status.h"
#include "install/conditions.h"
#include "install/driver_lock.h"
#include "install/health.h"
#include "install/plan.h"
#include "install/replacement.h"

namespace bso::install {
namespace {

using nlohmann::json;

// Like the bound of the conditions' messages in the CRD; a server's answer may be of any length.
constexpr std::size_t kMaxMessage = 32768;

// Empty texts are left out: a missing field says the same, and some servers of 1.20 refuse "".
void set(json& object, const char* field, std::string_view text) {
  if (!text.empty()) {
    object[field] = std::string(codec::utf8_prefix(text, kMaxMessage));
  }
}

std::string phase_of(const Health& health, const Verdicts& verdicts) {
  if (health.deleting && health.managed) {
    return verdicts.deletion_blocked.is_true() ? "Blocked"
           : health.removed                    ? "Removed"
                                               : "Uninstalling";
  }
  if (!health.managed) {
    return "Unmanaged";
  }
  if (!verdicts.spec_valid.is_true()) {
    return "Blocked";
  }
  if (verdicts.paused.is_true()) {
    return "Paused";
  }
  if (verdicts.degraded.is_true()) {
    return "Degraded";
  }
  if (verdicts.progressing.is_true()) {
    return health.previous_version.empty() ? "Installing" : "Upgrading";
  }
  // Of an external FlexVolume driver nothing more can be known.
  const bool done = health.external && health.rolled_out && verdicts.available.status != "False";
  return verdicts.available.is_true() || done ? "Ready" : "Pending";
}

std::string message_of(const std::string& phase, const Health& health, const Verdicts& verdicts,
                       std::string_view version) {
  if (phase == "Blocked") {
    return verdicts.spec_valid.is_true() || health.deleting ? verdicts.deletion_blocked.message
                                                            : verdicts.spec_valid.message;
  }
  if (phase == "Paused") {
    return verdicts.paused.message;
  }
  if (phase == "Degraded") {
    return verdicts.degraded.message;
  }
  if (phase == "Ready" && health.external) {
    return fmt::format("{} {}", verdicts.storage_classes_ready.message, verdicts.available.message);
  }
  if (phase == "Ready") {
    return fmt::format(
        "Version {} is installed; the driver is ready on {} of {} nodes.{}{}", version,
        health.node.found->ready, health.node.found->desired,
        verdicts.progressing.reason == "AsExpected" ? "" : " ",
        verdicts.progressing.reason == "AsExpected" ? "" : verdicts.progressing.message);
  }
  return phase == "Pending" ? verdicts.available.message : verdicts.progressing.message;
}

json component_of(const WorkloadHealth& workload, const Health& health) {
  json component = {{"kind", workload.kind}, {"name", workload.name}};
  if (health.external) {
    component["state"] = "Skipped";
    return component;
  }
  if (!workload.exists) {
    component["state"] = "Missing";
    return component;
  }
  const ObservedObject& found = *workload.found;
  const Trouble* trouble = find_trouble(health.troubles, found.ref);
  const bool rolling = health.managed && !workload.complete;
  set(component, "namespace", found.ref.ns);
  set(component, "image", found.image);
  component["generation"] = found.generation;
  component["desired"] = found.desired;
  component["ready"] = found.ready;
  component["state"] = trouble != nullptr ? "Failed"
                       : rolling          ? "Progressing"
                       : workload.serves  ? "Available"
                                          : "Failed";
  if (trouble != nullptr) {
    set(component, "message", trouble->message);
  } else if (found.ready < found.desired) {
    set(component, "message",
        fmt::format("{} of {} pods are not ready", found.desired - found.ready, found.desired));
  }
  return component;
}

json entry_of(const InventoryEntry& item) {
  json entry = {{"version", item.ref.version}, {"kind", item.ref.kind}, {"name", item.ref.name}};
  set(entry, "group", item.ref.group);
  set(entry, "namespace", item.ref.ns);
  set(entry, "uid", item.uid);
  set(entry, "hash", item.hash);
  return entry;
}

// What was found and is ours, and what was ours before and could not be looked at.
json inventory_of(const StatusInput& input) {
  json list = json::array();
  for (const ObservedObject& found : input.observed) {
    if (found.exists && found.owner == Owner::ours) {
      list.push_back(entry_of({.ref = found.ref, .uid = found.uid, .hash = found.applied_hash}));
    }
  }
  for (const InventoryEntry& before : read_inventory(input.plugin)) {
    if (find_observed(input.observed, before.ref) == nullptr) {
      list.push_back(entry_of(before));
    }
  }
  return list;
}

json first_nodes(std::vector<std::string> nodes) {
  constexpr std::size_t kShown = 20;
  nodes.resize(std::min(nodes.size(), kShown));
  return nodes;
}

json node_of(const ObservedObject& node, std::span<const DriverPod> pods) {
  json entry = {{"ready", fmt::format("{}/{}", node.ready, node.desired)},
                {"desired", node.desired},
                {"updated", node.updated},
                {"available", node.available}};
  if (auto nodes = unavailable_nodes(pods); !nodes.empty()) {
    entry["unavailableNodes"] = first_nodes(std::move(nodes));
  }
  if (auto nodes = outdated_nodes(pods, node); !nodes.empty()) {
    entry["outdatedNodes"] = first_nodes(std::move(nodes));
  }
  return entry;
}

// Locks hold from the first installed object to the last: while one is there, driver.name and
// namespace cannot change.
void set_locks(json& status, const StatusInput& input) {
  if (status["inventory"].empty()) {
    return;
  }
  std::string driver = codec::string_at(input.plugin, {"status", "lockedDriverName"});
  std::string install = codec::string_at(input.plugin, {"status", "lockedInstall"});
  std::string ns = codec::string_at(input.plugin, {"status", "lockedNamespace"});
  if (input.parsed.spec) {
    driver = input.parsed.spec->driver;
    install = input.parsed.spec->external ? "External" : "Managed";
    ns = input.parsed.spec->ns;
  }
  set(status, "lockedDriverName", driver);
  set(status, "lockedInstall", install);
  set(status, "lockedNamespace", ns);
  lock_identity(status, input.plugin, input.parsed);
}

// What is not known at present stays as it was, so that a restart is not to be seen.
void set_volumes(json& status, const StatusInput& input) {
  const auto keep = [&](const char* field) {
    if (const json* before = codec::find(input.plugin, {"status", field})) {
      status[field] = *before;
    }
  };
  if (input.volumes) {
    status["volumes"] = volumes_json(*input.volumes);
  } else {
    keep("volumes");
  }
  if (!input.volumes || !input.volumes->claims_at_risk) {
    keep("claimsAtRisk");
  } else if (*input.volumes->claims_at_risk > 0) {
    status["claimsAtRisk"] = *input.volumes->claims_at_risk;
  }
}

void set_drift_and_leftovers(json& status, const StatusInput& input) {
  json drift = drift_json(input.drift == nullptr ? read_drift(input.plugin) : *input.drift);
  if (!drift.empty()) {
    status["drift"] = std::move(drift);
  }
  const auto leftovers = merge_leftovers(input.plugin, input.adopted_from);
  for (const Leftover& leftover : leftovers) {
    status["leftovers"].push_back({{"object", leftover.object}, {"remedy", leftover.remedy}});
  }
}

}  // namespace

codec::JsonPtr compute_status(const StatusInput& input) {
  const Health health = assess(input);
  Verdicts verdicts = judge(input, health);
  // Of an external driver the version is not ours to know.
  const std::string version = health.external || health.removed ? "" : health.rollout.version;
  const std::string phase = phase_of(health, verdicts);
  const std::string message = message_of(phase, health, verdicts, version);
  json status = json::object();
  if (const json* generation = codec::find(input.plugin, {"metadata", "generation"})) {
    status["observedGeneration"] = *generation;
  }
  status["phase"] = phase;
  set(status, "message", message);
  set(status, "version", version);
  if (input.parsed.spec && !health.external) {
    set(status, "desiredVersion", input.parsed.spec->version);
  }
  set(status, "operatorVersion", input.operator_version);
  if (!health.removed) {
    write_rollout(health.rollout.memory, status);
  }
  for (const auto& [type, verdict] : all_of(verdicts)) {
    verdict->message = codec::utf8_prefix(verdict->message, kMaxMessage);
  }
  status["conditions"] = conditions_json(verdicts, input.plugin, input.now);
  if (health.node.exists) {
    status["node"] = node_of(*health.node.found, input.driver_pods);
  }
  status["components"] = json::array();
  for (const WorkloadHealth* workload : {&health.controller, &health.node}) {
    const bool known = workload->found != nullptr || (health.external && !workload->name.empty());
    if (known && !health.removed) {
      status["components"].push_back(component_of(*workload, health));
    }
  }
  if (input.parsed.bundle != nullptr && !health.removed) {
    for (json& old : old_components(input.desired, input.observed, *input.parsed.bundle)) {
      status["components"].push_back(std::move(old));
    }
  }
  status["storageClasses"] = class_statuses(input, health);
  if (!input.classes.mark_counts.empty()) {
    status["defaultClass"] = mark_counts_json(input.classes.mark_counts, input.plugin);
  }
  if (!input.classes.recreating.empty()) {
    status["recreating"] = recreating_json(input.classes.recreating);
  }
  if (input.plan != nullptr) {
    status["plan"] = plan_json(*input.plan);
  }
  set_volumes(status, input);
  if (json credentials = credentials_json(input.credentials); !credentials.empty()) {
    status["credentials"] = std::move(credentials);
  }
  set_drift_and_leftovers(status, input);
  status["inventory"] = inventory_of(input);
  set_locks(status, input);
  return std::make_shared<const json>(std::move(status));
}

bool has_status(const nlohmann::json& plugin, const nlohmann::json& status) {
  const json* present = codec::find(plugin, {"status"});
  return present != nullptr && *present == status;
}

}  // namespace bso::install
