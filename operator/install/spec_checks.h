// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "install/spec.h"

namespace bso::install {

// What no schema without CEL can hold: fields that have to agree with each other, with the bundle
// or with what is installed. Faults go to the reader.

/// Names of the BlockStoragePlugin, image references, containers, classes, selectors, quantities.
void check_spec(const PluginSpec& spec, const Bundle& bundle, FieldReader& reader);

/// storageClasses: tiers the bundle knows, classes with a name of their own, a default class that
/// is one of them.
void check_classes(const ClassSettings& classes, const Bundle& bundle, FieldReader& reader);

/// driver.name, install and namespace against status.lockedDriverName and its like. To change
/// them would take the driver away from under mounted volumes.
void check_locks(const PluginSpec& spec, const nlohmann::json& plugin, FieldReader& reader);

/// Kubernetes' rules between the fields of one toleration (pkg/apis/core/validation,
/// ValidateTolerations); field names are relative to it.
void check_toleration(const Toleration& toleration, FieldReader& reader);

}  // namespace bso::install
