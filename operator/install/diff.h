// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace bso::install {

/// Paths of the fields that `desired` sets and `live` does not hold with the same meaning, at most
/// `limit`. What only `live` has (defaults, status, other managers' fields) is no difference; nor
/// is an empty value against an absent one, or 0.1 against 100m below requests and limits. Items of
/// lists are matched by name where each has one of its own, else by place. Of metadata only labels
/// and annotations are compared, without the hash.
[[nodiscard]] std::vector<std::string> differences(const nlohmann::json& desired,
                                                   const nlohmann::json& live,
                                                   std::size_t limit = 5);

/// Fields of a StorageClass that no server lets anyone change (provisioner, parameters,
/// reclaimPolicy, volumeBindingMode), where the two differ. A parameter too many counts.
[[nodiscard]] std::vector<std::string> immutable_class_differences(const nlohmann::json& desired,
                                                                   const nlohmann::json& live);

}  // namespace bso::install
