// SPDX-License-Identifier: Apache-2.0
#include "install/health.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/external.h"
#include "install/judge_drift.h"
#include "install/uninstall.h"

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
  if (!found.exists || found.terminating) {
    return false;
  }
  return desired == nullptr || desired->create_only || found.drift_accepted ||
         (found.drift.empty() && found.immutable_drift.empty() &&
          found.applied_hash == desired->hash);
}

WorkloadHealth assess_workload(std::string kind, std::string name, bool external,
                               const StatusInput& input) {
  WorkloadHealth health;
  health.wanted = !name.empty() && !external;
  if (!health.wanted) {
    health.kind = std::move(kind);
    health.name = std::move(name);
    health.settled = health.all_available = health.serves = true;
    return health;
  }
  health.found = find_workload(input.observed, kind, name);
  health.kind = std::move(kind);
  health.name = std::move(name);
  if (health.found == nullptr || !health.found->exists) {
    return health;
  }
  const ObservedObject& found = *health.found;
  const Unreachable away =
      health.kind == "DaemonSet" ? unreachable(input.driver_pods, found) : Unreachable{};
  health.exists = true;
  health.applied = is_applied(found, find_desired(input.desired, found.ref));
  health.settled = health.applied && found.observed_generation >= found.generation &&
                   found.updated + away.outdated >= found.desired;
  health.all_available = found.available + away.unready >= found.desired;
  // A user may ask for no provisioner at all, but a driver on no node serves nobody.
  health.serves = found.available >= 1 || (health.kind != "DaemonSet" && found.desired == 0);
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
  health.deleting = is_to_be_removed(input.plugin);
  health.removed = health.deleting && input.removal != nullptr && input.removal->done;
  health.previous_version = codec::string_at(input.plugin, {"status", "version"});
  health.external = is_external(input.plugin, input.parsed);
  if (const Bundle* bundle = input.parsed.bundle; bundle != nullptr) {
    health.controller =
        assess_workload(bundle->controller_kind, bundle->controller, health.external, input);
    health.node = assess_workload("DaemonSet", bundle->node, health.external, input);
  }
  if (health.managed) {
    health.troubles =
        find_troubles(input.desired, input.observed, input.write_faults, input.image_pull_faults,
                      codec::string_at(input.plugin, {"metadata", "name"}));
    add_drift_troubles(health.troubles, input);
  }
  for (const DesiredObject& desired : input.desired) {
    const ObservedObject* found = find_observed(input.observed, desired.ref);
    if ((found == nullptr || !is_applied(*found, &desired)) &&
        find_trouble(health.troubles, desired.ref) == nullptr) {
      health.pending.push_back(desired.ref);
    }
  }
  judge_rollout(input, health);
  return health;
}

}  // namespace bso::install
