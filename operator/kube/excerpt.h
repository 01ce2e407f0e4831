// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bso::kube {

/// The beginning of a foreign text (what a proxy or a plug-in said), fit for an error message or a
/// log: one line, no control characters, at most `max_bytes` of it. What follows "Bearer" or
/// "Basic" is left out: servers meant for debugging echo the request's headers. What is not UTF-8
/// is not shown at all.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t max_bytes = 200);

}  // namespace bso::kube
