// SPDX-License-Identifier: Apache-2.0
#include "install/field_managers.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

const json kNothing;

const json& child(const json& document, const std::string& key) {
  const bool there = document.is_object() && document.contains(key);
  return there ? document.at(key) : kNothing;
}

/// A part of a path: what is between brackets, or a field name, which may hold dots of its own
/// (kubernetes.io/os): the longest key of the desired document that fits.
struct Token {
  std::string text;
  std::string_view rest;
};

Token next_token(std::string_view path, const json& desired) {
  if (path.front() == '[') {
    const std::size_t end = std::min(path.find(']'), path.size() - 1);
    return {std::string(path.substr(1, end - 1)), path.substr(end + 1)};
  }
  if (path.front() == '.') {
    path.remove_prefix(1);
  }
  std::string best(path);
  bool known = false;
  if (desired.is_object()) {
    for (const auto& [key, value] : desired.items()) {
      const bool fits =
          path.substr(0, key.size()) == key &&
          (path.size() == key.size() || path[key.size()] == '.' || path[key.size()] == '[');
      if (fits && (!known || key.size() > best.size())) {
        best = key;
        known = true;
      }
    }
  }
  return {best, path.substr(best.size())};
}

const json& item_of(const json& list, const std::string& token) {
  if (!list.is_array()) {
    return kNothing;
  }
  for (const json& item : list) {
    if (codec::string_at(item, {"name"}) == token) {
      return item;
    }
  }
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool by_place = code == std::errc() && end == token.data() + token.size();
  return by_place && index < list.size() ? list[index] : kNothing;
}

/// The fields below the item of a list: its key names it ("k:" with some of its fields, "v:" with
/// its value; structured-merge-diff, fieldpath/serialize-pe.go).
const json* fields_of_item(const json& fields, const json& item) {
  for (const auto& [key, below] : fields.items()) {
    if (key.size() < 2 || key[1] != ':' || (key[0] != 'k' && key[0] != 'v')) {
      continue;
    }
    const auto named = codec::parse_json(std::string_view(key).substr(2));
    if (!named) {
      continue;
    }
    const bool same =
        key[0] == 'v'
            ? *named == item
            : named->is_object() &&
                  std::all_of(named->items().begin(), named->items().end(),
                              [&](const auto& f) { return child(item, f.key()) == f.value(); });
    if (same) {
      return &below;
    }
  }
  return nullptr;
}

bool holds(const json& fields, const json& live, const json& desired, std::string_view path) {
  // No fields below: the manager holds all of it as one (an atomic list or map, or a value).
  if (path.empty() || fields.empty()) {
    return true;
  }
  const Token token = next_token(path, desired);
  if (desired.is_array()) {
    const json& found = item_of(live, token.text);
    const json& wanted = item_of(desired, token.text);
    const json* below = fields_of_item(fields, found.is_null() ? wanted : found);
    return below != nullptr && holds(*below, found, wanted, token.rest);
  }
  const auto below = fields.find("f:" + token.text);
  return below != fields.end() &&
         holds(*below, child(live, token.text), child(desired, token.text), token.rest);
}

}  // namespace

std::optional<FieldManager> manager_of(const nlohmann::json& live, const nlohmann::json& desired,
                                       std::string_view path) {
  const json* entries = codec::find(live, {"metadata", "managedFields"});
  if (entries == nullptr || !entries->is_array() || path.empty()) {
    return std::nullopt;
  }
  std::optional<FieldManager> found;
  for (const json& entry : *entries) {
    const json* fields = codec::find(entry, {"fieldsV1"});
    if (fields == nullptr || !fields->is_object() || fields->empty() ||
        !holds(*fields, live, desired, path)) {
      continue;
    }
    FieldManager manager{.name = codec::string_at(entry, {"manager"}),
                         .operation = codec::string_at(entry, {"operation"}),
                         .time = codec::string_at(entry, {"time"})};
    const bool ours = manager.name == kOperatorName;
    const bool better = !found || (found->name == kOperatorName && !ours) ||
                        ((found->name == kOperatorName) == ours && manager.time > found->time);
    if (better) {
      found = std::move(manager);
    }
  }
  return found;
}

}  // namespace bso::install
