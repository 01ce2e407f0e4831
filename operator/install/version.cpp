// SPDX-License-Identifier: Apache-2.0
#include "install/version.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace bso::install {
namespace {

struct VersionParts {
  std::string_view release;
  std::string_view pre_release;
};

VersionParts version_parts(std::string_view version) {
  if (version.starts_with('v')) {
    version.remove_prefix(1);
  }
  version = version.substr(0, version.find('+'));
  const std::size_t dash = version.find('-');
  return {version.substr(0, dash),
          dash == std::string_view::npos ? std::string_view() : version.substr(dash + 1)};
}

// The next part before a dot; takes it and the dot away.
std::string_view take_part(std::string_view& text) {
  const std::size_t dot = text.find('.');
  const std::string_view part = text.substr(0, dot);
  text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  return part;
}

std::optional<std::uint64_t> numeric_part(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::weak_ordering compare_part(std::string_view left, std::string_view right) {
  const auto left_number = numeric_part(left);
  const auto right_number = numeric_part(right);
  if (left_number && right_number) {
    return *left_number <=> *right_number;
  }
  if (left_number.has_value() != right_number.has_value()) {
    // Numbers come before words.
    return left_number ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  return left.compare(right) <=> 0;
}

}  // namespace

std::weak_ordering compare_versions(std::string_view left, std::string_view right) {
  VersionParts one = version_parts(left);
  VersionParts other = version_parts(right);
  while (!one.release.empty() || !other.release.empty()) {
    const std::string_view a = take_part(one.release);
    const std::string_view b = take_part(other.release);
    const auto order = compare_part(a.empty() ? "0" : a, b.empty() ? "0" : b);
    if (order != 0) {
      return order;
    }
  }
  if (one.pre_release.empty() || other.pre_release.empty()) {
    return other.pre_release.size() <=> one.pre_release.size();
  }
  while (!one.pre_release.empty() && !other.pre_release.empty()) {
    const std::string_view a = take_part(one.pre_release);
    const std::string_view b = take_part(other.pre_release);
    if (const auto order = compare_part(a, b); order != 0) {
      return order;
    }
  }
  return one.pre_release.size() <=> other.pre_release.size();
}

}  // namespace bso::install
