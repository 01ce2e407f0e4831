// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace bso::codec {

/// How many bytes from the start are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates,
/// nothing beyond U+10FFFF). text.size() when all are.
[[nodiscard]] std::size_t valid_utf8_bytes(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

/// The longest prefix of at most `bytes` bytes that does not cut a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes);

}  // namespace bso::codec
