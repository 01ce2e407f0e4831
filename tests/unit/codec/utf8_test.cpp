// SPDX-License-Identifier: Apache-2.0
#include "codec/utf8.h"

#include <string>

#include <catch2/catch.hpp>

using namespace bso::codec;

TEST_CASE("well-formed UTF-8 ends where the first bad character starts", "[codec][utf8]") {
  struct Row {
    std::string text;
    std::size_t valid;
  };
  const std::string ascii(20, 'a');
  const auto row = GENERATE_COPY(values<Row>({
      {"", 0},
      {ascii, 20},
      {ascii + "\xC3\xA9", 22},
      {"\xE2\x82\xAC", 3},
      {"\xF0\x9F\x98\x80", 4},
      {"\xF4\x8F\xBF\xBF", 4},
      {std::string("a\0b", 3), 3},
      {"ab\x80", 2},              // a continuation alone
      {"ab\xC3", 2},              // cut
      {"ab\xE2\x82", 2},          // cut
      {"ab\xC0\x80", 2},          // overlong
      {"ab\xC1\xBF", 2},          // overlong
      {"ab\xE0\x9F\xBF", 2},      // overlong
      {"ab\xF0\x8F\xBF\xBF", 2},  // overlong
      {"ab\xED\xA0\x80", 2},      // surrogate
      {"ab\xF4\x90\x80\x80", 2},  // beyond U+10FFFF
      {"ab\xF5\x80\x80\x80", 2},  //
      {"ab\xE2\x28\xA1", 2},      // a wrong second byte
      {"ab\xF0\x9F\x98\x28", 2},  // a wrong last byte
      {ascii + "\xFF" + ascii, 20},
  }));
  CAPTURE(row.text);
  CHECK(valid_utf8_bytes(row.text) == row.valid);
  CHECK(is_utf8(row.text) == (row.valid == row.text.size()));
}

TEST_CASE("a prefix never cuts a character", "[codec][utf8]") {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";  // 1 + 2 + 3 + 4 bytes
  const std::size_t wanted[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (std::size_t bytes = 0; bytes < std::size(wanted); ++bytes) {
    CAPTURE(bytes);
    CHECK(utf8_prefix(text, bytes).size() == wanted[bytes]);
    CHECK(is_utf8(utf8_prefix(text, bytes)));
  }
  CHECK(utf8_prefix("\x80\x80\x80\x80\x80\x80", 5).size() == 2);
}
