// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace bso::codec {

/// What a YAML scalar means to Kubernetes: goyaml.v2/resolve.go of sigs.k8s.io/yaml v1.4. `tag` as
/// yaml-cpp gives it: "?" plain, "!" quoted or block, else the tag in full. A number with a
/// fraction or an exponent stays a float here; infinities and NaN are errors, JSON has none.
[[nodiscard]] Result<nlohmann::json> resolve_scalar(std::string_view tag, std::string_view text);

/// A float as Go's encoding/json prints it: integral values without ".0", or the API server would
/// refuse them in integer fields. Other values stay as they are.
[[nodiscard]] nlohmann::json narrow_number(nlohmann::json value);

/// Text from the document as a message shows it: in quotes, escaped, not too long.
[[nodiscard]] std::string shown(std::string_view text);

/// A scalar as a map's key (convertToJSONableObject in sigs.k8s.io/yaml's yaml.go). Null is an
/// error.
[[nodiscard]] Result<std::string> key_of(const nlohmann::json& scalar);

}  // namespace bso::codec
