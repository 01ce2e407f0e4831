// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bso::codec {

/// RFC 4648 section 4, padded.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// Padding is required, CR and LF are passed over, everything else outside the alphabet is refused:
/// what Go's encoding/base64 StdEncoding takes, by which Kubernetes reads "*-data" fields.
/// nullopt when `text` is not that.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace bso::codec
