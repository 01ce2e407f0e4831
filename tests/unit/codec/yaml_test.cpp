// SPDX-License-Identifier: Apache-2.0
#include "codec/yaml.h"

#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace bso;
using namespace bso::codec;
using nlohmann::json;

namespace {

std::string as_json(const std::string& text) {
  const auto documents = yaml_to_json(text);
  if (!documents) return "error: " + documents.error().message;
  return json(*documents).dump();
}

}  // namespace

TEST_CASE("a stream is split into documents", "[codec][yaml]") {
  const auto [text, wanted] = GENERATE(table<std::string, std::string>({
      {"", "[]"},
      {"\n\n", "[]"},
      {"# only a comment\n", "[]"},
      {"---\n", "[]"},
      {"---\n---\n# c\n---", "[]"},
      {"~\n", "[]"},
      {"a: 1", R"([{"a":1}])"},
      {"a: 1\n---\nb: 2\n", R"([{"a":1},{"b":2}])"},
      {"---\r\na: 1\r\n---\r\nb:\r\n- 2\r\n", R"([{"a":1},{"b":[2]}])"},
      {"--- # first\na: 1\n---\t\nb: 2\n", R"([{"a":1},{"b":2}])"},
      {"--- {a: 1}\n--- [2]\n", R"([{"a":1},[2]])"},
      {"--- |\n x\n y\n---\na: 1\n", R"(["x\ny\n",{"a":1}])"},
      {"a: |\n  ---\n  b\n---\nc: 1\n", R"([{"a":"---\nb\n"},{"c":1}])"},
      {"a: foo\n  ---bar\n", R"([{"a":"foo ---bar"}])"},
      {"a: 1\n...\n---\nb: 2\n...\n", R"([{"a":1},{"b":2}])"},
      {"\xEF\xBB\xBF"
       "a: 1\n",
       R"([{"a":1}])"},
      {"%YAML 1.1\n---\na: 1\n", R"([{"a":1}])"},
      {"# c\n%YAML 1.2\n# d\n---\na: 1\n", R"([{"a":1}])"},
      {"a: 1\n...\n%YAML 1.1\n---\nb: 2\n", R"([{"a":1},{"b":2}])"},
      {"a: 100%\nb: |\n  %c\n", R"([{"a":"100%","b":"%c\n"}])"},
      {R"({"json": [1, "two", null, true]})", R"([{"json":[1,"two",null,true]}])"},
      {"a: \"\xC3\xA9\"", "[{\"a\":\"\xC3\xA9\"}]"},
  }));
  CAPTURE(text);
  CHECK(as_json(text) == wanted);
}

TEST_CASE("structures", "[codec][yaml]") {
  const auto [text, wanted] = GENERATE(table<std::string, std::string>({
      {"a:\n- 1\n- - 2\n  - 3\n-\n", R"([{"a":[1,[2,3],null]}])"},
      {"a:\nb:\n", R"([{"a":null,"b":null}])"},
      {"? a\n? b\n", R"([{"a":null,"b":null}])"},
      {"{a, b: 1}", R"([{"a":null,"b":1}])"},
      {"{a: , b: 1}", R"([{"a":null,"b":1}])"},
      {"[1: 2, {a: b}]", R"([[{"1":2},{"a":"b"}]])"},
      {"[a, ~, b,]", R"([["a",null,"b"]])"},
      {"a: &x {b: 1}\nc: *x\n", R"([{"a":{"b":1},"c":{"b":1}}])"},
      {"a: &x 1.0\n*x : *x\n", R"([{"1":1,"a":1}])"},
      {"a: &x\nb: *x\n", R"([{"a":null,"b":null}])"},
      {"&x k: v\nl: *x\n", R"([{"k":"v","l":"k"}])"},
      {"a: &x 1\nb: &x 2\nc: *x\n", R"([{"a":1,"b":2,"c":2}])"},
      {"a: 'it''s'\n", R"([{"a":"it's"}])"},
      {"\"k\\N\": \"\u00e9\\N\\_x\\L\"\n", "[{\"k\u0085\":\"\u00e9\u0085\u00a0x\u2028\"}]"},
      {"a: &x !!str \"q\\\"\" # \"\n", R"([{"a":"q\""}])"},
      {"a: |\n  x", R"([{"a":"x\n"}])"},
      {"\"a: b\" :\n? a\n\"c\":\n", R"([{"a":null,"a: b":null,"c":null}])"},
      {"!!map {a: !!seq [1]}", R"([{"a":[1]}])"},
  }));
  CAPTURE(text);
  CHECK(as_json(text) == wanted);
}

TEST_CASE("merge keys: explicit keys win, then the earlier map", "[codec][yaml]") {
  const auto [text, wanted] = GENERATE(table<std::string, std::string>({
      {"{<<: {a: 1}, b: 2}", R"([{"a":1,"b":2}])"},
      {"{<<: {a: 1}, a: 2}", R"([{"a":2}])"},
      {"{a: 2, <<: {a: 1}}", R"([{"a":2}])"},
      {"{<<: [{a: 1}, {a: 2, c: 3}], b: 2}", R"([{"a":1,"b":2,"c":3}])"},
      {"x: &x {a: 1}\nw: &w {a: 2, b: 2}\nz:\n  <<: [*x, *w]\n  c: 3\n",
       R"([{"w":{"a":2,"b":2},"x":{"a":1},"z":{"a":1,"b":2,"c":3}}])"},
      {"{<<: {<<: {a: 1}, b: 2}, c: 3}", R"([{"a":1,"b":2,"c":3}])"},
      {"{<<: []}", R"([{}])"},
      {"{'<<': 1}", R"([{"<<":1}])"},
      {"[<<]", R"([["<<"]])"},
  }));
  CAPTURE(text);
  CHECK(as_json(text) == wanted);
}

TEST_CASE("what is wrong is named with its line", "[codec][yaml]") {
  const auto [text, wanted] = GENERATE(table<std::string, std::string>({
      {"a: 1\nb: 2\n\nname: x\nc: 3\nd: 4\nname: y\n", "line 7: duplicate key \"name\""},
      {"{a: 1, 'a': 2}", "line 1: duplicate key \"a\""},
      {"1: a\n\"1\": b\n", "line 2: duplicate key \"1\""},
      {"a: 1\n---\nb:\n  c: 1\n  c: 2\n", "line 5: duplicate key \"c\""},
      {"# c\n%YAML 1.1\n---\n\na: 1\na: 1\n", "line 6: duplicate key \"a\""},
      {"a: 1\n~: 2\n", "line 2: a null key"},
      {": 2\n", "line 1: a null key"},
      {"\"a\\n\": 1\n\"a\\n\": 1\n", "line 2: duplicate key \"a\\n\""},
      {"{,}", "line 1: a null key"},
      {"? [a]\n: b\n", "line 1: a map or a list as a key"},
      {"{{a: 1}: b}", "line 1: a map or a list as a key"},
      {"x: &x [1]\n*x : b\n", "line 2: a map or a list as a key"},
      {"a: &a [*a]\n", "line 1: an anchor that contains itself"},
      {"a: &a\n  b:\n  - *a\n", "line 3: an anchor that contains itself"},
      {"a: *b\n", "line 1: the referenced anchor is not defined"},
      {"a: &x 1\n---\nb: *x\n", "line 3: the referenced anchor is not defined"},
      {"a:\n  <<: 5\n", "line 2: \"<<\" needs a map or a list of maps"},
      {"a:\n  <<: [5]\n", "line 2: \"<<\" needs a map or a list of maps"},
      {"a: 1\nb\n", "line 2: no \":\" after \"b\""},
      {"a: 1\nbb\n---\nc: 1", "line 2: no \":\" after \"bb\""},
      {"a: 1\nb:x\n", "line 2: no \":\" after \"b:x\""},
      {"? a\n:b\n", "line 2: no \":\" after \":b\""},
      {"[a,,b]", "line 1: an empty entry between commas"},
      {"[,a]", "line 1: an empty entry between commas"},
      {",", "line 1: text after the end of the document"},
      {"---\n,x", "line 2: text after the end of the document"},
      {"- a\nb: 1\n", "line 2: text after the end of the document"},
      {"[a] b", "line 1: text after the end of the document"},
      {"a: 1\n...\nb: 2\n", "line 3: text after the end of the document"},
      {"a: 1\n b: 2\n", "line 2: illegal map value"},
      {"a: [1, 2\nb: 3\n", "line 2: end of sequence flow not found"},
      {"a:\n\tb: 1\n", "line 2: "},
      {"a: \"x", "line 1: a quote is not closed"},
      {"a: \"x\n", "line 1: a quote is not closed"},
      {"b: 1\na: 'it''s\n", "line 2: a quote is not closed"},
      {"a: &x !!str # c\n  \"x\n---\nb: 1\n", "line 1: a quote is not closed"},
      {"a: \"x\\\"\n", "line 1: a quote is not closed"},
      {"a: @b", "line 1: unknown token"},
      {"a: {{ .Values.x }}\n", "line 1: a map or a list as a key"},
      {"%TAG ! x\n---\na: 1\n", "line 1: only the directive"},
      {"%YAML 2.0\n---\na: 1\n", "line 1: only the directive"},
      {"a: 1\n%b: 2\n", "line 2: \"%\" at the start of a line needs quotes"},
      {"---\n%YAML 1.1\n---\na: 1\n", "line 2: "},
      {"%YAML 1.1\na: 1\n", "line 2: \"---\" is missing after %YAML"},
      {"a: 1\nb: \xFF\n", "line 2: not UTF-8"},
      {"a: 1\nb: \x01\n", "line 2: control character 0x01"},
      {std::string("a\0:\0", 4), "line 1: control character 0x00"},
      {"a: .inf\n", "line 1: .inf has no JSON form"},
  }));
  CAPTURE(text);
  CHECK_THAT(as_json(text), Catch::StartsWith("error: " + wanted));
  const auto documents = yaml_to_json(text);
  REQUIRE_FALSE(documents);
  CHECK(documents.error().kind == ErrorKind::invalid_input);
}

TEST_CASE("exactly one document", "[codec][yaml]") {
  CHECK(yaml_document_to_json("---\na: 1\n---\n"));
  CHECK(yaml_document_to_json("").error().message == "line 1: expected one YAML document, found 0");
  CHECK(yaml_document_to_json("a: 1\n---\nb: 1").error().message ==
        "line 1: expected one YAML document, found 2");
}

TEST_CASE("YAML limits", "[codec][yaml][limits]") {
  SECTION("bytes") {
    CHECK(yaml_to_json("a: 12", {.max_bytes = 5}));
    CHECK_FALSE(yaml_to_json("a: 123", {.max_bytes = 5}));
  }
  SECTION("depth, also through aliases") {
    CHECK(yaml_to_json("[[[1]]]", {.max_depth = 3}));
    CHECK(yaml_to_json("\n[[[[1]]]]", {.max_depth = 3}).error().message ==
          "line 2: nested deeper than 3 levels");
    CHECK(yaml_to_json("- &a [[1]]\n- [*a]\n", {.max_depth = 4}));
    CHECK_FALSE(yaml_to_json("- &a [[1]]\n- [*a]\n", {.max_depth = 3}));
    CHECK_FALSE(yaml_to_json(std::string(1'000'000, '[')));
    CHECK_FALSE(yaml_to_json(std::string(1'000'000, '{')));
    std::string dashes;
    for (int i = 0; i < 100'000; ++i) dashes += "- ";
    CHECK_FALSE(yaml_to_json(dashes));
  }
  SECTION("values, over all documents") {
    CHECK(yaml_to_json("[1, 2]", {.max_nodes = 3}));
    CHECK_FALSE(yaml_to_json("[1, 2, 3]", {.max_nodes = 3}));
    CHECK_FALSE(yaml_to_json("[1]\n---\n[1]\n", {.max_nodes = 3}));
  }
  SECTION("an alias bomb") {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 20; ++i) {
      bomb += fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
    }
    CHECK_THAT(as_json(bomb), Catch::Contains("more than 200000 values"));
  }
  SECTION("a bomb of one long text") {
    std::string bomb = fmt::format("- &a {:x<1000000}\n", "");
    for (int i = 0; i < 1000; ++i) bomb += "- *a\n";
    CHECK_THAT(as_json(bomb), Catch::Contains("aliases make too much text"));
  }
  SECTION("merges count as well") {
    std::string bomb = "- &a {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8}\n";
    for (int i = 0; i < 100; ++i) bomb += "- {<<: *a}\n";
    CHECK_FALSE(yaml_to_json(bomb, {.max_nodes = 500}));
  }
}

TEST_CASE("every cut and every byte flip of a document ends", "[codec][yaml]") {
  const std::string text =
      "%YAML 1.1\n---\na: &x [1, \"two\", {b: c}]\n? d\n: |\n  e\nf: *x\n<<: {g: !!str 1}\n---\n- "
      "h\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const auto cut = yaml_to_json(text.substr(0, at));
    CHECK((cut || cut.error().message.starts_with("line ")));
    for (const char c : std::string("[]{},:&*!|>'\"%@`?-#\n\t \\\xFF")) {
      std::string changed = text;
      if (at < text.size()) changed[at] = c;
      const auto parsed = yaml_to_json(changed);
      CHECK((parsed || parsed.error().message.starts_with("line ")));
    }
  }
}
