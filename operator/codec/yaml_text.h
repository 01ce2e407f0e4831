// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace bso::codec {

/// The document as YAML in block style, keys sorted, with a line break at its end. Strings that a
/// reader could take for something else, or that have more than one line, are quoted as in JSON.
[[nodiscard]] std::string json_to_yaml(const nlohmann::json& document);

}  // namespace bso::codec
