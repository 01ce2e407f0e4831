// SPDX-License-Identifier: Apache-2.0
#include "runtime/health.h"

#include <catch2/catch.hpp>

using namespace bso::runtime;

namespace {

Health health(bool second_fails) {
  Health made("readyz");
  made.add("one", []() -> std::optional<std::string> { return std::nullopt; });
  made.add("two", [second_fails]() -> std::optional<std::string> {
    if (second_fails) return "no answer";
    return std::nullopt;
  });
  return made;
}

}  // namespace

TEST_CASE("all is well: one word, or one line a check") {
  CHECK(health(false).report().text == "ok\n");
  CHECK(health(false).report({}, true).text == "[+]one ok\n[+]two ok\nreadyz check passed\n");
  CHECK(health(false).report().ok);
}

TEST_CASE("what is wrong is told whether asked for or not") {
  const auto verbose = GENERATE(false, true);
  const auto report = health(true).report({}, verbose);
  CHECK_FALSE(report.ok);
  CHECK(report.text == "[+]one ok\n[-]two failed: no answer\nreadyz check failed\n");
}

TEST_CASE("checks can be left out by name, and a name that is none is told") {
  const auto report = health(true).report({"two"}, true);
  CHECK(report.ok);
  CHECK(report.text == "[+]one ok\n[+]two excluded: ok\nreadyz check passed\n");
  CHECK(health(true).report({"two"}).text == "ok\n");
  const auto wrong = health(false).report({"three"}, true);
  CHECK(wrong.ok);
  CHECK_THAT(wrong.text, Catch::Contains("cannot be excluded: no matches for \"three\""));
}

TEST_CASE("one check alone") {
  CHECK(health(true).report_one("one")->ok);
  CHECK(health(true).report_one("one")->text == "ok\n");
  CHECK_FALSE(health(true).report_one("two")->ok);
  CHECK(health(true).report_one("two")->text == "no answer\n");
  CHECK_FALSE(health(true).report_one("three").has_value());
  CHECK_FALSE(health(true).report_one("").has_value());
}
