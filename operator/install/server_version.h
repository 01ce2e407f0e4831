// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bso::install {

/// Kubernetes 1.N, which decides about fields that older servers do not know: an apply with an
/// unknown field is answered with status 500 there.
struct ServerVersion {
  /// The oldest one that is supported, and what is assumed of a server that does not tell.
  static constexpr int oldest_minor = 20;
  int minor = oldest_minor;

  friend bool operator==(const ServerVersion&, const ServerVersion&) = default;
};

/// From the fields `major` and `minor` of /version; some distributions write "20+". The oldest one
/// when they are no numbers. What comes after 1.x knows at least what the last of them knew.
[[nodiscard]] ServerVersion server_version_of(std::string_view major, std::string_view minor);

/// "1.25" gives that version; nullopt for anything else.
[[nodiscard]] std::optional<ServerVersion> parse_server_version(std::string_view text);

}  // namespace bso::install
