// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace bso {

/// Reads a small file whole. Errors are of kind `io` and read "cannot read PATH: why"; a file
/// larger than `max_bytes` is one.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t max_bytes = 3U << 20U);

}  // namespace bso
