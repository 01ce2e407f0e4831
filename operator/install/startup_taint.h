// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "codec/json.h"

namespace bso::install {

/// JSON patch (RFC 6902) that takes every taint with this key from a node and leaves all others in
/// their order. It first tests the node's uid and its whole list of taints, so that it fails when
/// somebody has changed one since. nullptr when the node has no such taint.
[[nodiscard]] codec::JsonPtr without_taint(const nlohmann::json& node, std::string_view key);

}  // namespace bso::install
