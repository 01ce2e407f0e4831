// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bso::inspect {

/// Finds where JSON values begin and end without reading them, so that a list of any length is read
/// one item at a time. What lies between the cuts is for a real parser to judge.
class JsonCuts {
 public:
  /// `text` outlives it.
  explicit JsonCuts(std::string_view text) : text_(text) {}

  /// Steps over white space.
  void skip_space();
  /// Steps over this character, after white space, if it is the next.
  bool take(char wanted);
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char next() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] std::size_t position() const { return at_; }
  void go_to(std::size_t position) { at_ = position; }
  /// The value that begins here; nullopt when the text ends within it, or nothing begins here.
  [[nodiscard]] std::optional<std::string_view> value();

 private:
  /// Steps behind the string that begins here; false when it does not end.
  bool skip_string();
  std::nullopt_t ends_early();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace bso::inspect
