// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "diagnosis/semantics.h"

namespace bso::diagnosis {

/// The ConfigMap in the operator's namespace by which an administrator corrects what is known of
/// drivers, and its one key; docs/driver-rules.md.
inline constexpr std::string_view kDriverRulesMap = "block-storage-operator-driver-rules";
inline constexpr std::string_view kDriverRulesKey = "rules.yaml";

/// What such a ConfigMap says.
struct DriverRules {
  SemanticsOverrides::ByName drivers;
  SemanticsOverrides::ByName classes;
  bool operator==(const DriverRules&) const = default;
};

/// Far more than there are drivers; at most 64 KiB of text are read.
inline constexpr std::size_t kMaxDriverRules = 500;

/// Reads the text of kDriverRulesKey: YAML with the maps `drivers` and `storageClasses`, from names
/// to "single-pod", "single-node" or "not-exclusive". An empty text has no rules. Anything else is
/// refused as a whole: the error says the line or the name, and what may stand there.
[[nodiscard]] Result<DriverRules> parse_driver_rules(std::string_view text);

}  // namespace bso::diagnosis
