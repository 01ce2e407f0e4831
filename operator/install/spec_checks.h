// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "install/spec.h"

namespace bso::install {

// What no schema without CEL can hold: fields that have to agree with each other, with the bundle
// or with what is installed. Faults go to the reader.

/// Names of the BlockStoragePlugin, image references, containers, tiers, selectors, quantities.
void check_spec(const PluginSpec& spec, const Bundle& bundle, FieldReader& reader);

/// driver.name and driver.namespace against status.lockedDriverName and lockedNamespace. To change
/// them would take the driver away from under mounted volumes.
void check_locks(const PluginSpec& spec, const nlohmann::json& plugin, FieldReader& reader);

/// Kubernetes' rules between the fields of one toleration (pkg/apis/core/validation,
/// ValidateTolerations); field names are relative to it.
void check_toleration(const Toleration& toleration, FieldReader& reader);

}  // namespace bso::install
