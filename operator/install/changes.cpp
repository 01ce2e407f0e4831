// SPDX-License-Identifier: Apache-2.0
#include "install/changes.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/names.h"

namespace bso::install {
namespace {

using nlohmann::json;

/// Longer values say less than they hide; two of them and the path still fit into one line.
constexpr std::size_t kShortValue = 48;

std::optional<std::string> short_text(const json& value) {
  if (value.is_structured()) {
    return std::nullopt;
  }
  std::string text = value.is_string() ? value.get<std::string>() : codec::dump_json(value);
  const bool plain = text.size() <= kShortValue && text.find('\n') == std::string::npos;
  return plain ? std::optional(text.empty() ? "\"\"" : std::move(text)) : std::nullopt;
}

class Comparison {
 public:
  void compare(const json* before, const json* after, const std::string& path) {
    if (before == nullptr || after == nullptr) {
      one_side(before, after, path);
    } else if (before->is_object() && after->is_object()) {
      compare_objects(*before, *after, path);
    } else if (before->is_array() && after->is_array()) {
      compare_lists(*before, *after, path);
    } else if (*before != *after) {
      const auto left = short_text(*before);
      const auto right = short_text(*after);
      found_.push_back(left && right ? fmt::format("{} {} -> {}", path, *left, *right)
                                     : fmt::format("{} changed", path));
    }
  }

  /// Maps whose keys have dots in them.
  void compare_map(const json& before, const json& after, std::string_view map,
                   std::string_view hidden) {
    static const json kNone = json::object();
    const auto map_of = [&](const json& document) -> const json& {
      const json* found = codec::find(document, {"metadata", map});
      return found != nullptr && found->is_object() ? *found : kNone;
    };
    const json& left = map_of(before);
    const json& right = map_of(after);
    for (const std::string& key : keys_of(left, right)) {
      if (key != hidden) {
        compare(codec::find(left, {key}), codec::find(right, {key}),
                fmt::format("metadata.{}[{}]", map, key));
      }
    }
  }

  static std::set<std::string> keys_of(const json& left, const json& right) {
    std::set<std::string> keys;
    for (const json* side : {&left, &right}) {
      for (const auto& [key, value] : side->items()) {
        keys.insert(key);
      }
    }
    return keys;
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  void one_side(const json* before, const json* after, const std::string& path) {
    if (before == nullptr && after == nullptr) {
      return;
    }
    if (after == nullptr) {
      found_.push_back(fmt::format("{} removed", path));
      return;
    }
    const auto text = short_text(*after);
    found_.push_back(text ? fmt::format("{} set to {}", path, *text)
                          : fmt::format("{} added", path));
  }

  void compare_objects(const json& before, const json& after, const std::string& path) {
    for (const std::string& key : keys_of(before, after)) {
      compare(codec::find(before, {key}), codec::find(after, {key}),
              path.empty() ? key : fmt::format("{}.{}", path, key));
    }
  }

  // nullopt: not every item has a name of its own.
  static std::optional<std::vector<std::string>> names_of(const json& list) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (const json& item : list) {
      std::string name = codec::string_at(item, {"name"});
      if (name.empty() || !seen.insert(name).second) {
        return std::nullopt;
      }
      names.push_back(std::move(name));
    }
    return names;
  }

  static const json* named(const json& list, const std::string& name) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const json& item) {
      return codec::string_at(item, {"name"}) == name;
    });
    return found == list.end() ? nullptr : &*found;
  }

  void compare_lists(const json& before, const json& after, const std::string& path) {
    const auto left = names_of(before);
    const auto right = names_of(after);
    if (left && right && !(left->empty() && right->empty())) {
      std::set<std::string> names(left->begin(), left->end());
      names.insert(right->begin(), right->end());
      for (const std::string& name : names) {
        compare(named(before, name), named(after, name), fmt::format("{}[{}]", path, name));
      }
      return;
    }
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
      compare(i < before.size() ? &before[i] : nullptr, i < after.size() ? &after[i] : nullptr,
              fmt::format("{}[{}]", path, i));
    }
  }

  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> changes(const nlohmann::json& before, const nlohmann::json& after,
                                 std::size_t limit) {
  Comparison comparison;
  for (const std::string& key : Comparison::keys_of(before, after)) {
    if (key != "apiVersion" && key != "kind" && key != "metadata" && key != "status") {
      comparison.compare(codec::find(before, {key}), codec::find(after, {key}), key);
    }
  }
  comparison.compare_map(before, after, "labels", "");
  comparison.compare_map(before, after, "annotations", kHashAnnotation);
  std::vector<std::string> found = comparison.take();
  if (found.size() > limit) {
    const std::size_t more = found.size() - limit;
    found.resize(limit);
    found.push_back(fmt::format("and {} more", more));
  }
  return found;
}

}  // namespace bso::install
