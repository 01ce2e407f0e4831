// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "codec/yaml.h"

namespace bso::codec {

/// How much of the limits is used up, over all documents of a text.
struct YamlBudget {
  YamlLimits limits;
  std::size_t nodes = 0;
  std::size_t string_bytes = 0;
};

/// Reads one document (with its "---" line, if it has one) through yaml-cpp's event parser. `text`
/// is UTF-8 without BOM; `first_line` counts from 1. An empty document is null.
[[nodiscard]] Result<nlohmann::json> read_yaml_document(std::string_view text,
                                                        std::size_t first_line, YamlBudget& budget);

}  // namespace bso::codec
