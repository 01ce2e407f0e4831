// SPDX-License-Identifier: Apache-2.0
#include "integration/cluster_picture.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"

namespace bso::test {
namespace {

constexpr std::array kCollections{
    "/api/v1/namespaces/kube-system/serviceaccounts",
    "/api/v1/namespaces/kube-system/configmaps",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings",
    "/apis/storage.k8s.io/v1/csidrivers",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/apps/v1/namespaces/kube-system/deployments",
    "/apis/apps/v1/namespaces/kube-system/daemonsets",
    "/apis/apps/v1/namespaces/kube-system/statefulsets",
};

/// What kube-apiserver makes itself (bootstrap policy, its certificates' ConfigMap).
bool of_kubernetes(const Json& object) {
  const auto& metadata = object.at("metadata");
  const auto name = metadata.at("name").get<std::string>();
  return metadata.value("labels", Json::object()).contains("kubernetes.io/bootstrapping") ||
         name == "extension-apiserver-authentication" || name == "default";
}

/// Without empty maps and lists: to Kubernetes they mean the same as none, and a server-side apply
/// that takes a field away leaves the maps around it behind.
Json without_empty(const Json& value) {
  if (!value.is_structured()) return value;
  Json kept = value.is_object() ? Json::object() : Json::array();
  for (const auto& [key, item] : value.items()) {
    Json inner = without_empty(item);
    if (inner.is_structured() && inner.empty()) continue;
    if (value.is_object()) {
      kept[key] = std::move(inner);
    } else {
      kept.push_back(std::move(inner));
    }
  }
  return kept;
}

Json without_identity(Json object) {
  auto& metadata = object["metadata"];
  if (metadata.contains("annotations")) {
    // kube-apiserver counts changes of the template there.
    metadata["annotations"].erase("deprecated.daemonset.template.generation");
  }
  for (const char* field :
       {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"}) {
    metadata.erase(field);
  }
  object.erase("status");
  return without_empty(object);
}

Json status_picture(Json status) {
  for (const char* field : {"observedGeneration", "drift", "rollout", "defaultClass"})
    status.erase(field);
  for (auto& condition : status["conditions"]) {
    condition.erase("lastTransitionTime");
    condition.erase("observedGeneration");
  }
  for (auto& entry : status["inventory"]) entry.erase("uid");
  for (auto& component : status["components"]) component.erase("generation");
  return status;
}

}  // namespace

Json cluster_picture(const std::string& plugin_name) {
  Json picture = Json::object();
  for (const auto* collection : kCollections) {
    const auto list = world().api.get(collection);
    for (const auto& object : list.at("items")) {
      if (of_kubernetes(object)) continue;
      const auto name = object.at("metadata").at("name").get<std::string>();
      picture[fmt::format("{}/{}", collection, name)] = without_identity(object);
    }
  }
  picture["status"] = status_picture(plugin(plugin_name).value("status", Json::object()));
  return picture;
}

void wait_settled(const std::string& name) {
  auto audit = world().audit();
  wait_silent(audit, is_operator_write, 250ms, [&]() -> Missing {
    const auto object = plugin(name);
    const auto status = object.value("status", Json::object());
    if (status.value("observedGeneration", 0) == object.at("metadata").at("generation")) {
      return std::nullopt;
    }
    return "the spec is not judged: " + status.dump(1);
  });
}

void clear_plugin(const std::string& name) {
  const auto& api = world().api;
  const auto path = item(kPlugins, name);
  (void)api.call("DELETE", path);
  eventually("the plug-in is gone", [&]() -> Missing {
    if (const auto left = api.find(path)) return left->value("status", Json()).dump(1);
    return std::nullopt;
  });
  remove_plugins();
}

}  // namespace bso::test
