// SPDX-License-Identifier: Apache-2.0
#include "codec/yaml_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "codec/yaml.h"

using namespace bso::codec;
using nlohmann::json;

TEST_CASE("JSON as YAML for people", "[codec][yaml]") {
  const json document = {{"name", "ibmc-block"},
                         {"items", {{{"a", 1}, {"b", {"x", "y"}}}, "plain", true, nullptr}},
                         {"none", json::object()},
                         {"empty", json::array()},
                         {"nested", {{"deep", {{"deeper", 1.5}}}}}};
  CHECK(json_to_yaml(document) == R"(empty: []
items:
  - a: 1
    b:
      - x
      - "y"
  - plain
  - true
  - null
name: ibmc-block
nested:
  deep:
    deeper: 1.5
none: {}
)");
  CHECK(json_to_yaml("text") == "text\n");
  CHECK(json_to_yaml(json::array()) == "[]\n");
}

TEST_CASE("what is written is read again as the same", "[codec][yaml]") {
  const json document = {
      {"words", {"true",       "No",       "null",  "1",   "1.0", "0x1", "",
                 " ",          "~",        "a: b",  "- a", "#",   "on",  "2026-05-04T03:12:09Z",
                 "two\nlines", "quote\"d", "tab\t", "ü",   "{",   "*a",  "a b"}},
      {"lists", {{{"a", {{"b", {1, 2}}}}}, {1, 2}}},
      {"yes", "key"},
      {"app.kubernetes.io/part-of", "x"},
      {"a key: odd", -3}};
  const auto again = yaml_document_to_json(json_to_yaml(document));
  REQUIRE(again.has_value());
  CHECK(*again == document);
}
