// SPDX-License-Identifier: Apache-2.0
#include "install/pod_parts.h"

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/kinds.h"

namespace bso::install {
namespace {

using nlohmann::json;

template <class Json>
void add_objects(Json& parent, std::string_view field, std::vector<Json*>& into) {
  if (!parent.is_object()) {
    return;
  }
  const auto found = parent.find(std::string(field));
  if (found == parent.end() || !found->is_array()) {
    return;
  }
  for (Json& item : *found) {
    if (item.is_object()) {
      into.push_back(&item);
    }
  }
}

template <class Json>
std::vector<Json*> all_containers(Json& pod) {
  std::vector<Json*> containers;
  add_objects(pod, "initContainers", containers);
  add_objects(pod, "containers", containers);
  return containers;
}

}  // namespace

const nlohmann::json* pod_spec_of(const nlohmann::json& manifest) {
  return is_workload(codec::string_at(manifest, {"kind"}))
             ? codec::find(manifest, {"spec", "template", "spec"})
             : nullptr;
}

nlohmann::json* pod_spec_of(nlohmann::json& manifest) {
  const bool there = pod_spec_of(std::as_const(manifest)) != nullptr;
  return there ? &manifest["spec"]["template"]["spec"] : nullptr;
}

std::vector<nlohmann::json*> containers_of(nlohmann::json& pod) { return all_containers(pod); }
std::vector<const nlohmann::json*> containers_of(const nlohmann::json& pod) {
  return all_containers(pod);
}

std::vector<nlohmann::json*> objects_of(nlohmann::json& parent, std::string_view field) {
  std::vector<json*> objects;
  add_objects(parent, field, objects);
  return objects;
}
std::vector<const nlohmann::json*> objects_of(const nlohmann::json& parent,
                                              std::string_view field) {
  std::vector<const json*> objects;
  add_objects(parent, field, objects);
  return objects;
}

}  // namespace bso::install
