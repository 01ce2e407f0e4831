// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bso::install {

/// The parts of "registry.example.com:5000/team/driver:1.2@sha256:...".
struct ImageReference {
  std::string name;    ///< with the registry, if there is one
  std::string tag;     ///< may be ""
  std::string digest;  ///< may be ""
};

/// Reads an image reference by the grammar of github.com/distribution/reference v0.5.0
/// (reference.go, normalize.go), as the kubelet does, so that a typing error is said at once and
/// not by every node. The error says which part is wrong.
[[nodiscard]] Result<ImageReference> parse_image_reference(std::string_view text);

/// [\w][\w.-]{0,127}
[[nodiscard]] bool is_image_tag(std::string_view text);

/// Its name with registry and path replaced: ("icr.io/ibm/driver", "example.com/x") gives
/// "example.com/x/driver".
[[nodiscard]] std::string with_registry(std::string_view image_name, std::string_view registry);

}  // namespace bso::install
