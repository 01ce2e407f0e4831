// SPDX-License-Identifier: Apache-2.0
#include "install/server_version.h"

#include <catch2/catch.hpp>

using namespace bso::install;

TEST_CASE("the server's version is read as distributions write it") {
  CHECK(server_version_of("1", "20").minor == 20);
  CHECK(server_version_of("1", "27+").minor == 27);
  CHECK(server_version_of("1", "36").minor == 36);
  CHECK(server_version_of("2", "0").minor > 1000);
  // What does not tell is taken for the oldest: it gets no field that it may not know.
  for (const char* text : {"", "+", "x", "-3", "99999999999999999999"}) {
    INFO(text);
    CHECK(server_version_of("1", text).minor == ServerVersion::oldest_minor);
  }
  CHECK(server_version_of("", "").minor == ServerVersion::oldest_minor);
}

TEST_CASE("a version in a bundle is 1.N and nothing else") {
  CHECK(parse_server_version("1.25") == ServerVersion{.minor = 25});
  CHECK(parse_server_version("1.0") == ServerVersion{.minor = 0});
  for (const char* text : {"", "1", "1.", "1.x", "1.25.3", "1.25+", "v1.25", "2.1", "1.-1", "25"}) {
    INFO(text);
    CHECK_FALSE(parse_server_version(text).has_value());
  }
}
