// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/driver_rules.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/yaml.h"
#include "diagnosis/sentence.h"

namespace bso::diagnosis {

namespace {

constexpr codec::YamlLimits kRulesLimits{
    .max_bytes = 64U << 10U, .max_nodes = 4 * kMaxDriverRules, .max_depth = 10};
constexpr std::size_t kMaxShown = 80;

Result<void> read_rules(const nlohmann::json& map, std::string_view section,
                        SemanticsOverrides::ByName& rules) {
  if (map.is_null()) return {};
  if (!map.is_object()) {
    return fail(invalid_input(fmt::format("{} is not a map from names to rules", section)));
  }
  if (map.size() > kMaxDriverRules) {
    return fail(invalid_input(fmt::format("{} has {} entries; at most {} are read", section,
                                          map.size(), kMaxDriverRules)));
  }
  for (const auto& [name, value] : map.items()) {
    const auto rule =
        value.is_string() ? granularity_of(value.get_ref<const std::string&>()) : std::nullopt;
    if (name.empty() || !rule) {
      return fail(invalid_input(
          fmt::format("{}: the rule of \"{}\" is not single-pod, single-node or not-exclusive",
                      section, printable(name, kMaxShown))));
    }
    rules.emplace(name, *rule);
  }
  return {};
}

}  // namespace

Result<DriverRules> parse_driver_rules(std::string_view text) {
  auto documents = codec::yaml_to_json(text, kRulesLimits);
  if (!documents) return fail(std::move(documents.error()));
  DriverRules rules;
  if (documents->empty()) return rules;
  const auto& document = documents->front();
  if (documents->size() > 1 || !document.is_object()) {
    return fail(invalid_input("it is not one map with drivers and storageClasses"));
  }
  for (const auto& [section, map] : document.items()) {
    if (section != "drivers" && section != "storageClasses") {
      return fail(invalid_input(
          fmt::format("\"{}\" is not drivers or storageClasses", printable(section, kMaxShown))));
    }
    auto read = read_rules(map, section, section == "drivers" ? rules.drivers : rules.classes);
    if (!read) return fail(std::move(read.error()));
  }
  return rules;
}

}  // namespace bso::diagnosis
