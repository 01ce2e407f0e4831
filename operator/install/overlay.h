// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
#include "install/spec.h"

namespace bso::install {

/// Lays the settings over one checked manifest of the bundle, in place: namespace, images, pull
/// secrets, directories, pods, replicas, rollout. Labels and hash are not its business.
void overlay(nlohmann::json& manifest, const Bundle& bundle, const PluginSpec& spec);

/// The StorageClasses that the settings ask for, as documents.
[[nodiscard]] std::vector<nlohmann::json> storage_classes(const Bundle& bundle,
                                                          const PluginSpec& spec);

}  // namespace bso::install
