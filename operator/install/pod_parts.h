// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace bso::install {

/// The pod's spec of a workload, or nullptr for manifests of other kinds and those that lack it.
[[nodiscard]] nlohmann::json* pod_spec_of(nlohmann::json& manifest);
[[nodiscard]] const nlohmann::json* pod_spec_of(const nlohmann::json& manifest);

/// Init containers first, then containers; as long as the pod's spec lives and is not changed in
/// these lists.
[[nodiscard]] std::vector<nlohmann::json*> containers_of(nlohmann::json& pod);
[[nodiscard]] std::vector<const nlohmann::json*> containers_of(const nlohmann::json& pod);

/// The objects of a list field, e.g. "volumes" of a pod or "env" of a container; none when the
/// field is absent or no list.
[[nodiscard]] std::vector<nlohmann::json*> objects_of(nlohmann::json& parent,
                                                      std::string_view field);
[[nodiscard]] std::vector<const nlohmann::json*> objects_of(const nlohmann::json& parent,
                                                            std::string_view field);

}  // namespace bso::install
