// SPDX-License-Identifier: Apache-2.0
#include "cluster/json_fields.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::cluster::from_json {

namespace {

using nlohmann::json;

std::optional<std::int32_t> as_int32(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max()) {
    return std::nullopt;
  }
  const auto number = value.get<std::int64_t>();
  if (number < std::numeric_limits<std::int32_t>::min() ||
      number > std::numeric_limits<std::int32_t>::max()) {
    return std::nullopt;
  }
  return static_cast<std::int32_t>(number);
}

}  // namespace

Fields::Fields(const json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (!object.is_object()) {
    throw WrongField{path_.empty() ? std::string("it is no object")
                                   : fmt::format("{} is no object", path_)};
  }
}

const json* Fields::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Fields::wrong(std::string_view name, std::string_view wanted) const {
  throw WrongField{fmt::format("{} is no {}", path_of(name), wanted)};
}

std::string_view Fields::text(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string()) wrong(name, "text");
  return value->get_ref<const std::string&>();
}

bool Fields::flag(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) wrong(name, "boolean");
  return value->get<bool>();
}

std::optional<std::int32_t> Fields::number(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto number = as_int32(*value);
  if (!number) wrong(name, "32-bit number");
  return number;
}

WallTime Fields::time(const char* name) const {
  const auto value = text(name);
  if (value.empty()) return {};
  const auto time = from_rfc3339(value);
  if (!time) wrong(name, "time (RFC 3339)");
  return std::max(*time, WallTime{});
}

std::optional<Fields> Fields::object(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  return Fields(*value, path_of(name));
}

wire::Pairs Fields::entries(const char* name) const {
  wire::Pairs pairs;
  const auto* value = find(name);
  if (value == nullptr) return pairs;
  if (!value->is_object()) wrong(name, "map");
  for (const auto& [key, entry] : value->get_ref<const json::object_t&>()) {
    if (entry.is_null()) continue;
    if (!entry.is_string()) wrong(fmt::format("{}.{}", name, key), "text");
    pairs.emplace_back(key, entry.get_ref<const std::string&>());
  }
  return pairs;
}

void Fields::each_object(const char* name, const std::function<void(const Fields&)>& use) const {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array()) wrong(name, "list");
  std::size_t index = 0;
  for (const auto& item : *value) use(Fields(item, fmt::format("{}[{}]", path_of(name), index++)));
}

void Fields::each_text(const char* name, const std::function<void(std::string_view)>& use) const {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array()) wrong(name, "list");
  for (const auto& item : *value) {
    if (!item.is_string()) wrong(name, "list of texts");
    use(item.get_ref<const std::string&>());
  }
}

std::optional<IntOrPercent> Fields::int_or_percent(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    const auto number = as_int32(*value);
    if (!number) wrong(name, "number or percentage");
    return IntOrPercent{*number, false};
  }
  const std::string_view text = value->get_ref<const std::string&>();
  IntOrPercent result{0, text.ends_with('%')};
  std::from_chars(text.data(), text.data() + text.size(), result.value);
  return result;
}

wire::Meta read_meta(const Fields& object) {
  wire::Meta meta;
  const auto metadata = object.object("metadata");
  if (!metadata) return meta;
  meta.name = metadata->text("name");
  meta.ns = metadata->text("namespace");
  meta.uid = metadata->text("uid");
  meta.resource_version = metadata->text("resourceVersion");
  meta.created = metadata->time("creationTimestamp");
  meta.deletion = metadata->time("deletionTimestamp");
  meta.deleting = metadata->has("deletionTimestamp");
  meta.labels = metadata->entries("labels");
  meta.annotations = metadata->entries("annotations");
  metadata->each_object("ownerReferences", [&meta](const Fields& owner) {
    if (!owner.flag("controller")) return;
    meta.owner.kind = Symbol{owner.text("kind")};
    meta.owner.name = Symbol{owner.text("name")};
    meta.owner.uid = Symbol{owner.text("uid")};
  });
  return meta;
}

Error about(std::string_view kind, const json& object, std::string_view why) {
  const auto ns = codec::string_at(object, {"metadata", "namespace"});
  const auto name = codec::string_at(object, {"metadata", "name"});
  if (name.empty()) return invalid_input(fmt::format("{}: {}", kind, why));
  return invalid_input(fmt::format("{} {}{}{}: {}", kind, ns, ns.empty() ? "" : "/", name, why));
}

}  // namespace bso::cluster::from_json
