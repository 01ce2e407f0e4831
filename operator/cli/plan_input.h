// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace bso::cli {

/// The BlockStoragePlugins of a text (YAML or JSON, one or several documents). Refused: anything
/// else in it, none at all, one without a name, a name that is there twice. `source` is what the
/// text came from, for messages.
[[nodiscard]] Result<std::vector<nlohmann::json>> read_plugins(std::string_view text,
                                                               std::string_view source);

/// The same of a file of at most 3 MiB; "-" is standard input.
[[nodiscard]] Result<std::vector<nlohmann::json>> read_plugins_of(const std::string& file);

}  // namespace bso::cli
