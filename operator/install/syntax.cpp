// SPDX-License-Identifier: Apache-2.0
#include "install/syntax.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace bso::install {
namespace {

// Not <cctype>: that asks the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

}  // namespace

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         all_of(text, [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > 253) {
    return false;
  }
  for (;;) {
    const std::size_t dot = text.find('.');
    // Only the whole name is bounded, not its parts (apimachinery, pkg/util/validation).
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.front() == '-' || part.back() == '-' ||
        !all_of(part, [](char c) { return is_lower_alnum(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

bool is_label_value(std::string_view text) {
  if (text.empty()) {
    return true;
  }
  return text.size() <= 63 && is_alnum(text.front()) && is_alnum(text.back()) &&
         all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_label_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    if (!is_dns_subdomain(text.substr(0, slash))) {
      return false;
    }
    text.remove_prefix(slash + 1);
  }
  return !text.empty() && is_label_value(text);
}

bool is_absolute_path(std::string_view text) {
  if (text.size() < 2 || text.front() != '/') {
    return false;
  }
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view part = text.substr(0, slash);
    if (part.empty() || part == "." || part == ".." ||
        !all_of(part, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; })) {
      return false;
    }
    text.remove_prefix(slash);
  }
  return true;
}

bool is_quantity(std::string_view text) {
  const auto number_end =
      std::find_if(text.begin(), text.end(), [](char c) { return !is_digit(c) && c != '.'; });
  const std::string_view number =
      text.substr(0, static_cast<std::size_t>(number_end - text.begin()));
  const std::string_view suffix = text.substr(number.size());
  if (number.empty() || number.size() > 18 || !is_digit(number.front()) ||
      !is_digit(number.back()) || std::count(number.begin(), number.end(), '.') > 1) {
    return false;
  }
  static constexpr std::array<std::string_view, 14> kSuffixes{
      "", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

bool is_max_unavailable(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) {
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > (percent ? 3U : 4U) || text.front() == '0' ||
      !all_of(text, is_digit)) {
    return false;
  }
  return !percent || text.size() < 3 || text == "100";
}

}  // namespace bso::install
