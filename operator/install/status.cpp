// SPDX-License-Identifier: Apache-2.0
#include "install/status.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/utf8.h"
#include "install/conditions.h"
#include "install/health.h"
#include "install/plan.h"

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
    return verdicts.deletion_blocked.is_true() ? "Blocked" : "Uninstalling";
  }
  if (!health.managed) {
    return "Unmanaged";
  }
  if (!verdicts.spec_valid.is_true()) {
    return "Blocked";
  }
  if (verdicts.degraded.is_true()) {
    return "Degraded";
  }
  if (verdicts.progressing.is_true()) {
    return health.previous_version.empty() ? "Installing" : "Upgrading";
  }
  return verdicts.available.is_true() ? "Ready" : "Pending";
}

std::string message_of(const std::string& phase, const Health& health, const Verdicts& verdicts,
                       std::string_view version) {
  if (phase == "Blocked") {
    return verdicts.spec_valid.is_true() || health.deleting ? verdicts.deletion_blocked.message
                                                            : verdicts.spec_valid.message;
  }
  if (phase == "Degraded") {
    return verdicts.degraded.message;
  }
  if (phase == "Ready") {
    return fmt::format("Version {} is installed; the driver is ready on {} of {} nodes.", version,
                       health.node.found->ready, health.node.found->desired);
  }
  return phase == "Pending" ? verdicts.available.message : verdicts.progressing.message;
}

json component_of(const WorkloadHealth& workload, const Health& health) {
  json component = {{"kind", workload.kind}, {"name", workload.name}};
  if (!workload.exists) {
    component["state"] = "Missing";
    return component;
  }
  const ObservedObject& found = *workload.found;
  const Trouble* trouble = find_trouble(health.troubles, found.ref);
  const bool rolling =
      health.managed && !(workload.settled && (health.rolled_out || workload.all_available));
  set(component, "namespace", found.ref.ns);
  set(component, "image", found.image);
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

json class_of(const DesiredObject& desired, const StatusInput& input, const Health& health) {
  json entry = {{"name", desired.ref.name}};
  const ObservedObject* found = find_observed(input.observed, desired.ref);
  const Trouble* trouble = find_trouble(health.troubles, desired.ref);
  const bool exists = found != nullptr && found->exists;
  entry["default"] = exists && found->is_default_class;
  if (trouble != nullptr) {
    set(entry, "message", trouble->message);
  }
  if (!exists) {
    entry["state"] = "Missing";
  } else if (found->owner != Owner::ours && health.managed) {
    entry["state"] = "Conflict";
  } else if (!found->immutable_drift.empty()) {
    entry["state"] = "Blocked";
  } else if (trouble != nullptr) {
    entry["state"] = trouble->reason == "ConflictingManager" ? "Conflict" : "Blocked";
  } else {
    entry["state"] = found->drift.empty() ? "InSync" : "Drifted";
  }
  return entry;
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

json node_of(const ObservedObject& node) {
  return {{"ready", fmt::format("{}/{}", node.ready, node.desired)},
          {"desired", node.desired},
          {"updated", node.updated},
          {"available", node.available}};
}

// Locks hold from the first installed object to the last: while one is there, driver.name and
// namespace cannot change.
void set_locks(json& status, const StatusInput& input) {
  if (status["inventory"].empty()) {
    return;
  }
  std::string driver = codec::string_at(input.plugin, {"status", "lockedDriverName"});
  std::string ns = codec::string_at(input.plugin, {"status", "lockedNamespace"});
  if (input.parsed.spec) {
    driver = input.parsed.spec->driver;
    ns = input.parsed.spec->ns;
  }
  set(status, "lockedDriverName", driver);
  set(status, "lockedNamespace", ns);
}

}  // namespace

codec::JsonPtr compute_status(const StatusInput& input) {
  const Health health = assess(input);
  Verdicts verdicts = judge(input, health);
  const std::string version =
      health.rolled_out && input.parsed.spec ? input.parsed.spec->version : health.previous_version;
  const std::string phase = phase_of(health, verdicts);
  const std::string message = message_of(phase, health, verdicts, version);
  json status = json::object();
  if (const json* generation = codec::find(input.plugin, {"metadata", "generation"})) {
    status["observedGeneration"] = *generation;
  }
  status["phase"] = phase;
  set(status, "message", message);
  set(status, "version", version);
  set(status, "operatorVersion", input.operator_version);
  for (Verdict* verdict :
       {&verdicts.available, &verdicts.progressing, &verdicts.degraded, &verdicts.spec_valid,
        &verdicts.storage_classes_ready, &verdicts.deletion_blocked}) {
    verdict->message = codec::utf8_prefix(verdict->message, kMaxMessage);
  }
  status["conditions"] = conditions_json(verdicts, input.plugin, input.now);
  if (health.node.exists) {
    status["node"] = node_of(*health.node.found);
  }
  status["components"] = json::array();
  for (const WorkloadHealth* workload : {&health.controller, &health.node}) {
    if (workload->found != nullptr) {
      status["components"].push_back(component_of(*workload, health));
    }
  }
  status["storageClasses"] = json::array();
  for (const DesiredObject& desired : input.desired) {
    if (desired.ref.kind == "StorageClass") {
      status["storageClasses"].push_back(class_of(desired, input, health));
    }
  }
  status["inventory"] = inventory_of(input);
  set_locks(status, input);
  return std::make_shared<const json>(std::move(status));
}

bool has_status(const nlohmann::json& plugin, const nlohmann::json& status) {
  const json* present = codec::find(plugin, {"status"});
  return present != nullptr && *present == status;
}

}  // namespace bso::install
