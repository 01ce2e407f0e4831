// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

#include "base/result.h"

namespace bso {

/// Reads a small file whole. Errors are of kind `io` and read "cannot read PATH: why"; a file
/// larger than `max_bytes` is one.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t max_bytes = 3U << 20U);

struct CloseStream {
  void operator()(std::FILE* file) const;  ///< not standard input
};
/// Owns a stream. Standard input may be put in as well: it stays open.
using Stream = std::unique_ptr<std::FILE, CloseStream>;

enum class StreamEnd {
  complete,
  too_large,  ///< `text` has more than `max_bytes`
  failed      ///< errno says why; so does a directory, which opens like a file
};
/// Appends to `text` what is left of the stream.
[[nodiscard]] StreamEnd read_to_end(std::FILE* file, std::size_t max_bytes, std::string& text);

}  // namespace bso
