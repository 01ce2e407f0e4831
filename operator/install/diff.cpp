// SPDX-License-Identifier: Apache-2.0
#include "install/diff.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
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

// Suffixes of resource.Quantity (apimachinery, pkg/api/resource/suffix.go).
std::optional<double> quantity(const json& value) {
  if (value.is_number()) {
    return value.get<double>();
  }
  if (!value.is_string()) {
    return std::nullopt;
  }
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (code != std::errc()) {
    return std::nullopt;
  }
  static constexpr std::array<std::pair<std::string_view, double>, 16> kSuffixes{{
      {"", 1},
      {"n", 1e-9},
      {"u", 1e-6},
      {"m", 1e-3},
      {"k", 1e3},
      {"M", 1e6},
      {"G", 1e9},
      {"T", 1e12},
      {"P", 1e15},
      {"E", 1e18},
      {"Ki", 0x1p10},
      {"Mi", 0x1p20},
      {"Gi", 0x1p30},
      {"Ti", 0x1p40},
      {"Pi", 0x1p50},
      {"Ei", 0x1p60},
  }};
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : kSuffixes) {
    if (name == suffix) {
      return number * factor;
    }
  }
  return std::nullopt;
}

bool is_empty(const json* value) {
  return value == nullptr || value->is_null() || (value->is_structured() && value->empty());
}

class Differ {
 public:
  explicit Differ(std::size_t limit) : limit_(limit) {}

  // `quantities`: the values below are quantities of resources.
  void compare(const json& desired, const json* live, const std::string& path, bool quantities) {
    if (paths_.size() >= limit_ || (is_empty(&desired) && is_empty(live))) {
      return;
    }
    if (live != nullptr && desired.is_object() && live->is_object()) {
      const std::string inside = path.empty() ? "" : path + ".";
      for (const auto& [key, value] : desired.items()) {
        compare(value, codec::find(*live, {key}), inside + key,
                quantities || key == "requests" || key == "limits");
      }
    } else if (live != nullptr && desired.is_array() && live->is_array()) {
      compare_lists(desired, *live, path, quantities);
    } else if (live == nullptr || !same_value(desired, *live, quantities)) {
      paths_.push_back(path);
    }
  }

  std::vector<std::string> take() { return std::move(paths_); }

 private:
  static bool same_value(const json& desired, const json& live, bool quantities) {
    if (desired == live) {
      return true;
    }
    const auto left = quantities ? quantity(desired) : std::nullopt;
    const auto right = quantities ? quantity(live) : std::nullopt;
    return left && right && std::abs(*left - *right) <= 1e-12 * std::max(*left, *right);
  }

  void compare_lists(const json& desired, const json& live, const std::string& path,
                     bool quantities) {
    std::set<std::string> names;
    const bool by_name =
        !desired.empty() && std::all_of(desired.begin(), desired.end(), [&](const json& item) {
          const std::string name = codec::string_at(item, {"name"});
          return !name.empty() && names.insert(name).second;
        });
    if (!by_name && desired.size() != live.size()) {
      paths_.push_back(path);
      return;
    }
    for (std::size_t i = 0; i < desired.size(); ++i) {
      if (!by_name) {
        compare(desired[i], &live[i], fmt::format("{}[{}]", path, i), quantities);
        continue;
      }
      const std::string name = codec::string_at(desired[i], {"name"});
      const auto match = std::find_if(live.begin(), live.end(), [&](const json& item) {
        return codec::string_at(item, {"name"}) == name;
      });
      compare(desired[i], match == live.end() ? nullptr : &*match,
              fmt::format("{}[{}]", path, name), quantities);
    }
  }

  std::size_t limit_;
  std::vector<std::string> paths_;
};

}  // namespace

std::vector<std::string> differences(const nlohmann::json& desired, const nlohmann::json& live,
                                     std::size_t limit) {
  Differ differ(limit);
  for (const auto& [key, value] : desired.items()) {
    // A live object out of a list lacks the first two.
    if (key != "apiVersion" && key != "kind" && key != "metadata") {
      differ.compare(value, codec::find(live, {key}), key, false);
    }
  }
  for (const std::string_view map : {"labels", "annotations"}) {
    if (const json* wanted = codec::find(desired, {"metadata", map}); wanted != nullptr) {
      for (const auto& [key, value] : wanted->items()) {
        if (key != kHashAnnotation) {
          differ.compare(value, codec::find(live, {"metadata", map, key}),
                         fmt::format("metadata.{}[{}]", map, key), false);
        }
      }
    }
  }
  return differ.take();
}

std::vector<std::string> immutable_class_differences(const nlohmann::json& desired,
                                                     const nlohmann::json& live) {
  std::vector<std::string> paths;
  for (const char* field : {"provisioner", "reclaimPolicy", "volumeBindingMode"}) {
    if (codec::string_at(desired, {field}) != codec::string_at(live, {field})) {
      paths.emplace_back(field);
    }
  }
  static const json kNone = json::object();
  const auto parameters = [](const json& document) -> const json& {
    const json* found = codec::find(document, {"parameters"});
    return found != nullptr && found->is_object() ? *found : kNone;
  };
  const json& wanted = parameters(desired);
  const json& found = parameters(live);
  std::set<std::string> keys;
  for (const json* side : {&wanted, &found}) {
    for (const auto& [key, value] : side->items()) {
      keys.insert(key);
    }
  }
  for (const std::string& key : keys) {
    if (!wanted.contains(key) || !found.contains(key) || wanted.at(key) != found.at(key)) {
      paths.push_back("parameters." + key);
    }
  }
  return paths;
}

}  // namespace bso::install
