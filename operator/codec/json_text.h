// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bso::codec {

/// Writes compact JSON straight into text, where a document of nlohmann's would be built only to be
/// dumped: that takes several times as long. Pure ASCII, as its dump() writes with ensure_ascii;
/// what is not UTF-8 becomes U+FFFD. Keys stand in the order in which they are given: for the bytes
/// of dump_json() give them sorted. Braces and brackets are the caller's to close.
class JsonText {
 public:
  JsonText() { text_.reserve(kExpected); }

  JsonText& begin_object();
  JsonText& end_object();
  JsonText& begin_array();
  JsonText& end_array();
  /// The next value, object or array is this member's.
  JsonText& key(std::string_view name);

  JsonText& value(std::string_view text);
  JsonText& value(const char* text) { return value(std::string_view{text}); }
  JsonText& value(const std::string& text) { return value(std::string_view{text}); }
  JsonText& value(bool truth);
  JsonText& value(int number);
  JsonText& value(const std::vector<std::string>& texts);
  JsonText& null();

  template <class Value>
  JsonText& member(std::string_view name, const Value& its) {
    return key(name).value(its);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kExpected = 1024;

  void before_value();
  void append_quoted(std::string_view text);

  std::string text_;
  bool first_ = true;  ///< nothing stands before the next value in its object or array
};

}  // namespace bso::codec
