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
#include "install/external.h"
#include "install/image_reference.h"
#include "install/kinds.h"
#include "install/names.h"
#include "install/overlay_uses.h"
#include "install/pod_parts.h"

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
  for (json* container : containers_of(pod)) {
    const std::string name = codec::string_at(*container, {"name"});
    (*container)["image"] = image_of(name, bundle, spec);
    (*container)["imagePullPolicy"] = spec.images.pull_policy;
    if (const auto set = settings.resources.find(name); set != settings.resources.end()) {
      set_resources(*container, set->second);
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
  if (!settings.priority_class.empty()) {
    pod["priorityClassName"] = settings.priority_class;
  }
  if (!settings.affinity.empty()) {
    // It was printed from JSON when the spec was read.
    pod["affinity"] = json::parse(settings.affinity);
  }
  set_directory(pod, bundle.flex_volume_plugin_dir, kFlexVolumePluginDir,
                spec.flex_volume_plugin_dir);
  set_directory(pod, bundle.kubelet_root_dir, kKubeletRootDir, spec.kubelet_root_dir);
  set_log_levels(pod, bundle, spec.log_level);
}

// IntOrString: a number has to be a JSON number, or the API server reads a malformed percentage.
json int_or_percent(const std::string& text) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  return whole ? json(number) : json(text);
}

json storage_class(const std::string& name, const std::string& reclaim_policy,
                   const ClassTier& tier, const Bundle& bundle, const PluginSpec& spec) {
  const ClassSettings& settings = spec.classes;
  json parameters = json::object();
  for (const auto& [key, value] : bundle.classes.parameters) {
    parameters[key] = value;
  }
  for (const auto& [key, value] : tier.parameters) {
    parameters[key] = value;
  }
  if (!bundle.classes.billing_type_parameter.empty()) {
    parameters[bundle.classes.billing_type_parameter] = settings.billing_type;
  }
  if (!bundle.classes.fs_type_parameter.empty()) {
    parameters[bundle.classes.fs_type_parameter] = settings.fs_type;
  }
  if (!settings.region.empty()) {
    parameters[bundle.classes.region_parameter] = settings.region;
  }
  if (!settings.zone.empty()) {
    parameters[bundle.classes.zone_parameter] = settings.zone;
  }
  return {{"apiVersion", "storage.k8s.io/v1"},
          {"kind", "StorageClass"},
          {"metadata", {{"name", name}}},
          {"provisioner", provisioner_of(bundle, spec)},
          {"parameters", std::move(parameters)},
          {"reclaimPolicy", reclaim_policy},
          {"volumeBindingMode", tier.volume_binding_mode.empty() ? settings.volume_binding_mode
                                                                 : tier.volume_binding_mode},
          {"allowVolumeExpansion", bundle.classes.allow_volume_expansion}};
}

json own_class(const OwnClass& own, const Bundle& bundle, const PluginSpec& spec) {
  json document = {{"apiVersion", "storage.k8s.io/v1"},
                   {"kind", "StorageClass"},
                   {"metadata", {{"name", own.name}}},
                   {"provisioner", provisioner_of(bundle, spec)},
                   {"reclaimPolicy", own.reclaim_policy},
                   {"volumeBindingMode", own.volume_binding_mode},
                   {"allowVolumeExpansion", own.allow_volume_expansion}};
  const auto set = [](json& object, const char* field, const auto& values) {
    if (!values.empty()) {
      object[field] = values;
    }
  };
  set(document, "parameters", own.parameters);
  set(document, "mountOptions", own.mount_options);
  set(document["metadata"], "labels", own.labels);
  set(document["metadata"], "annotations", own.annotations);
  if (!own.allowed_topologies.empty()) {
    // It was printed from JSON when the spec was read.
    document["allowedTopologies"] = json::parse(own.allowed_topologies);
  }
  return document;
}

}  // namespace

void overlay(nlohmann::json& manifest, const Bundle& bundle, const PluginSpec& spec) {
  const std::string kind = codec::string_at(manifest, {"kind"});
  const KindInfo* info = find_kind(group_of(codec::string_at(manifest, {"apiVersion"})), kind);
  if (info != nullptr && info->namespaced) {
    manifest["metadata"]["namespace"] = spec.ns;
  }
  const bool is_binding = kind == "ClusterRoleBinding" || kind == "RoleBinding";
  if (is_binding && manifest.contains("subjects")) {
    for (json& subject : manifest["subjects"]) {
      if (codec::string_at(subject, {"kind"}) == "ServiceAccount") {
        subject["namespace"] = spec.ns;
      }
    }
  }
  const std::string name = codec::string_at(manifest, {"metadata", "name"});
  const bool is_controller = kind == bundle.controller_kind && name == bundle.controller;
  const bool is_node = kind == "DaemonSet" && name == bundle.node;
  if (spec.credentials) {
    set_credentials(manifest, bundle.credentials, spec.credentials->name);
  }
  if (is_workload(kind)) {
    static const PodSettings kNone;
    const PodSettings& settings = is_controller ? spec.controller : is_node ? spec.node : kNone;
    set_pods(manifest["spec"]["template"]["spec"], settings, bundle, spec);
    // A label of the bundle stays: the selector may need it.
    json& metadata = manifest["spec"]["template"]["metadata"];
    for (const auto& [key, value] : settings.labels) {
      metadata["labels"].emplace(key, value);
    }
    for (const auto& [key, value] : settings.annotations) {
      metadata["annotations"][key] = value;
    }
  }
  if (is_controller) {
    manifest["spec"]["replicas"] = spec.replicas;
  }
  if (is_node && spec.update_on_delete) {
    manifest["spec"]["updateStrategy"] = {{"type", "OnDelete"}};
  } else if (is_node) {
    manifest["spec"]["updateStrategy"] = {
        {"type", "RollingUpdate"},
        {"rollingUpdate", {{"maxUnavailable", int_or_percent(spec.max_unavailable)}}}};
  }
}

std::vector<nlohmann::json> storage_classes(const Bundle& bundle, const PluginSpec& spec) {
  std::vector<json> classes;
  const auto replaced = [&](const std::string& name) {
    return std::any_of(spec.classes.own.begin(), spec.classes.own.end(),
                       [&](const OwnClass& own) { return own.name == name; });
  };
  const auto add = [&](const std::string& name, const char* reclaim_policy, const ClassTier& tier) {
    if (!name.empty() && !replaced(name)) {
      classes.push_back(storage_class(name, reclaim_policy, tier, bundle, spec));
    }
  };
  // In the bundle's order, so that the order of the user's list is no change.
  for (const ClassTier& tier : bundle.classes.tiers) {
    const auto& wanted = spec.classes.tiers;
    if (wanted && std::find(wanted->begin(), wanted->end(), tier.name) == wanted->end()) {
      continue;
    }
    add(tier.class_name, "Delete", tier);
    if (spec.classes.retain_variants) {
      add(tier.retain_class, "Retain", tier);
    }
  }
  for (const OwnClass& own : spec.classes.own) {
    classes.push_back(own_class(own, bundle, spec));
  }
  return classes;
}

}  // namespace bso::install
