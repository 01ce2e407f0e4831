// SPDX-License-Identifier: Apache-2.0
// driver.install: External. Somebody else installs the driver; the operator has the StorageClasses
// and tells whether the driver is there.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "install/conditions.h"
#include "install/spec.h"
#include "install/status.h"

namespace bso::install {

/// By the spec or, while that is faulty, by what is installed.
[[nodiscard]] bool is_external(const nlohmann::json& plugin, const ParsedSpec& parsed);

/// What StorageClasses name: the name that the external CSI driver has registered, or the bundle's.
[[nodiscard]] std::string provisioner_of(const Bundle& bundle, const PluginSpec& spec);

/// Name of the CSIDriver object that tells whether the external driver is there; "" where nothing
/// in the API does: a FlexVolume driver is a file on the nodes.
[[nodiscard]] std::string awaited_csi_driver(const Bundle& bundle, const PluginSpec& spec);

/// The condition Available of an external driver. Unknown for a FlexVolume driver.
[[nodiscard]] Verdict judge_external_driver(const StatusInput& input);

}  // namespace bso::install
