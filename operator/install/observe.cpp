// SPDX-License-Identifier: Apache-2.0
#include "install/observe.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/diff.h"
#include "install/names.h"
#include "install/recreate.h"

namespace bso::install {
namespace {

using nlohmann::json;

std::int64_t integer_at(const json& document, std::initializer_list<std::string_view> path,
                        std::int64_t fallback = 0) {
  const json* value = codec::find(document, path);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : fallback;
}

// As many fields as status.drift can hold.
constexpr std::size_t kMaxChanged = 64;

void read_owner(ObservedObject& object, const json& live, std::string_view plugin) {
  Ownership ownership = read_ownership(live, plugin);
  object.owner = ownership.owner;
  object.owner_name = std::move(ownership.name);
  object.release = std::move(ownership.release);
}

// Also a StatefulSet, which says availableReplicas only since Kubernetes 1.22.
void read_replicas(ObservedObject& object, const json& live) {
  object.desired = integer_at(live, {"spec", "replicas"}, 1);
  object.updated = integer_at(live, {"status", "updatedReplicas"});
  object.ready = integer_at(live, {"status", "readyReplicas"});
  object.available = integer_at(live, {"status", "availableReplicas"},
                                object.ref.kind == "StatefulSet" ? object.ready : 0);
}

void read_daemon_set(ObservedObject& object, const json& live) {
  object.template_generation = codec::string_at(
      live, {"metadata", "annotations", "deprecated.daemonset.template.generation"});
  object.desired = integer_at(live, {"status", "desiredNumberScheduled"});
  object.updated = integer_at(live, {"status", "updatedNumberScheduled"});
  object.ready = integer_at(live, {"status", "numberReady"});
  object.available = integer_at(live, {"status", "numberAvailable"});
}

void read_workload(ObservedObject& object, const json& live) {
  object.observed_generation = integer_at(live, {"status", "observedGeneration"});
  const json* containers = codec::find(live, {"spec", "template", "spec", "containers"});
  if (containers != nullptr && containers->is_array() && !containers->empty()) {
    object.image = codec::string_at(containers->front(), {"image"});
    for (const json& container : *containers) {
      object.images[codec::string_at(container, {"name"})] = codec::string_at(container, {"image"});
    }
  }
  if (object.ref.kind == "DaemonSet") {
    read_daemon_set(object, live);
  } else {
    read_replicas(object, live);
  }
}

bool marked_default(const json& live) {
  for (const std::string_view mark : {kDefaultClassMark, kDefaultClassBetaMark}) {
    if (codec::string_at(live, {"metadata", "annotations", mark}) == "true") {
      return true;
    }
  }
  return false;
}

}  // namespace

ObservedObject observe(const ObjectRef& ref, const nlohmann::json* live,
                       const DesiredObject* desired, std::string_view plugin) {
  ObservedObject object;
  object.ref = ref;
  if (live == nullptr) {
    return object;
  }
  object.exists = true;
  object.uid = codec::string_at(*live, {"metadata", "uid"});
  object.resource_version = codec::string_at(*live, {"metadata", "resourceVersion"});
  object.generation = integer_at(*live, {"metadata", "generation"});
  object.terminating = !codec::string_at(*live, {"metadata", "deletionTimestamp"}).empty();
  object.applied_hash = codec::string_at(*live, {"metadata", "annotations", kHashAnnotation});
  object.given_up_by = codec::string_at(*live, {"metadata", "annotations", kOrphanedFrom});
  read_owner(object, *live, plugin);
  if (is_workload(ref.kind)) {
    read_workload(object, *live);
  }
  if (desired != nullptr && !desired->create_only) {
    object.drift = differences(*desired->document, *live);
    object.immutable_drift = immutable_differences(ref.kind, *desired->document, *live);
    object.recreate_obstacle = recreate_obstacle(ref.kind, *live);
    if (!object.drift.empty()) {
      object.changed = differences(*desired->document, *live, kMaxChanged);
    }
  }
  if (ref.kind == "StorageClass") {
    object.is_default_class = marked_default(*live);
  }
  for (const std::string& field : object.immutable_drift) {
    if (std::find(object.changed.begin(), object.changed.end(), field) == object.changed.end()) {
      object.changed.push_back(field);
    }
  }
  return object;
}

void mark_adoptable(std::span<ObservedObject> observed, Adopt adopt, std::string_view plugin) {
  for (ObservedObject& object : observed) {
    const bool given_up = object.owner == Owner::nobody && object.given_up_by == plugin;
    object.adoptable =
        object.exists && !object.terminating && (given_up || may_adopt(object.owner, adopt));
  }
}

const ObservedObject* find_observed(std::span<const ObservedObject> observed,
                                    const ObjectRef& ref) {
  const auto found =
      std::find_if(observed.begin(), observed.end(),
                   [&](const ObservedObject& object) { return object.ref.same_object(ref); });
  return found == observed.end() ? nullptr : &*found;
}

}  // namespace bso::install
