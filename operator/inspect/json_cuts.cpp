// SPDX-License-Identifier: Apache-2.0
#include "inspect/json_cuts.h"

#include <algorithm>

namespace bso::inspect {

void JsonCuts::skip_space() {
  const auto found = text_.find_first_not_of(" \t\r\n", at_);
  at_ = found == std::string_view::npos ? text_.size() : found;
}

bool JsonCuts::take(char wanted) {
  skip_space();
  if (next() != wanted) return false;
  ++at_;
  return true;
}

bool JsonCuts::skip_string() {
  ++at_;
  while (true) {
    const auto found = text_.find_first_of("\"\\", at_);
    if (found == std::string_view::npos) return false;
    if (text_[found] == '"') {
      at_ = found + 1;
      return true;
    }
    at_ = found + 2;
  }
}

std::optional<std::string_view> JsonCuts::value() {
  skip_space();
  const auto begin = at_;
  const char first = next();
  if (first == '"') {
    if (!skip_string()) return ends_early();
    return text_.substr(begin, at_ - begin);
  }
  if (first != '{' && first != '[') {
    at_ = std::min(text_.find_first_of("\"{}[],: \t\r\n", begin), text_.size());
    if (at_ == begin) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }
  std::size_t depth = 0;
  while (!at_end()) {
    const char c = text_[at_];
    if (c == '"') {
      if (!skip_string()) return ends_early();
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return text_.substr(begin, at_ - begin);
  }
  return std::nullopt;
}

std::nullopt_t JsonCuts::ends_early() {
  at_ = text_.size();
  return std::nullopt;
}

}  // namespace bso::inspect
