// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace bso::install {

// Syntax of values that people write. The CRD checks the same; these hold when an object reaches us
// another way (an older CRD, a file given to the kubectl plug-in, a bundle).

/// RFC 1123 label: 1 to 63 of a-z, 0-9 and '-', no '-' at an end.
[[nodiscard]] bool is_dns_label(std::string_view text);
/// RFC 1123 subdomain: labels with dots between, at most 253 characters.
[[nodiscard]] bool is_dns_subdomain(std::string_view text);
/// A label's value: at most 63 of A-Z, a-z, 0-9, '-', '_', '.', alphanumeric at both ends; may be
/// "".
[[nodiscard]] bool is_label_value(std::string_view text);
/// A label's key: a name as is_label_value, not "", with an optional "subdomain/" before it.
[[nodiscard]] bool is_label_key(std::string_view text);
/// "/a/b": no slash at the end, no white space, no "." or ".." as a part.
[[nodiscard]] bool is_absolute_path(std::string_view text);
/// A non-negative resource quantity: 250m, 1, 0.5, 100Mi, 2G.
[[nodiscard]] bool is_quantity(std::string_view text);
/// "1" to "9999", or "1%" to "100%".
[[nodiscard]] bool is_max_unavailable(std::string_view text);

}  // namespace bso::install
