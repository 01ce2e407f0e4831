// SPDX-License-Identifier: Apache-2.0
#include "install/recreate.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/diff.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// Both ways: a label too many in the live selector is a difference as well.
bool same_field(const json& desired, const json& live,
                std::initializer_list<std::string_view> path) {
  const json* wanted = codec::find(desired, path);
  const json* found = codec::find(live, path);
  return wanted == nullptr || (found != nullptr && *wanted == *found);
}

// Keys of metadata.`map` that an apply of ours set, and those that others hold, by managedFields.
struct Holders {
  std::set<std::string> ours;
  std::set<std::string> others;
};

Holders holders_of(const json& live, std::string_view map) {
  Holders holders;
  const json* managers = codec::find(live, {"metadata", "managedFields"});
  if (managers == nullptr || !managers->is_array()) {
    return holders;
  }
  const std::string field = fmt::format("f:{}", map);
  for (const json& manager : *managers) {
    const json* keys = codec::find(manager, {"fieldsV1", "f:metadata", field});
    if (keys == nullptr || !keys->is_object()) {
      continue;
    }
    const bool ours = codec::string_at(manager, {"manager"}) == kOperatorName &&
                      codec::string_at(manager, {"operation"}) == "Apply";
    for (const auto& [key, value] : keys->items()) {
      if (key.starts_with("f:")) {
        (ours ? holders.ours : holders.others).insert(key.substr(2));
      }
    }
  }
  return holders;
}

std::map<std::string, std::string> foreign_values(const json& desired, const json& live,
                                                  std::string_view map) {
  std::map<std::string, std::string> values;
  const json* found = codec::find(live, {"metadata", map});
  if (found == nullptr || !found->is_object()) {
    return values;
  }
  const Holders holders = holders_of(live, map);
  for (const auto& [key, value] : found->items()) {
    const bool only_ours = holders.ours.contains(key) && !holders.others.contains(key);
    if (value.is_string() && !only_ours && key != kHashAnnotation && key != kOrphanedFrom &&
        key != kLastApplied && codec::find(desired, {"metadata", map, key}) == nullptr) {
      values.emplace(key, value.get<std::string>());
    }
  }
  return values;
}

std::map<std::string, std::string> read_map(const json& entry, std::string_view name) {
  std::map<std::string, std::string> values;
  const json* found = codec::find(entry, {name});
  if (found != nullptr && found->is_object()) {
    for (const auto& [key, value] : found->items()) {
      if (value.is_string()) {
        values.emplace(key, value.get<std::string>());
      }
    }
  }
  return values;
}

}  // namespace

std::vector<std::string> immutable_differences(std::string_view kind, const nlohmann::json& desired,
                                               const nlohmann::json& live) {
  if (kind == "StorageClass") {
    return immutable_class_differences(desired, live);
  }
  if (is_workload(kind) && !same_field(desired, live, {"spec", "selector"})) {
    return {"spec.selector"};
  }
  if ((kind == "ClusterRoleBinding" || kind == "RoleBinding") &&
      !same_field(desired, live, {"roleRef"})) {
    return {"roleRef"};
  }
  if (kind == "CSIDriver") {
    std::vector<std::string> paths = differences(desired, live);
    std::erase_if(paths, [](const std::string& path) { return !path.starts_with("spec."); });
    return paths;
  }
  return {};
}

std::string recreate_obstacle(std::string_view kind, const nlohmann::json& live) {
  const json* finalizers = codec::find(live, {"metadata", "finalizers"});
  if (is_workload(kind) || finalizers == nullptr || !finalizers->is_array() ||
      finalizers->empty()) {
    return "";
  }
  return fmt::format("its finalizer {} would hold up the deletion", finalizers->front().dump());
}

bool may_recreate(const DesiredObject& desired, const ObservedObject& found) {
  return desired.recreate && found.recreate_obstacle.empty();
}

Propagation propagation_of(const nlohmann::json& desired, const nlohmann::json& live) {
  const std::string kind = codec::string_at(desired, {"kind"});
  if (kind == "Deployment" || kind == "StatefulSet") {
    return Propagation::foreground;
  }
  if (kind != "DaemonSet") {
    return Propagation::background;
  }
  const json* wanted = codec::find(desired, {"spec", "selector", "matchLabels"});
  const json* labels = codec::find(live, {"spec", "template", "metadata", "labels"});
  if (wanted == nullptr || !wanted->is_object() || wanted->empty() || labels == nullptr ||
      codec::find(desired, {"spec", "selector", "matchExpressions"}) != nullptr) {
    return Propagation::background;
  }
  for (const auto& [key, value] : wanted->items()) {
    const json* label = codec::find(*labels, {key});
    if (label == nullptr || *label != value) {
      return Propagation::background;
    }
  }
  return Propagation::orphan;
}

bool gone_at_once(Propagation propagation) {
  // For the other two the server sets a finalizer, which its garbage collector takes away.
  return propagation == Propagation::background;
}

CarriedOver carried_over(const ObjectRef& ref, const nlohmann::json& desired,
                         const nlohmann::json& live) {
  return {.ref = ref,
          .uid = codec::string_at(live, {"metadata", "uid"}),
          .labels = foreign_values(desired, live, "labels"),
          .annotations = foreign_values(desired, live, "annotations")};
}

CarriedOver without_default_mark(CarriedOver carried) {
  carried.annotations.erase(std::string(kDefaultClassMark));
  carried.annotations.erase(std::string(kDefaultClassBetaMark));
  return carried;
}

CarriedOver still_held(CarriedOver carried, const nlohmann::json& live) {
  const auto keep = [&](auto& values, std::string_view map) {
    std::erase_if(values, [&](const auto& item) {
      return codec::string_at(live, {"metadata", map, item.first}) != item.second;
    });
  };
  keep(carried.labels, "labels");
  keep(carried.annotations, "annotations");
  return carried;
}

codec::JsonPtr with_carried(const nlohmann::json& desired, const CarriedOver& carried) {
  json document = desired;
  for (const auto& [key, value] : carried.labels) {
    document["metadata"]["labels"].emplace(key, value);
  }
  for (const auto& [key, value] : carried.annotations) {
    document["metadata"]["annotations"].emplace(key, value);
  }
  return std::make_shared<const json>(std::move(document));
}

codec::JsonPtr only_carried(const CarriedOver& carried) {
  json metadata = {{"name", carried.ref.name}};
  if (!carried.ref.ns.empty()) {
    metadata["namespace"] = carried.ref.ns;
  }
  if (!carried.labels.empty()) {
    metadata["labels"] = carried.labels;
  }
  if (!carried.annotations.empty()) {
    metadata["annotations"] = carried.annotations;
  }
  return std::make_shared<const json>(json{{"apiVersion", carried.ref.api_version()},
                                           {"kind", carried.ref.kind},
                                           {"metadata", std::move(metadata)}});
}

std::vector<CarriedOver> read_recreating(const nlohmann::json& plugin) {
  std::vector<CarriedOver> entries;
  const json* list = codec::find(plugin, {"status", "recreating"});
  if (list == nullptr || !list->is_array()) {
    return entries;
  }
  for (const json& item : *list) {
    const KindInfo* kind =
        find_kind(codec::string_at(item, {"group"}), codec::string_at(item, {"kind"}));
    if (kind != nullptr) {
      entries.push_back({.ref = make_ref(*kind, codec::string_at(item, {"namespace"}),
                                         codec::string_at(item, {"name"})),
                         .uid = codec::string_at(item, {"uid"}),
                         .labels = read_map(item, "labels"),
                         .annotations = read_map(item, "annotations")});
    }
  }
  return entries;
}

nlohmann::json recreating_json(std::span<const CarriedOver> entries) {
  json list = json::array();
  for (const CarriedOver& entry : entries) {
    json item = {{"kind", entry.ref.kind}, {"name", entry.ref.name}, {"uid", entry.uid}};
    if (!entry.ref.group.empty()) {
      item["group"] = entry.ref.group;
    }
    if (!entry.ref.ns.empty()) {
      item["namespace"] = entry.ref.ns;
    }
    if (!entry.labels.empty()) {
      item["labels"] = entry.labels;
    }
    if (!entry.annotations.empty()) {
      item["annotations"] = entry.annotations;
    }
    list.push_back(std::move(item));
  }
  return list;
}

const CarriedOver* find_carried(std::span<const CarriedOver> entries, const ObjectRef& ref) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const CarriedOver& entry) {
    return entry.ref.same_object(ref);
  });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace bso::install
