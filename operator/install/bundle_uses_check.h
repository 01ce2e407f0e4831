// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "install/bundle.h"

namespace bso::install {

/// Whatever bundle.yaml says that a setting reaches is there in the checked manifests: directories,
/// log levels, the Secret's name, version gates; and a CSIDriver bears the driver's name.
[[nodiscard]] Result<void> check_uses(const Bundle& bundle,
                                      std::span<const nlohmann::json> manifests);

}  // namespace bso::install
