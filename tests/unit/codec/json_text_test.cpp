// SPDX-License-Identifier: Apache-2.0
#include "codec/json_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso::codec;

namespace {

std::string in_json(std::string_view text) { return JsonText().value(text).take(); }

}  // namespace

TEST_CASE("Objects and arrays in one another", "[codec]") {
  JsonText text;
  text.begin_object().member("a", true).key("b").begin_array();
  text.begin_object().end_object().begin_object().member("c", 1).end_object().value("d").null();
  text.end_array().member("e", std::vector<std::string>{}).member("f", -7);
  text.key("g").begin_object().end_object().end_object();
  CHECK(text.take() == R"({"a":true,"b":[{},{"c":1},"d",null],"e":[],"f":-7,"g":{}})");
  CHECK(JsonText().value(std::vector<std::string>{"x", "y"}).take() == R"(["x","y"])");
}

TEST_CASE("Texts are escaped as a document's are", "[codec]") {
  std::vector<std::string> texts{
      "",  "plain", "\"", "\\", "a\"b\\c\"", "\n",  std::string("\0x", 2),
      "é", "\x7f",  "😀",  "/",  "\xff\xfe",  "\xc3"};
  for (int c = 0; c < 256; ++c) texts.emplace_back(3, static_cast<char>(c));
  for (const auto& text : texts) {
    const auto replace = nlohmann::json::error_handler_t::replace;
    CHECK(in_json(text) == nlohmann::json(text).dump(-1, ' ', true, replace));
  }
  CHECK(JsonText().begin_object().member("ké\"y", "v").end_object().take() ==
        nlohmann::json({{"ké\"y", "v"}}).dump(-1, ' ', true));
}
