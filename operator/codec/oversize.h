// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace bso::codec {

/// What a reader of a stream does with an object beyond its limit. Without `on_skipped` it is an
/// error. With it the object is stepped over and never held, so that one huge object does not stand
/// in the way of all others.
struct Oversize {
  /// `start`: the first bytes of it, at most `oversize_start_bytes`; valid during the call.
  std::function<void(std::size_t size, std::string_view start)> on_skipped;
  /// What is longer than this is no object but nonsense (HTML read as a length): always an error.
  std::size_t most = 64U << 20U;
};

/// Enough for the name of an object, which stands at its beginning.
inline constexpr std::size_t oversize_start_bytes = 4096;

}  // namespace bso::codec
