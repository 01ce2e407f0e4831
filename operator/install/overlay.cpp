// SPDX-License-Identifier: Apache-2.0
#include "install/overlay.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/bundle_check.h"
#include "install/image_reference.h"
#include "install/kinds.h"

namespace bso::install {
namespace {

using nlohmann::json;

std::string image_of(const std::string& container, const Bundle& bundle, const PluginSpec& spec) {
  if (const auto set = spec.images.overrides.find(container); set != spec.images.overrides.end()) {
    return set->second;
  }
  const BundleImage& image = bundle.images.at(container);
  const std::string name = spec.images.registry.empty()
                               ? image.repository
                               : with_registry(image.repository, spec.images.registry);
  return name + ":" + (image.tag.empty() ? spec.version : image.tag);
}

void set_resources(json& container, const ContainerResources& resources) {
  for (const auto& [resource, quantity] : resources.requests) {
    container["resources"]["requests"][resource] = quantity;
  }
  for (const auto& [resource, quantity] : resources.limits) {
    container["resources"]["limits"][resource] = quantity;
  }
}

void set_directory(json& pod, const DirectoryUse& use, const std::string& directory) {
  const auto listed = [](const std::vector<std::string>& names, const json& item) {
    return std::find(names.begin(), names.end(), codec::string_at(item, {"name"})) != names.end();
  };
  if (pod.contains("volumes")) {
    for (json& volume : pod["volumes"]) {
      if (listed(use.host_paths, volume) && volume.contains("hostPath")) {
        volume["hostPath"]["path"] = directory;
      }
    }
  }
  for (json& container : pod["containers"]) {
    if (!container.contains("env")) {
      continue;
    }
    for (json& variable : container["env"]) {
      if (listed(use.env, variable)) {
        variable["value"] = directory;
      }
    }
  }
}

json to_json(const std::vector<Toleration>& tolerations) {
  json list = json::array();
  for (const Toleration& toleration : tolerations) {
    json item = json::object();
    const auto set = [&](const char* field, const std::string& value) {
      if (!value.empty()) {
        item[field] = value;
      }
    };
    set("key", toleration.key);
    set("operator", toleration.op);
    set("value", toleration.value);
    set("effect", toleration.effect);
    if (toleration.seconds) {
      item["tolerationSeconds"] = *toleration.seconds;
    }
    list.push_back(std::move(item));
  }
  return list;
}

void set_pods(json& pod, const PodSettings& settings, const Bundle& bundle,
              const PluginSpec& spec) {
  for (json& container : pod["containers"]) {
    const std::string name = codec::string_at(container, {"name"});
    container["image"] = image_of(name, bundle, spec);
    container["imagePullPolicy"] = spec.images.pull_policy;
    if (const auto set = settings.resources.find(name); set != settings.resources.end()) {
      set_resources(container, set->second);
    }
  }
  for (const std::string& secret : spec.images.pull_secrets) {
    pod["imagePullSecrets"].push_back({{"name", secret}});
  }
  for (const auto& [key, value] : settings.node_selector) {
    pod["nodeSelector"][key] = value;
  }
  if (settings.tolerations) {
    pod["tolerations"] = to_json(*settings.tolerations);
  }
  set_directory(pod, bundle.flex_volume_plugin_dir, spec.flex_volume_plugin_dir);
  set_directory(pod, bundle.kubelet_root_dir, spec.kubelet_root_dir);
}

// IntOrString: a number has to be a JSON number, or the API server reads a malformed percentage.
json int_or_percent(const std::string& text) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  return whole ? json(number) : json(text);
}

json storage_class(const std::string& name, const std::string& reclaim_policy,
                   const ClassTier& tier, const Bundle& bundle, const ClassSettings& settings) {
  json parameters = json::object();
  for (const auto& [key, value] : bundle.classes.parameters) {
    parameters[key] = value;
  }
  if (!bundle.classes.billing_type_parameter.empty()) {
    parameters[bundle.classes.billing_type_parameter] = settings.billing_type;
  }
  if (!bundle.classes.fs_type_parameter.empty()) {
    parameters[bundle.classes.fs_type_parameter] = settings.fs_type;
  }
  for (const auto& [key, value] : tier.parameters) {
    parameters[key] = value;
  }
  return {{"apiVersion", "storage.k8s.io/v1"},
          {"kind", "StorageClass"},
          {"metadata", {{"name", name}}},
          {"provisioner", bundle.provisioner},
          {"parameters", std::move(parameters)},
          {"reclaimPolicy", reclaim_policy},
          {"volumeBindingMode", settings.volume_binding_mode},
          {"allowVolumeExpansion", bundle.classes.allow_volume_expansion}};
}

}  // namespace

void overlay(nlohmann::json& manifest, const Bundle& bundle, const PluginSpec& spec) {
  const std::string kind = codec::string_at(manifest, {"kind"});
  const KindInfo* info = find_kind(group_of(codec::string_at(manifest, {"apiVersion"})), kind);
  if (info != nullptr && info->namespaced) {
    manifest["metadata"]["namespace"] = spec.ns;
  }
  if (kind == "ClusterRoleBinding" && manifest.contains("subjects")) {
    for (json& subject : manifest["subjects"]) {
      if (codec::string_at(subject, {"kind"}) == "ServiceAccount") {
        subject["namespace"] = spec.ns;
      }
    }
  }
  const std::string name = codec::string_at(manifest, {"metadata", "name"});
  const bool is_controller = kind == "Deployment" && name == bundle.controller;
  const bool is_node = kind == "DaemonSet" && name == bundle.node;
  if (kind == "Deployment" || kind == "DaemonSet") {
    static const PodSettings kNone;
    set_pods(manifest["spec"]["template"]["spec"],
             is_controller ? spec.controller
             : is_node     ? spec.node
                           : kNone,
             bundle, spec);
  }
  if (is_controller) {
    manifest["spec"]["replicas"] = spec.replicas;
  }
  if (is_node) {
    manifest["spec"]["updateStrategy"] = {
        {"type", "RollingUpdate"},
        {"rollingUpdate", {{"maxUnavailable", int_or_percent(spec.max_unavailable)}}}};
  }
}

std::vector<nlohmann::json> storage_classes(const Bundle& bundle, const PluginSpec& spec) {
  std::vector<json> classes;
  // In the bundle's order, so that the order of the user's list is no change.
  for (const ClassTier& tier : bundle.classes.tiers) {
    const auto& wanted = spec.classes.tiers;
    if (std::find(wanted.begin(), wanted.end(), tier.name) == wanted.end()) {
      continue;
    }
    classes.push_back(storage_class(tier.class_name, "Delete", tier, bundle, spec.classes));
    if (spec.classes.retain_variants) {
      classes.push_back(storage_class(tier.retain_class, "Retain", tier, bundle, spec.classes));
    }
  }
  return classes;
}

}  // namespace bso::install
