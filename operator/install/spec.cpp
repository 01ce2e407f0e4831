// SPDX-License-Identifier: Apache-2.0
#include "install/spec.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/image_reference.h"
#include "install/spec_checks.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::string_view kUnmanaged = "Unmanaged";

std::vector<Toleration> read_tolerations(FieldReader& reader, std::string_view path) {
  std::vector<Toleration> tolerations;
  std::size_t index = 0;
  for (const json& item : reader.list(path)) {
    FieldReader fields(item);
    fields.only("", {"key", "operator", "value", "effect", "tolerationSeconds"});
    Toleration toleration{
        .key = fields.text("key", "", is_label_key, "Write a label's key"),
        .op = fields.choice("operator", "", {"Exists", "Equal"}),
        .value = fields.text("value", "", is_label_value, "Write a label's value"),
        .effect = fields.choice("effect", "", {"NoSchedule", "PreferNoSchedule", "NoExecute"}),
        .seconds = std::nullopt};
    if (fields.at("tolerationSeconds") != nullptr) {
      toleration.seconds = fields.integer("tolerationSeconds", 0, INT64_MIN, INT64_MAX);
    }
    check_toleration(toleration, fields);
    for (SpecFault& fault : fields.take_faults()) {
      fault.field =
          fmt::format("{}[{}]{}{}", path, index, fault.field.empty() ? "" : ".", fault.field);
      reader.add(std::move(fault));
    }
    tolerations.push_back(std::move(toleration));
    ++index;
  }
  return tolerations;
}

std::map<std::string, ContainerResources> read_resources(FieldReader& reader,
                                                         std::string_view path) {
  std::map<std::string, ContainerResources> resources;
  for (const auto& [container, settings] : reader.object(path).items()) {
    FieldReader fields(settings);
    fields.only("", {"requests", "limits"});
    resources.emplace(container, ContainerResources{.requests = fields.text_map("requests"),
                                                    .limits = fields.text_map("limits")});
    for (SpecFault& fault : fields.take_faults()) {
      fault.field =
          fmt::format("{}[{}]{}{}", path, container, fault.field.empty() ? "" : ".", fault.field);
      reader.add(std::move(fault));
    }
  }
  return resources;
}

PodSettings read_pods(FieldReader& reader, const std::string& path) {
  PodSettings settings;
  settings.node_selector = reader.text_map(path + ".nodeSelector");
  if (reader.at(path + ".tolerations") != nullptr) {
    settings.tolerations = read_tolerations(reader, path + ".tolerations");
  }
  settings.resources = read_resources(reader, path + ".resources");
  return settings;
}

ImageSettings read_images(FieldReader& reader) {
  ImageSettings images{.registry = reader.text("spec.images.registry", ""),
                       .pull_policy = reader.choice("spec.images.pullPolicy", "IfNotPresent",
                                                    {"Always", "IfNotPresent", "Never"}),
                       .pull_secrets = {},
                       .overrides = reader.text_map("spec.images.overrides")};
  for (const json& item : reader.list("spec.images.pullSecrets")) {
    images.pull_secrets.push_back(codec::string_at(item, {"name"}));
  }
  return images;
}

ClassSettings read_classes(FieldReader& reader) {
  const std::string path = "spec.storageClasses.presets.";
  return {.tiers = reader.text_list(path + "tiers", {"Bronze", "Silver", "Gold", "Custom"}),
          .retain_variants = reader.flag(path + "retainVariants", true),
          .billing_type = reader.choice(path + "billingType", "hourly", {"hourly", "monthly"}),
          .fs_type = reader.choice(path + "fsType", "ext4", {"ext4", "xfs"}),
          .volume_binding_mode = reader.choice(path + "volumeBindingMode", "Immediate",
                                               {"Immediate", "WaitForFirstConsumer"})};
}

PluginSpec read_spec(FieldReader& reader) {
  PluginSpec spec;
  spec.plugin = reader.text("metadata.name", "");
  spec.managed =
      reader.choice("spec.managementState", "Managed", {"Managed", kUnmanaged}) == "Managed";
  spec.driver = reader.text("spec.driver.name", "");
  spec.version = reader.text("spec.driver.version", "", is_image_tag,
                             "Write a version such as 2.5.26; it becomes the tag of the images");
  spec.ns = reader.text("spec.driver.namespace", "kube-system", is_dns_label,
                        "Write the name of an existing namespace");
  spec.kubelet_root_dir =
      reader.text("spec.driver.kubeletRootDir", "/var/lib/kubelet", is_absolute_path,
                  "Write an absolute path without a slash at the end");
  spec.flex_volume_plugin_dir = reader.text(
      "spec.driver.flexVolumePluginDir", "/usr/libexec/kubernetes/kubelet-plugins/volume/exec",
      is_absolute_path, "Write an absolute path without a slash at the end");
  spec.images = read_images(reader);
  spec.replicas = reader.integer("spec.controller.replicas", 1, 0, 5);
  spec.controller = read_pods(reader, "spec.controller");
  spec.node = read_pods(reader, "spec.node");
  spec.max_unavailable = reader.text("spec.node.updateStrategy.maxUnavailable", "10%",
                                     is_max_unavailable, "Write \"1\" or \"10%\", in quotes");
  spec.classes = read_classes(reader);
  return spec;
}

}  // namespace

bool is_managed(const nlohmann::json& plugin) {
  return codec::string_at(plugin, {"spec", "managementState"}) != kUnmanaged;
}

ParsedSpec parse_spec(const nlohmann::json& plugin, std::span<const Bundle> bundles) {
  FieldReader reader(plugin);
  PluginSpec spec = read_spec(reader);
  ParsedSpec parsed;
  const std::string locked_driver = codec::string_at(plugin, {"status", "lockedDriverName"});
  parsed.bundle = find_bundle(bundles, locked_driver.empty() ? spec.driver : locked_driver);
  check_locks(spec, plugin, reader);
  if (find_bundle(bundles, spec.driver) == nullptr) {
    reader.add({.field = "spec.driver.name",
                .message = spec.driver.empty()
                               ? "it is missing"
                               : fmt::format("there is no bundle \"{}\"", spec.driver),
                .remedy = fmt::format("Write one of: {}", bundle_names(bundles))});
  } else if (parsed.bundle != nullptr && parsed.bundle->name == spec.driver) {
    check_spec(spec, *parsed.bundle, reader);
  }
  parsed.faults = reader.take_faults();
  if (parsed.faults.empty()) {
    if (spec.version.empty()) {
      spec.version = parsed.bundle->version;
    }
    parsed.spec = std::move(spec);
  }
  return parsed;
}

}  // namespace bso::install
