// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "install/conditions.h"
#include "install/default_class.h"
#include "install/health.h"
#include "install/status.h"

namespace bso::install {

/// status.storageClasses: every class that the spec names, by its policy.
[[nodiscard]] nlohmann::json class_statuses(const StatusInput& input, const Health& health);

/// The condition StorageClassesReady.
[[nodiscard]] Verdict judge_classes(const StatusInput& input, const Health& health);

/// What the choice of the default class depends on. The spec has to be valid; `input` outlives it.
[[nodiscard]] DefaultScene default_scene(const StatusInput& input);

}  // namespace bso::install
