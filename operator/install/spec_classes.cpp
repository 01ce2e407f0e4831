// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/spec_parts.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

std::optional<ClassPolicy> read_policy(FieldReader& reader, std::string_view path) {
  const std::string word =
      reader.choice(path, "", {"Managed", "CreateOnly", "Unmanaged", "Removed"});
  if (word.empty()) {
    return std::nullopt;
  }
  return word == "CreateOnly"  ? ClassPolicy::create_only
         : word == "Unmanaged" ? ClassPolicy::unmanaged
         : word == "Removed"   ? ClassPolicy::removed
                               : ClassPolicy::managed;
}

OwnClass read_class(FieldReader& fields) {
  fields.only("", {"name", "policy", "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion",
                   "mountOptions", "parameters", "labels", "annotations", "allowedTopologies"});
  OwnClass own{.name = fields.text("name", ""),
               .policy = read_policy(fields, "policy"),
               .reclaim_policy = fields.choice("reclaimPolicy", "Delete", {"Delete", "Retain"}),
               .volume_binding_mode = fields.choice("volumeBindingMode", "WaitForFirstConsumer",
                                                    {"Immediate", "WaitForFirstConsumer"}),
               .allow_volume_expansion = fields.flag("allowVolumeExpansion", true),
               .mount_options = fields.text_list("mountOptions", {}),
               .parameters = fields.text_map("parameters"),
               .labels = fields.text_map("labels"),
               .annotations = fields.text_map("annotations"),
               .allowed_topologies = ""};
  if (const json& topologies = fields.list("allowedTopologies"); !topologies.empty()) {
    own.allowed_topologies = codec::dump_json(topologies);
  }
  return own;
}

std::vector<OwnClass> read_own(FieldReader& reader, std::string_view path) {
  std::vector<OwnClass> classes;
  std::size_t index = 0;
  for (const json& item : reader.list(path)) {
    FieldReader fields(item);
    if (item.is_object()) {
      classes.push_back(read_class(fields));
    } else {
      fields.add({.field = "", .message = "it is no object", .remedy = "Write name: ..."});
    }
    for (SpecFault& fault : fields.take_faults()) {
      fault.field =
          fmt::format("{}[{}]{}{}", path, index, fault.field.empty() ? "" : ".", fault.field);
      reader.add(std::move(fault));
    }
    ++index;
  }
  return classes;
}

DefaultClass read_default(FieldReader& reader, const std::string& path) {
  const std::string mode =
      reader.choice(path + ".mode", "Preserve", {"Preserve", "Enforce", "Never"});
  return {.mode = mode == "Enforce" ? DefaultMode::enforce
                  : mode == "Never" ? DefaultMode::never
                                    : DefaultMode::preserve,
          .name = reader.text(path + ".className", "")};
}

}  // namespace

ClassSettings read_classes(FieldReader& reader) {
  const std::string path = "spec.storageClasses.";
  const std::string presets = path + "presets.";
  ClassSettings classes;
  classes.policy = read_policy(reader, path + "policy").value_or(ClassPolicy::managed);
  classes.recreate_immutable =
      reader.choice(path + "onImmutableChange", "Recreate", {"Recreate", "Block"}) == "Recreate";
  classes.delete_removed =
      reader.choice(path + "onRemovedFromSpec", "Delete", {"Delete", "Orphan"}) == "Delete";
  classes.default_class = read_default(reader, path + "default");
  if (reader.at(presets + "tiers") != nullptr) {
    classes.tiers = reader.text_list(presets + "tiers", {});
  }
  classes.retain_variants = reader.flag(presets + "retainVariants", true);
  classes.billing_type = reader.choice(presets + "billingType", "hourly", {"hourly", "monthly"});
  classes.fs_type = reader.choice(presets + "fsType", "ext4", {"ext4", "xfs"});
  classes.volume_binding_mode = reader.choice(presets + "volumeBindingMode", "Immediate",
                                              {"Immediate", "WaitForFirstConsumer"});
  classes.region = reader.text(presets + "region", "");
  classes.zone = reader.text(presets + "zone", "");
  classes.own = read_own(reader, path + "classes");
  return classes;
}

}  // namespace bso::install
