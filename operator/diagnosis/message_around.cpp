// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_around.h"

#include <algorithm>
#include <array>

#include "diagnosis/message_frames.h"
#include "diagnosis/message_text.h"

namespace bso::diagnosis {

namespace {

struct Replacement {
  std::string_view bytes;
  char by;
};

/// What word processors and chats make of quotes and spaces, in UTF-8.
constexpr std::array kTypography{
    Replacement{"\xe2\x80\x9c", '"'},  Replacement{"\xe2\x80\x9d", '"'},
    Replacement{"\xe2\x80\x9e", '"'},  Replacement{"\xe2\x80\x98", '\''},
    Replacement{"\xe2\x80\x99", '\''}, Replacement{"\xc2\xa0", ' '},
};

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }

/// Takes one layer of Go's escapes off ("\\\"" is "\"").
std::string unescaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      result.push_back(text[at]);
      continue;
    }
    const char escaped = text[++at];
    result.push_back(escaped == 'n' || escaped == 't' || escaped == 'r' ? ' ' : escaped);
  }
  return result;
}

/// What YAML and Markdown put around a text.
bool is_pair(char first, char last) { return first == last && (first == '\'' || first == '`'); }

}  // namespace

std::string with_plain_blanks(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at];
    std::size_t size = 1;
    if (c == '\xe2' || c == '\xc2') {
      const auto rest = text.substr(at);
      const auto* found =
          std::find_if(kTypography.begin(), kTypography.end(),
                       [rest](const Replacement& one) { return rest.starts_with(one.bytes); });
      if (found != kTypography.end()) {
        c = found->by;
        size = found->bytes.size();
      }
    }
    at += size;
    if (!is_blank(c)) {
      result.push_back(c);
    } else if (!result.empty() && result.back() != ' ') {
      result.push_back(' ');
    }
  }
  return result;
}

bool has_odd_blanks(std::string_view message) {
  bool after_space = false;
  for (const char c : message) {
    const bool space = c == ' ';
    if ((space && after_space) || (!space && is_blank(c)) ||
        static_cast<unsigned char>(c) >= 0x80) {
      return true;
    }
    after_space = space;
  }
  return false;
}

std::string without_surroundings(std::string_view message) {
  auto text = with_plain_blanks(message);
  const auto frame = frame_begin(text);
  if (frame == kNoMatch && text.size() > 1 && is_pair(text.front(), text.back())) {
    return text.substr(1, text.size() - 2);
  }
  if (frame == kNoMatch || frame == 0) return text;
  const bool escaped = text.find("\\\"", frame) < text.find('"', frame);
  // A line that quotes the message goes on behind the closing quote.
  auto within = std::string_view{text}.substr(frame);
  if (text[frame - 1] == '"') {
    std::size_t end = 0;
    while (end < within.size() && within[end] != '"')
      end += within[end] == '\\' ? std::size_t{2} : 1;
    if (escaped || frame < 2) within = within.substr(0, end);
  } else if (is_pair(text[frame - 1], within.back())) {
    within.remove_suffix(1);
  }
  return escaped ? unescaped(within) : std::string{within};
}

}  // namespace bso::diagnosis
