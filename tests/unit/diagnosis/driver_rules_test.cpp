// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/driver_rules.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "diagnosis/learned.h"

using namespace bso;
using namespace bso::diagnosis;
using Catch::Matchers::Contains;

TEST_CASE("What an administrator says of drivers and classes") {
  const auto rules = parse_driver_rules(
      "drivers:\n"
      "  new.example.com: single-pod\n"
      "  vendor/flex: not-exclusive\n"
      "storageClasses:\n"
      "  fast: single-node\n");
  REQUIRE(rules);
  CHECK(rules->drivers.size() == 2);
  CHECK(rules->drivers.at("new.example.com") == Granularity::single_pod);
  CHECK(rules->drivers.at("vendor/flex") == Granularity::not_exclusive);
  CHECK(rules->classes.at("fast") == Granularity::single_node);
}

TEST_CASE("Nothing said is no fault") {
  const auto text = GENERATE(as<std::string>{}, "", "# only words\n", "drivers:\n", "{}");
  const auto rules = parse_driver_rules(text);
  REQUIRE(rules);
  CHECK(*rules == DriverRules{});
}

TEST_CASE("Rules that cannot be read are refused as a whole, with the reason") {
  struct Row {
    const char* text;
    const char* reason;
  };
  const auto row = GENERATE(values<Row>({
      {"drivers: [a]", "drivers is not a map"},
      {"drivers:\n  a: single\n", "\"a\" is not single-pod, single-node or not-exclusive"},
      {"drivers:\n  a: 1\n", "\"a\""},
      {"drivers:\n  \"\": single-pod\n", "the rule of \"\""},
      {"driver:\n  a: single-pod\n", "\"driver\" is not drivers or storageClasses"},
      {"- a\n", "not one map"},
      {"drivers: {}\n---\ndrivers: {}\n", "not one map"},
      {"drivers:\n  a: single-pod\n  a: single-node\n", "line"},
      {"drivers:\n\ta: b\n", "line"},
  }));
  INFO(row.text);
  const auto rules = parse_driver_rules(row.text);
  REQUIRE_FALSE(rules);
  CHECK_THAT(rules.error().message, Contains(row.reason));
}

TEST_CASE("More rules than there are drivers are not read") {
  std::string text = "drivers:\n";
  for (std::size_t i = 0; i <= kMaxDriverRules; ++i) text += fmt::format("  d{}: single-pod\n", i);
  CHECK_FALSE(parse_driver_rules(text));
}

namespace {

Verdict observed(const std::string& ns, const std::string& driver) {
  Verdict verdict;
  verdict.ns = ns;
  verdict.driver = driver;
  verdict.pv = "pvc-1";
  verdict.semantics = {Granularity::single_pod, SemanticsSource::observed};
  verdict.confidence = Confidence::proven;
  return verdict;
}

constexpr WallTime kNow{std::chrono::hours{1000}};

}  // namespace

TEST_CASE("A proven refusal is remembered for a day, in its namespace") {
  LearnedRefusals learned;
  CHECK(learned.learn(observed("shop", "a"), kNow));
  CHECK_FALSE(learned.learn(observed("shop", "a"), kNow + std::chrono::hours{1}));
  CHECK(learned.pairs() == LearnedRefusals::Pairs{{"shop", "a"}});
  CHECK_FALSE(learned.forget(kNow + LearnedRefusals::kLifetime));
  CHECK(learned.forget(kNow + LearnedRefusals::kLifetime + std::chrono::hours{1}));
  CHECK(learned.pairs().empty());
}

TEST_CASE("What is not proven, or known anyway, teaches nothing") {
  LearnedRefusals learned;
  auto verdict = observed("shop", "a");
  SECTION("inferred") { verdict.confidence = Confidence::inferred; }
  SECTION("known") { verdict.semantics.source = SemanticsSource::built_in_table; }
  SECTION("inline") { verdict.pv.clear(); }
  CHECK_FALSE(learned.learn(verdict, kNow));
  CHECK(learned.pairs().empty());
}

TEST_CASE("What is learned is bounded; the oldest goes first") {
  LearnedRefusals learned;
  for (std::size_t i = 0; i <= LearnedRefusals::kMost; ++i) {
    learned.learn(observed("shop", fmt::format("d{}", i)),
                  kNow + std::chrono::seconds{static_cast<int>(i)});
  }
  CHECK(learned.pairs().size() == LearnedRefusals::kMost);
  CHECK_FALSE(learned.pairs().contains({"shop", "d0"}));
}
