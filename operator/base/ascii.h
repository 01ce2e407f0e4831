// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bso {

/// Of ASCII letters only, whatever the locale.
[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace bso
