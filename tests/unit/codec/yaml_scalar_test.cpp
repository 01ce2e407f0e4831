// SPDX-License-Identifier: Apache-2.0
// Expected values come from kubectl 1.32 (annotate --local -o json), which reads YAML by
// sigs.k8s.io/yaml.
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "codec/yaml.h"

using namespace bso;
using namespace bso::codec;
using nlohmann::json;

namespace {

Result<json> value_of(const std::string& scalar) {
  auto document = yaml_document_to_json("v: " + scalar + "\n");
  if (!document) return fail(document.error());
  return (*document)["v"];
}

}  // namespace

TEST_CASE("scalars mean what they mean to Kubernetes", "[codec][yaml]") {
  const auto [scalar, wanted] = GENERATE(table<std::string, std::string>({
      {"y", "true"},
      {"Y", "true"},
      {"yes", "true"},
      {"YES", "true"},
      {"on", "true"},
      {"On", "true"},
      {"true", "true"},
      {"TRUE", "true"},
      {"n", "false"},
      {"No", "false"},
      {"off", "false"},
      {"OFF", "false"},
      {"tRue", "\"tRue\""},
      {"yEs", "\"yEs\""},
      {"", "null"},
      {"~", "null"},
      {"null", "null"},
      {"Null", "null"},
      {"NULL", "null"},
      {"nULL", "\"nULL\""},
      {"\"y\"", "\"y\""},
      {"'on'", "\"on\""},
      {"\"\"", "\"\""},
      {"'~'", "\"~\""},
      {"\"8080\"", "\"8080\""},
      {"'0644'", "\"0644\""},
      {"0", "0"},
      {"00", "0"},
      {"5", "5"},
      {"+5", "5"},
      {"-5", "-5"},
      {"-0", "0"},
      {"0777", "511"},
      {"-0777", "-511"},
      {"0o777", "511"},
      {"0O17", "15"},
      {"0x1F", "31"},
      {"0X1f", "31"},
      {"+0x10", "16"},
      {"0b11", "3"},
      {"-0b11", "-3"},
      {"0B1", "1"},
      {"08", "8"},
      {"09.5", "9.5"},
      {"0_7", "7"},
      {"1_000", "1000"},
      {"1__0", "10"},
      {"1_", "1"},
      {"_1", "\"_1\""},
      {"0x", "\"0x\""},
      {"0o", "\"0o\""},
      {"0xg", "\"0xg\""},
      {"0x1FFFFFFFFFFFFFFFFF", "\"0x1FFFFFFFFFFFFFFFFF\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"1.0", "1"},
      {"1.", "1"},
      {"1e3", "1000"},
      {"1.e3", "1000"},
      {".5", "0.5"},
      {"+.5", "0.5"},
      {"0.5", "0.5"},
      {"0e0", "0"},
      {"-0.0", "0"},
      {"0.1", "0.1"},
      {".1e3", "100"},
      {"-1.5e-1", "-0.15"},
      {"123456789012", "123456789012"},
      {"1e-400", "0"},
      {"1e400", "\"1e400\""},
      {"1E5", "100000"},
      {"1e", "\"1e\""},
      {"1e+", "\"1e+\""},
      {".", "\".\""},
      {"+", "\"+\""},
      {"._5", "\"._5\""},
      {".0x1p4", "\".0x1p4\""},
      {"1.2.3", "\"1.2.3\""},
      {"1:30", "\"1:30\""},
      {"10.0.0.1", "\"10.0.0.1\""},
      {"2001-01-01", "\"2001-01-01\""},
      {"2001-01-01T00:00:00Z", "\"2001-01-01T00:00:00Z\""},
      {"1Gi", "\"1Gi\""},
      {"100m", "\"100m\""},
      {"-x", "\"-x\""},
      {"infinity", "\"infinity\""},
      {"nan", "\"nan\""},
      {"=", "\"=\""},
      {"!!str 5", "\"5\""},
      {"! 5", "\"5\""},
      {"!!str", "\"\""},
      {"!!str ~", "\"~\""},
      {"!!int \"5\"", "5"},
      {"!!int 0x10", "16"},
      {"!!float 1", "1"},
      {"!!float \"1.5\"", "1.5"},
      {"!!float 5_0", "50"},
      {"!!bool \"yes\"", "true"},
      {"!!null \"\"", "null"},
      {"!!null", "null"},
      {"!foo 5", "\"5\""},
      {"!!foo 5", "\"5\""},
      {"!!timestamp 2001-01-01", "\"2001-01-01\""},
      {"|\n  yes\n", "\"yes\\n\""},
      {">-\n  1\n  2\n", "\"1 2\""},
  }));
  CAPTURE(scalar);
  const auto value = value_of(scalar);
  REQUIRE(value);
  CHECK(value->dump() == wanted);
}

TEST_CASE("scalars that JSON cannot have are refused", "[codec][yaml]") {
  const auto [scalar, message] = GENERATE(table<std::string, std::string>({
      {".inf", ".inf has no JSON form"},
      {"-.INF", "-.INF has no JSON form"},
      {"+.Inf", "+.Inf has no JSON form"},
      {".NaN", ".NaN has no JSON form"},
      {"!!binary aGk=", "!!binary"},
      {"!!int abc", "\"abc\" is not a !!int"},
      {"!!int 1.0", "\"1.0\" is not a !!int"},
      {"!!bool 1", "\"1\" is not a !!bool"},
      {"!!null x", "\"x\" is not a !!null"},
      {"!!float x", "\"x\" is not a !!float"},
      {"!!timestamp 5", "\"5\" is not a !!timestamp"},
  }));
  CAPTURE(scalar);
  const auto value = value_of(scalar);
  REQUIRE_FALSE(value);
  CHECK_THAT(value.error().message, Catch::StartsWith("line 1: "));
  CHECK_THAT(value.error().message, Catch::Contains(message));
}

TEST_CASE("keys become text", "[codec][yaml]") {
  const auto [key, wanted] = GENERATE(table<std::string, std::string>({
      {"a", "a"},
      {"1", "1"},
      {"0x10", "16"},
      {"true", "true"},
      {"on", "true"},
      {"n", "false"},
      {"1.5", "1.5"},
      {"0.1", "0.1"},
      {"1e6", "1e+06"},
      {"1e5", "100000"},
      {"0.0001", "0.0001"},
      {"0.00001", "1e-05"},
      {"1e39", ".inf"},  // beyond a float, which keys are printed as
      {"-1e39", "-.inf"},
      {"1e-60", "0"},
      {"\"on\"", "on"},
      {"'1'", "1"},
      {"2001-01-01", "2001-01-01"},
      {"-1", "-1"},
      {"\"\"", ""},
      {"\"<<\"", "<<"},
  }));
  CAPTURE(key);
  const auto document = yaml_document_to_json("{" + key + ": x}");
  REQUIRE(document);
  REQUIRE(document->size() == 1);
  CHECK(document->begin().key() == wanted);
}
