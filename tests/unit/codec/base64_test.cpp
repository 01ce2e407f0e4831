// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <catch2/catch.hpp>

using namespace bso::codec;

TEST_CASE("base64 both ways (RFC 4648 section 10)", "[codec][base64]") {
  const auto [bytes, text] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {std::string("\0\xFF\xFE", 3), "AP/+"},
  }));
  CHECK(encode_base64(bytes) == text);
  CHECK(decode_base64(text) == bytes);
}

TEST_CASE("line breaks in base64 are passed over, as Go does", "[codec][base64]") {
  CHECK(decode_base64("Zm9v\r\nYmFy\n") == "foobar");
  CHECK(decode_base64("Zg=\n=") == "f");
}

TEST_CASE("what is not base64 is refused", "[codec][base64]") {
  const auto* text = GENERATE("Z", "Zg", "Zg=", "Z===", "====", "=", "Zm9vY",
                              "Zm9v=", "Zm9v====", "Zg==Zg==", "Zm 9v", "Zm9-", "Zm9_", "Zg=a",
                              "Zm9v YmFy", "Zm8==");
  CAPTURE(text);
  CHECK_FALSE(decode_base64(text));
}
