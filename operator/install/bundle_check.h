// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "install/bundle.h"

namespace bso::install {

/// One manifest by itself: a known kind, a name, no namespace, no image; the shape of a pod
/// template where the kind has one.
[[nodiscard]] Result<void> check_manifest(const nlohmann::json& manifest);

/// bundle.yaml and its manifests together: the workloads exist, every container has its image, the
/// named volumes and variables exist, no two objects share a name, the images can be read.
[[nodiscard]] Result<void> check_bundle(const Bundle& bundle,
                                        std::span<const nlohmann::json> manifests);

/// Kind of the workload that bundle.controller names in checked manifests: "Deployment",
/// "StatefulSet", or "" when it names none.
[[nodiscard]] std::string controller_kind(const Bundle& bundle,
                                          std::span<const nlohmann::json> manifests);

/// Place of a checked manifest in the order of application.
[[nodiscard]] int manifest_rank(const nlohmann::json& manifest);

/// "apps/v1" gives "apps", "v1" gives "".
[[nodiscard]] std::string_view group_of(std::string_view api_version);

}  // namespace bso::install
