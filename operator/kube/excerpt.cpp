// SPDX-License-Identifier: Apache-2.0
#include "kube/excerpt.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "codec/utf8.h"

namespace bso::kube {
namespace {

constexpr std::size_t kLookedAt = 4096;

bool is_blank(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7F;
}

bool ends_with_scheme(std::string_view word) {
  constexpr std::array<std::string_view, 2> schemes{"bearer", "basic"};
  return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
    return word.size() >= scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), word.end() - static_cast<long>(scheme.size()),
                      [](char a, char b) { return a == lower(b); });
  });
}

}  // namespace

std::string excerpt(std::string_view text, std::size_t max_bytes) {
  text = codec::utf8_prefix(text, kLookedAt);
  if (!codec::is_utf8(text)) return "(binary data)";
  std::string line;
  bool hide = false;
  while (!text.empty() && line.size() <= max_bytes) {
    const auto begin = std::find_if_not(text.begin(), text.end(), is_blank);
    const auto end = std::find_if(begin, text.end(), is_blank);
    const std::string_view word(begin, end);
    text = std::string_view(end, text.end());
    if (word.empty()) break;
    if (!line.empty()) line += ' ';
    line += hide ? "(left out)" : word;
    hide = !hide && ends_with_scheme(word);
  }
  if (line.size() <= max_bytes && text.empty()) return line;
  return std::string(codec::utf8_prefix(line, max_bytes)) + "...";
}

}  // namespace bso::kube
