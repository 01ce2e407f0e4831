// SPDX-License-Identifier: Apache-2.0
// Lists that come as a stream. The cases of client-go (tools/cache/reflector_watchlist_test.go,
// TestWatchList) are the sections of the first test, under their names.
#include <catch2/catch.hpp>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

namespace {

constexpr const char* kStream = "watch rv= NotOlderThan initial";

struct StreamBench : Bench {
  StreamBench() { options.stream_lists = true; }

  /// Of a stream that stays open; then stops.
  void check_not_synced_by(Answer open) {
    open.hang = true;
    wire.script = {std::move(open)};
    start();
    loop.run_for(20ms);
    CHECK_FALSE(reflector->synced());
    stop.request();
    loop.run_for(kLongest);
  }
};

}  // namespace

TEST_CASE("WatchList", "[upstream][reflector]") {
  StreamBench bench;
  SECTION("the reflector won't be synced if the bookmark event has been received") {
    Answer open = watch({event("ADDED", thing("p1", "1"))});
    bench.check_not_synced_by(std::move(open));
    CHECK(bench.names().empty());
    CHECK(bench.requests() == Lines{kStream});
  }
  SECTION("the reflector uses the old LIST/WATCH semantics if the UseWatchList is turned off") {
    bench.options.stream_lists = false;
    bench.wire.script = {list("1", {thing("p1", "1")})};
    bench.run();
    CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=1"});
    CHECK(bench.names() == "p1@1 ");
  }
  SECTION("returning any other error than apierrors.NewInvalid forces fallback") {
    bench.wire.script = {refusal(500, "InternalError", "dummy error"),
                         list("1", {thing("p1", "1")}), watch({event("ADDED", thing("p2", "2"))})};
    bench.run();
    CHECK(bench.requests() == Lines{kStream, "list rv=0 limit=500", "watch rv=1", "watch rv=2"});
    CHECK(bench.names() == "p1@1 p2@2 ");
  }
  SECTION(
      "the reflector can fall back to old LIST/WATCH semantics when a server doesn't support "
      "streaming") {
    bench.wire.script = {refusal(422, "Invalid", "resourceVersionMatch is forbidden for watch"),
                         list("1", {thing("p1", "1")}), watch_error(410, "Expired"),
                         list("2", {thing("p1", "1")})};
    bench.run();
    // Once is enough: it is not tried again.
    CHECK(bench.requests() == Lines{kStream, "list rv=0 limit=500", "watch rv=1",
                                    "list rv=1 NotOlderThan", "watch rv=2"});
    CHECK(bench.errors.empty());  // an expected answer is no trouble
  }
  SECTION("prove that the reflector is synced after receiving a bookmark event") {
    bench.wire.script = {watch(
        {event("ADDED", thing("p1", "1")), event("ADDED", thing("p2", "2")), initial_end("2")})};
    bench.run();
    CHECK(bench.reflector->synced());
    CHECK(bench.names() == "p1@1 p2@2 ");
    CHECK(bench.requests() == Lines{kStream, "watch rv=2"});
  }
  SECTION(
      "check if Updates and Deletes events are propagated during streaming (until the bookmark is "
      "received)") {
    bench.wire.script = {
        watch({event("ADDED", thing("p1", "1")), event("ADDED", thing("p2", "2")),
               event("MODIFIED", thing("p1", "3")), event("ADDED", thing("p3", "4")),
               event("DELETED", thing("p3", "5")), initial_end("5")})};
    bench.run();
    CHECK(bench.names() == "p1@3 p2@2 ");
  }
  SECTION("checks if the reflector retries 429") {
    bench.wire.script = {refusal(429, "TooManyRequests"), refusal(429, "TooManyRequests"),
                         watch({event("ADDED", thing("p1", "1")), initial_end("2")})};
    bench.run();
    CHECK(bench.requests() == Lines{kStream, kStream, kStream, "watch rv=2"});
    CHECK(bench.pauses.size() == 2);
  }
  SECTION("check if stopping a watcher before sync results in creating a new watch-list request") {
    bench.wire.script = {watch({event("ADDED", thing("p1", "1"))}),
                         watch({event("ADDED", thing("p1", "1")), initial_end("1")})};
    bench.run();
    CHECK(bench.requests() == Lines{kStream, kStream, "watch rv=1"});
    CHECK(bench.names() == "p1@1 ");
  }
  SECTION("stopping a watcher after synchronization results in creating a new watch request") {
    bench.wire.script = {watch({event("ADDED", thing("p1", "1")), event("ADDED", thing("p2", "2")),
                                initial_end("2"), event("ADDED", thing("p3", "3"))}),
                         watch({event("ADDED", thing("p4", "4"))})};
    bench.run();
    CHECK(bench.requests() == Lines{kStream, "watch rv=3", "watch rv=4"});
    CHECK(bench.names() == "p1@1 p2@2 p3@3 p4@4 ");
  }
  SECTION("expiring an established watcher results in returning an error from the reflector") {
    bench.wire.script = {watch({event("ADDED", thing("p1", "1")), initial_end("2"),
                                event("ADDED", thing("p3", "3"))}),
                         refusal(410, "Expired", "rv already expired")};
    bench.run();
    CHECK(bench.requests() == Lines{kStream, "watch rv=3", "watch rv=3 NotOlderThan initial"});
    CHECK(bench.names() == "p1@1 p3@3 ");
    CHECK(bench.errors.empty());  // routine for one who resumes
  }
  SECTION("prove that the reflector is checking the value of the initialEventsEnd annotation") {
    Answer open = watch({event("ADDED", thing("p1", "1")), initial_end("2", "false")});
    bench.check_not_synced_by(std::move(open));
  }
}

TEST_CASE("a streamed list that is cut loses nothing that is held", "[reflector]") {
  StreamBench bench;
  bench.wire.script = {
      watch({event("ADDED", thing("a", "1")), event("ADDED", thing("b", "2")), initial_end("5")}),
      refusal(410, "Expired"), watch({event("ADDED", thing("a", "1"))})};
  bench.run();
  CHECK(bench.names() == "a@1 b@2 ");
  CHECK(bench.changes == Lines{"a@1", "b@2"});
  // From scratch, not from the version of the last ADDED: those come in no order.
  CHECK(bench.requests().back() == "watch rv=5 NotOlderThan initial");
}

TEST_CASE("what a streamed list lacks is gone", "[reflector]") {
  StreamBench bench;
  bench.wire.script = {
      watch({event("ADDED", thing("a", "1")), event("ADDED", thing("b", "2")), initial_end("5")}),
      refusal(410, "Expired"), watch({event("ADDED", thing("b", "2")), initial_end("9")})};
  bench.run();
  CHECK(bench.names() == "b@2 ");
}

TEST_CASE("a server that never ends a streamed list is asked by LIST instead", "[reflector]") {
  StreamBench bench;
  SECTION("it goes silent") {
    Answer silent = watch({event("ADDED", thing("a", "1"))});
    silent.silent = true;
    bench.wire.script = {silent, list("3", {thing("a", "1")})};
    bench.run();
    CHECK(bench.requests() == Lines{kStream, "list rv=0 limit=500", "watch rv=3"});
    CHECK(bench.wire.idles[0] == 30s);
  }
  SECTION("it is cut time after time") {
    const auto cut = watch({event("ADDED", thing("a", "1"))});
    bench.wire.script = {cut, cut, cut, list("3", {thing("a", "1")})};
    bench.run();
    CHECK(bench.requests() ==
          Lines{kStream, kStream, kStream, "list rv=0 limit=500", "watch rv=3"});
  }
  CHECK(bench.names() == "a@1 ");
}

TEST_CASE("a streamed list from a version that is not there is taken as of now", "[reflector]") {
  StreamBench bench;
  bench.options.floor = [] { return "70"; };
  const auto [code, reason, details] = GENERATE(table<int, std::string, std::string>(
      {{410, "Expired", "{}"},
       {504, "Timeout", R"({"causes":[{"reason":"ResourceVersionTooLarge"}]})"}}));
  bench.wire.script = {refusal(code, reason, "", details),
                       watch({event("ADDED", thing("a", "1")), initial_end("71")})};
  bench.run();
  CHECK(bench.requests() == Lines{"watch rv=70 NotOlderThan initial", kStream, "watch rv=71"});
}
