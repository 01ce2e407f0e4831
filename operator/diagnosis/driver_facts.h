// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "diagnosis/driver_rules.h"
#include "diagnosis/semantics.h"

namespace bso::diagnosis {

/// Puts together what objects of the cluster say about drivers beyond the built-in table.
class DriverFacts {
 public:
  /// A StorageClass: its parameters may say what its volumes allow, see class_granularity().
  void take_class(const nlohmann::json& storage_class);
  /// A CSIDriver.
  void take_driver(const nlohmann::json& driver);
  /// What a bundle says of its driver, see granularity_of(); another word says nothing.
  void take_bundle(const std::string& driver, std::string_view granularity);
  void take_rules(const DriverRules& rules);
  /// Namespaces and drivers, see SemanticsOverrides::refused.
  void take_refusals(std::set<std::pair<std::string, std::string>> refused);

  [[nodiscard]] const SemanticsOverrides& overrides() const { return overrides_; }

 private:
  SemanticsOverrides overrides_;
};

/// The rules in the ConfigMap kDriverRulesMap; the error names the key and the line.
[[nodiscard]] Result<DriverRules> driver_rules_in(const nlohmann::json& config_map);

}  // namespace bso::diagnosis
