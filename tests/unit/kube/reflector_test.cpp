// SPDX-License-Identifier: Apache-2.0
// The reflector against a scripted wire: what a real API server cannot be made to say on demand.
#include "kube/reflector.h"

#include <catch2/catch.hpp>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

TEST_CASE("a list, then events however they are cut into chunks") {
  const std::string events = event("ADDED", thing("b", "11")) +
                             event("MODIFIED", thing("a", "12")) +
                             event("DELETED", thing("b", "13"));
  for (std::size_t size = 1; size < events.size(); size += 7) {
    Bench bench;
    Answer watch;
    for (std::size_t at = 0; at < events.size(); at += size) {
      watch.chunks.push_back(events.substr(at, size));
    }
    bench.wire.script = {list("10", {thing("a", "5")}), watch};
    bench.run();
    INFO("chunks of " << size);
    CHECK(bench.names() == "a@12 ");
    REQUIRE(bench.wire.targets.size() == 3);
    CHECK(bench.wire.targets[0].find("resourceVersion=0&limit=500") != std::string::npos);
    CHECK(bench.wire.targets[1].find("watch=true&resourceVersion=10&") != std::string::npos);
    CHECK(bench.wire.targets[2].find("watch=true&resourceVersion=13&") != std::string::npos);
  }
}

TEST_CASE("pages are one list, and what a relist lacks is gone") {
  Bench bench;
  Answer expired;
  expired.chunks = {event("ERROR", R"({"kind":"Status","reason":"Expired","code":410})")};
  bench.wire.script = {list("10", {thing("a", "1")}, "next page"), list("10", {thing("b", "2")}),
                       expired, list("20", {thing("b", "15")})};
  bench.run();
  CHECK(bench.names() == "b@15 ");
  REQUIRE(bench.wire.targets.size() == 5);
  CHECK(bench.wire.targets[1].find("continue=next%20page") != std::string::npos);
  CHECK(bench.wire.targets[1].find("resourceVersion") == std::string::npos);
  CHECK(bench.wire.targets[3].find("resourceVersion=10&resourceVersionMatch=NotOlderThan") !=
        std::string::npos);
}

TEST_CASE("a list that breaks off changes nothing") {
  Bench bench;
  Answer expired;
  expired.chunks = {event("ERROR", R"({"kind":"Status","reason":"Expired","code":410})")};
  Answer half = list("20", {thing("c", "15")});
  half.chunks[0].resize(half.chunks[0].size() / 2);
  half.cut = true;
  Answer half_clean = half;
  half_clean.cut = false;  // a proxy that ends the body politely in the middle
  bench.wire.script = {list("10", {thing("a", "1")}), expired, half, half_clean};
  bench.run();
  CHECK(bench.names() == "a@1 ");
  CHECK(bench.errors.size() == 2);
}

TEST_CASE("what cannot be read is skipped and does not end the watch") {
  Bench bench;
  Answer watch;
  watch.chunks = {event("ADDED", R"({"kind":"Thing","metadata":{}})"),
                  event("PLANNED", thing("x", "11")),
                  event("ADDED", "7"),
                  event("ADDED", thing("b", "12")),
                  "\n\r\n",
                  event("BOOKMARK", R"({"kind":"Thing","metadata":{"resourceVersion":"30"}})")};
  bench.wire.script = {list("10", {}), watch};
  bench.run();
  CHECK(bench.names() == "b@12 ");
  CHECK(bench.wire.targets.back().find("resourceVersion=30&") != std::string::npos);
}

TEST_CASE("bytes that are no JSON end the stream, with one relist") {
  Bench bench;
  Answer watch;
  watch.chunks = {event("ADDED", thing("b", "12")), "{\"type\":\n"};
  bench.wire.script = {list("10", {}), watch, list("14", {thing("b", "12"), thing("c", "14")})};
  bench.run();
  CHECK(bench.names() == "b@12 c@14 ");
  CHECK(bench.errors.size() == 1);
}

TEST_CASE("a cut stream resumes after the last event that was applied") {
  Bench bench;
  Answer watch;
  watch.chunks = {event("ADDED", thing("b", "12")), event("ADDED", thing("c", "13")).substr(0, 40)};
  watch.cut = true;
  bench.wire.script = {list("10", {}), watch};
  bench.run();
  CHECK(bench.names() == "b@12 ");
  CHECK(bench.wire.targets.back().find("watch=true&resourceVersion=12&") != std::string::npos);
}

TEST_CASE("HTML from a proxy is an error with its words, and is tried again") {
  Bench bench;
  Answer html;
  html.status = 503;
  html.content_type = "text/html";
  html.chunks = {"<html>Service Unavailable</html>"};
  Answer polite = html;
  polite.status = 200;
  bench.wire.script = {html, polite, list("10", {thing("a", "1")})};
  bench.run();
  CHECK(bench.names() == "a@1 ");
  REQUIRE(bench.errors.size() == 2);
  CHECK(bench.errors[0].find("Service Unavailable") != std::string::npos);
}
