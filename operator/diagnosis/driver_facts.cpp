// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/driver_facts.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::diagnosis {

void DriverFacts::take_class(const nlohmann::json& storage_class) {
  const auto granularity = class_granularity(
      codec::string_at(storage_class, {"provisioner"}), [&storage_class](std::string_view name) {
        return codec::string_at(storage_class, {"parameters", name});
      });
  if (!granularity) return;
  overrides_.by_storage_class.insert_or_assign(
      codec::string_at(storage_class, {"metadata", "name"}), *granularity);
}

void DriverFacts::take_driver(const nlohmann::json& driver) {
  // true when nothing is said: the field's default (storage.k8s.io/v1 CSIDriverSpec).
  const auto* required = codec::find(driver, {"spec", "attachRequired"});
  const bool attaches = required == nullptr || !required->is_boolean() || required->get<bool>();
  overrides_.attach_required.insert_or_assign(codec::string_at(driver, {"metadata", "name"}),
                                              attaches);
}

void DriverFacts::take_bundle(const std::string& driver, std::string_view granularity) {
  if (const auto known = granularity_of(granularity)) {
    overrides_.by_bundle.insert_or_assign(driver, *known);
  }
}

void DriverFacts::take_rules(const DriverRules& rules) {
  overrides_.by_driver = rules.drivers;
  overrides_.by_class = rules.classes;
}

void DriverFacts::take_refusals(std::set<std::pair<std::string, std::string>> refused) {
  overrides_.refused = std::move(refused);
}

Result<DriverRules> driver_rules_in(const nlohmann::json& config_map) {
  auto rules = parse_driver_rules(codec::string_at(config_map, {"data", kDriverRulesKey}));
  if (rules) return rules;
  return fail(std::move(rules.error()).with_context(std::string(kDriverRulesKey)));
}

}  // namespace bso::diagnosis
