// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace bso::install {

/// What a write changes in an object, for people: `before` is how it stands, `after` how the server
/// would store it. One text for each field: "spec.replicas 1 -> 2", "metadata.labels[team] set to
/// storage", "spec.template.spec.affinity added"; values only where they are short. At most `limit`
/// of them, then "and 3 more". What the server itself keeps (status, resourceVersion, generation,
/// managedFields) and our hash are left out. Items of lists are matched by name where each has one
/// of its own, else by place.
[[nodiscard]] std::vector<std::string> changes(const nlohmann::json& before,
                                               const nlohmann::json& after, std::size_t limit = 8);

}  // namespace bso::install
