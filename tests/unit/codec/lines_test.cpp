// SPDX-License-Identifier: Apache-2.0
#include "codec/lines.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace bso;
using namespace bso::codec;

namespace {

struct Collected {
  std::vector<std::string> lines;
  LineReader::OnLine sink() {
    return [this](std::string_view line) -> Result<void> {
      lines.emplace_back(line);
      return {};
    };
  }
};

}  // namespace

TEST_CASE("lines are found whatever the chunks", "[codec][lines]") {
  const std::string body = "{\"a\":1}\n\n{\"b\":2}\r\n\r\n{\"c\":3}";
  const std::vector<std::string> wanted = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"};
  for (std::size_t chunk = 1; chunk <= body.size(); ++chunk) {
    CAPTURE(chunk);
    Collected collected;
    LineReader reader(collected.sink(), 100);
    for (std::size_t at = 0; at < body.size(); at += chunk) {
      REQUIRE(reader.feed(std::string_view(body).substr(at, chunk)));
    }
    CHECK(collected.lines.size() == 2);
    REQUIRE(reader.finish());
    CHECK(collected.lines == wanted);
    REQUIRE(reader.finish());  // nothing twice
    CHECK(collected.lines == wanted);
  }
}

TEST_CASE("a line beyond the limit is an error, one at the limit is not", "[codec][lines]") {
  Collected collected;
  LineReader reader(collected.sink(), 4);
  REQUIRE(reader.feed("1234\n12"));
  REQUIRE(reader.feed("34\n"));
  CHECK(collected.lines == std::vector<std::string>{"1234", "1234"});
  SECTION("in one chunk") { CHECK_FALSE(reader.feed("12345\n")); }
  SECTION("over chunks, before its end is there") {
    REQUIRE(reader.feed("123"));
    auto fed = reader.feed("45");
    REQUIRE_FALSE(fed);
    CHECK(fed.error().kind == ErrorKind::protocol);
    CHECK(fed.error().message == "a line of the body is longer than 4 bytes");
  }
}

TEST_CASE("an error of the receiver comes back", "[codec][lines]") {
  int calls = 0;
  LineReader reader(
      [&](std::string_view) -> Result<void> {
        ++calls;
        return fail(invalid_input("no"));
      },
      10);
  auto fed = reader.feed("a\nb\n");
  REQUIRE_FALSE(fed);
  CHECK(fed.error().message == "no");
  CHECK(calls == 1);
}

TEST_CASE("after an error a line reader reads no more", "[codec][lines]") {
  Collected collected;
  LineReader reader(collected.sink(), 4);
  REQUIRE_FALSE(reader.feed("one\n12345\n"));
  const auto fed = reader.feed("two\n");
  REQUIRE_FALSE(fed);
  CHECK(fed.error().kind == ErrorKind::protocol);
  CHECK_FALSE(reader.finish());
  CHECK(collected.lines == std::vector<std::string>{"one"});
}
