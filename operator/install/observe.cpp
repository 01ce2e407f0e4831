// SPDX-License-Identifier: Apache-2.0
#include "install/observe.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/diff.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

std::int64_t integer_at(const json& document, std::initializer_list<std::string_view> path,
                        std::int64_t fallback = 0) {
  const json* value = codec::find(document, path);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : fallback;
}

void read_owner(ObservedObject& object, const json& live, std::string_view plugin) {
  const auto label = [&](std::string_view key) {
    return codec::string_at(live, {"metadata", "labels", key});
  };
  const std::string manager = label(kManagedByLabel);
  const std::string named = label(kPluginLabel);
  if (manager == kOperatorName) {
    object.owner = named == plugin ? Owner::ours : Owner::somebody;
    object.owner_name = fmt::format("BlockStoragePlugin {}", named.empty() ? "(unnamed)" : named);
  } else if (!manager.empty()) {
    object.owner = Owner::somebody;
    object.owner_name = manager;
  } else if (!label("addonmanager.kubernetes.io/mode").empty()) {
    // kubernetes/kubernetes, cluster/addons/addon-manager: it writes the object again and again.
    object.owner = Owner::somebody;
    object.owner_name = "the add-on manager";
  } else if (!label("heritage").empty()) {
    // Charts of Helm 2 (heritage: Tiller) and IBM's own chart (heritage: Helm).
    object.owner = Owner::somebody;
    object.owner_name = label("heritage");
  }
}

void read_deployment(ObservedObject& object, const json& live) {
  object.desired = integer_at(live, {"spec", "replicas"}, 1);
  object.updated = integer_at(live, {"status", "updatedReplicas"});
  object.ready = integer_at(live, {"status", "readyReplicas"});
  object.available = integer_at(live, {"status", "availableReplicas"});
}

void read_daemon_set(ObservedObject& object, const json& live) {
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
  }
  if (object.ref.kind == "Deployment") {
    read_deployment(object, live);
  } else {
    read_daemon_set(object, live);
  }
}

bool marked_default(const json& live) {
  // The beta name still counts (kubernetes/kubernetes, pkg/apis/storage/util, IsDefaultAnnotation).
  for (const std::string_view mark : {"storageclass.kubernetes.io/is-default-class",
                                      "storageclass.beta.kubernetes.io/is-default-class"}) {
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
  read_owner(object, *live, plugin);
  if (ref.kind == "Deployment" || ref.kind == "DaemonSet") {
    read_workload(object, *live);
  }
  if (desired != nullptr) {
    object.drift = differences(*desired->document, *live);
  }
  if (ref.kind == "StorageClass") {
    object.is_default_class = marked_default(*live);
    if (desired != nullptr) {
      object.immutable_drift = immutable_class_differences(*desired->document, *live);
    }
  }
  return object;
}

const ObservedObject* find_observed(std::span<const ObservedObject> observed,
                                    const ObjectRef& ref) {
  const auto found =
      std::find_if(observed.begin(), observed.end(),
                   [&](const ObservedObject& object) { return object.ref.same_object(ref); });
  return found == observed.end() ? nullptr : &*found;
}

}  // namespace bso::install
