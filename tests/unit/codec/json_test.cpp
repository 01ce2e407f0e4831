// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso;
using namespace bso::codec;

TEST_CASE("JSON keeps integers of 64 bits and prints sorted keys", "[codec][json]") {
  const auto parsed =
      parse_json(R"({"b":18446744073709551615,"a":-9223372036854775808,"c":[1.5]})");
  REQUIRE(parsed);
  CHECK(dump_json(*parsed) == R"({"a":-9223372036854775808,"b":18446744073709551615,"c":[1.5]})");
}

TEST_CASE("bad JSON is named by its place, not by its content", "[codec][json]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "line 1, column 1"},
      {"{", "line 1, column 2"},
      {"{\"a\":1,}", "line 1, column 8"},
      {"{\n\"a\": secret}", "line 2, column 6"},
      {"{} {}", "line 1, column 4"},
      {"\"\xFF\"", "ill-formed UTF-8"},
      {"\"\\ud800\"", "surrogate"},
      {"[1e999]", "number overflow"},
      {std::string("{}\0", 3), "line 1, column 3"},
      {"<html>", "line 1, column 1"},
  }));
  CAPTURE(text);
  const auto parsed = parse_json(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::protocol);
  CHECK_THAT(parsed.error().message, Catch::StartsWith("invalid JSON: "));
  CHECK_THAT(parsed.error().message, Catch::Contains(message));
  CHECK_THAT(parsed.error().message, !Catch::Contains("secret"));
  CHECK_THAT(parsed.error().message, !Catch::Contains("json.exception"));
}

TEST_CASE("JSON depth is bounded before anything recurses", "[codec][json]") {
  const auto nested = [](std::size_t depth) {
    std::string text(depth, '[');
    return text.append(depth, ']');
  };
  CHECK(parse_json(nested(200)));
  const auto deep = parse_json(nested(201).insert(0, 1, '\n'));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().message == "invalid JSON: line 2, column 201: nested deeper than 200 levels");
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
  CHECK(parse_json("[\"[[[[\\\"[[[[\", []]", 2));  // brackets in strings do not count
}

TEST_CASE("strings that are not UTF-8 are printed all the same", "[codec][json]") {
  CHECK(dump_json(nlohmann::json("a\xFF")) == "\"a\xEF\xBF\xBD\"");
}

TEST_CASE("paths through objects", "[codec][json]") {
  const auto document = nlohmann::json::parse(R"({"a":{"b":"text","n":null},"l":[1]})");
  CHECK(find(document, {}) == &document);
  CHECK(string_at(document, {"a", "b"}) == "text");
  CHECK(find(document, {"a", "n"})->is_null());
  CHECK(find(document, {"a", "x"}) == nullptr);
  CHECK(find(document, {"a", "b", "c"}) == nullptr);
  CHECK(find(document, {"l", "0"}) == nullptr);
  CHECK(string_at(document, {"l"}).empty());
  CHECK(string_at(document, {"x", "y"}).empty());
}
