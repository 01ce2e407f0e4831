// SPDX-License-Identifier: Apache-2.0
#include "install/health.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::install {
namespace {

// By kind and name alone: with a faulty spec the namespace is not known.
const ObservedObject* find_workload(std::span<const ObservedObject> observed, std::string_view kind,
                                    std::string_view name) {
  const auto found =
      std::find_if(observed.begin(), observed.end(), [&](const ObservedObject& object) {
        return object.ref.kind == kind && object.ref.name == name;
      });
  return found == observed.end() ? nullptr : &*found;
}

const DesiredObject* find_desired(std::span<const DesiredObject> desired, const ObjectRef& ref) {
  const auto found = std::find_if(desired.begin(), desired.end(), [&](const DesiredObject& object) {
    return object.ref.same_object(ref);
  });
  return found == desired.end() ? nullptr : &*found;
}

bool is_applied(const ObservedObject& found, const DesiredObject* desired) {
  return found.exists && !found.terminating && found.drift.empty() &&
         (desired == nullptr || found.applied_hash == desired->hash);
}

WorkloadHealth assess_workload(std::string kind, std::string name, const StatusInput& input) {
  WorkloadHealth health;
  health.found = find_workload(input.observed, kind, name);
  health.kind = std::move(kind);
  health.name = std::move(name);
  if (health.found == nullptr || !health.found->exists) {
    return health;
  }
  const ObservedObject& found = *health.found;
  health.exists = true;
  health.settled = is_applied(found, find_desired(input.desired, found.ref)) &&
                   found.observed_generation >= found.generation && found.updated >= found.desired;
  health.all_available = found.available >= found.desired;
  // A user may ask for no provisioner at all, but a driver on no node serves nobody.
  health.serves = found.available >= 1 || (health.kind == "Deployment" && found.desired == 0);
  return health;
}

}  // namespace

const Trouble* find_trouble(std::span<const Trouble> troubles, const ObjectRef& ref) {
  const auto found = std::find_if(troubles.begin(), troubles.end(), [&](const Trouble& trouble) {
    return trouble.ref.same_object(ref);
  });
  return found == troubles.end() ? nullptr : &*found;
}

Health assess(const StatusInput& input) {
  Health health;
  health.managed = is_managed(input.plugin);
  health.deleting = !codec::string_at(input.plugin, {"metadata", "deletionTimestamp"}).empty();
  health.previous_version = codec::string_at(input.plugin, {"status", "version"});
  if (input.parsed.bundle != nullptr) {
    health.controller = assess_workload("Deployment", input.parsed.bundle->controller, input);
    health.node = assess_workload("DaemonSet", input.parsed.bundle->node, input);
  }
  if (health.managed) {
    health.troubles =
        find_troubles(input.desired, input.observed, input.write_faults, input.image_pull_faults,
                      codec::string_at(input.plugin, {"metadata", "name"}));
  }
  for (const DesiredObject& desired : input.desired) {
    const ObservedObject* found = find_observed(input.observed, desired.ref);
    if ((found == nullptr || !is_applied(*found, &desired)) &&
        find_trouble(health.troubles, desired.ref) == nullptr) {
      health.pending.push_back(desired.ref);
    }
  }
  const bool settled = health.controller.settled && health.node.settled;
  const bool was_complete =
      input.parsed.spec.has_value() && health.previous_version == input.parsed.spec->version;
  // Once a version was available everywhere, a pod that restarts is not a rollout again.
  health.rolled_out =
      settled && health.pending.empty() &&
      (was_complete || (health.controller.all_available && health.node.all_available &&
                        health.controller.serves && health.node.serves));
  return health;
}

}  // namespace bso::install
