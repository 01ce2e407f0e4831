// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/spec_checks.h"
#include "install/spec_parts.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

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

}  // namespace

PodSettings read_pods(FieldReader& reader, const std::string& path) {
  PodSettings settings;
  settings.priority_class = reader.text(path + ".priorityClassName", "", is_dns_subdomain,
                                        "Write the name of a PriorityClass");
  if (const json& affinity = reader.object(path + ".affinity"); !affinity.empty()) {
    settings.affinity = codec::dump_json(affinity);
  }
  settings.labels = reader.text_map(path + ".podLabels");
  settings.annotations = reader.text_map(path + ".podAnnotations");
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

}  // namespace bso::install
