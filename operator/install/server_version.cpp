// SPDX-License-Identifier: Apache-2.0
#include "install/server_version.h"

#include <charconv>
#include <limits>

namespace bso::install {
namespace {

/// The number that `text` begins with; `rest` is what follows it.
std::optional<int> leading_number(std::string_view text, std::string_view& rest) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || number < 0) {
    return std::nullopt;
  }
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

ServerVersion server_version_of(std::string_view major, std::string_view minor) {
  std::string_view rest;
  const auto generation = leading_number(major, rest);
  if (generation && *generation > 1) {
    return {.minor = std::numeric_limits<int>::max()};
  }
  const auto number = leading_number(minor, rest);
  return {.minor = number.value_or(ServerVersion::oldest_minor)};
}

std::optional<ServerVersion> parse_server_version(std::string_view text) {
  constexpr std::string_view kMajor = "1.";
  if (!text.starts_with(kMajor)) {
    return std::nullopt;
  }
  std::string_view rest;
  const auto number = leading_number(text.substr(kMajor.size()), rest);
  if (!number || !rest.empty()) {
    return std::nullopt;
  }
  return ServerVersion{.minor = *number};
}

}  // namespace bso::install
