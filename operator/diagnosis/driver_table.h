// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "diagnosis/semantics.h"

/// Only for semantics.cpp.
namespace bso::diagnosis {

/// What is known of a driver before anybody says anything.
struct KnownDriver {
  Granularity granularity = Granularity::single_node;
  bool attaches = true;
};

/// `driver` as PersistentVolumes name it; `block` for a volume in mode Block.
[[nodiscard]] std::optional<KnownDriver> known_driver(std::string_view driver, bool block);

}  // namespace bso::diagnosis
