// SPDX-License-Identifier: Apache-2.0
// client-go's cases for its reflector (tools/cache/reflector_test.go), under their names.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

TEST_CASE("CloseWatchChannelOnError", "[upstream][reflector]") {
  Bench bench;
  // What comes after an ERROR on the same stream is not looked at.
  bench.wire.script = {list("1", {}),
                       watch({event("ERROR", R"({"kind":"Thing","metadata":{"name":"bar"}})"),
                              event("ADDED", thing("late", "2"))})};
  bench.run();
  CHECK(bench.names().empty());
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=1", "list rv=1 NotOlderThan"});
}

TEST_CASE("RunUntil", "[upstream][reflector]") {
  Bench bench;
  Answer open = watch({event("ADDED", thing("bar", "2"))});
  open.hang = true;
  bench.wire.script = {list("1", {}), open};
  bench.on_change = [&](const Document&) { bench.stop.request(); };
  bench.run();  // ends although the stream does not
  CHECK(bench.names() == "bar@2 ");
  CHECK(bench.wire.targets.size() == 2);
}

TEST_CASE("ReflectorWatchStoppedBefore", "[upstream][reflector]") {
  Bench bench;
  bench.stop.request();
  bench.run();
  CHECK(bench.wire.targets.empty());
}

TEST_CASE("ReflectorWatchStoppedAfter", "[upstream][reflector]") {
  Bench bench;
  Answer open;
  open.hang = true;
  bench.wire.script = {list("1", {}), open};
  bench.start();
  bench.loop.run_for(20ms);
  REQUIRE_FALSE(bench.loop.stopped());
  bench.stop.request();
  bench.loop.run_for(kLongest);
  CHECK(bench.loop.stopped());
}

TEST_CASE("ReflectorHandleWatchResultChanClosedBefore", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("1", {}), watch({})};
  bench.run();
  CHECK(bench.reflector->stats().short_watches == 1);
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=1", "list rv=1 NotOlderThan"});
  CHECK(bench.pauses.size() == 1);  // never a hot loop
}

TEST_CASE("ReflectorHandleWatchResultChanClosedAfter", "[upstream][reflector]") {
  Bench bench;
  Answer closed;
  closed.cut = true;
  bench.wire.script = {list("1", {}), closed};
  bench.run();
  CHECK(bench.reflector->stats().short_watches == 1);
  CHECK(bench.requests().back() == "list rv=1 NotOlderThan");
}

TEST_CASE("ReflectorWatchHandler", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {
      list("10", {thing("foo", "1"), thing("bar", "2")}),
      watch({event("ADDED", R"({"kind":"Service","metadata":{"name":"rejected"}})"),
             event("DELETED", thing("foo", "30")), event("MODIFIED", thing("bar", "32")),
             event("ADDED", thing("baz", "55"))})};
  bench.run();
  CHECK(bench.names() == "bar@32 baz@55 ");
  CHECK(bench.reflector->last_resource_version() == "55");
  // Where upstream resumes its watch, a list makes up for the event that was rejected.
  CHECK(bench.requests().back() == "list rv=55 NotOlderThan");
  CHECK(bench.reflector->stats().skipped == 1);
}

TEST_CASE("ReflectorListAndWatch", "[upstream][reflector]") {
  Bench bench;
  const std::vector<std::string> events{
      event("MODIFIED", thing("foo", "2")), event("ADDED", thing("bar", "3")),
      event("ADDED", thing("baz", "4")), event("ADDED", thing("qux", "5")),
      event("ADDED", thing("zoo", "6"))};
  SECTION("UseWatchList enabled") {
    bench.options.stream_lists = true;
    auto all = events;
    all.insert(all.begin(), {event("ADDED", thing("foo", "1")), initial_end("1")});
    bench.wire.script = {watch(all)};
    bench.run();
    CHECK(bench.requests() == Lines{"watch rv= NotOlderThan initial", "watch rv=6"});
  }
  SECTION("UseWatchList disabled") {
    bench.wire.script = {list("1", {thing("foo", "1")}), watch(events)};
    bench.run();
    CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=1", "watch rv=6"});
  }
  CHECK(bench.names() == "bar@3 baz@4 foo@2 qux@5 zoo@6 ");
}

TEST_CASE("ReflectorListAndWatchWithErrors", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {
      list("1", {}),
      watch({event("ADDED", thing("foo", "2")), event("ADDED", thing("bar", "3"))}),
      refusal(500, "InternalError", "a watch error"),
      list("3", {thing("foo", "2"), thing("bar", "3")}),
      watch({event("DELETED", thing("foo", "4")), event("ADDED", thing("qux", "5"))}),
      refusal(500, "InternalError", "a watch error"),
      refusal(500, "InternalError", "a list error"),
      list("5", {thing("bar", "3"), thing("qux", "5")}),
      watch({event("ADDED", thing("baz", "6"))}),
  };
  bench.run();
  CHECK(bench.names() == "bar@3 baz@6 qux@5 ");
  CHECK(bench.errors.size() == 3);
  CHECK(bench.requests()[6] == "list rv=5 NotOlderThan");
}

TEST_CASE("ReflectorListAndWatchInitConnBackoff", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("1", {})};
  for (int i = 0; i < 8; ++i) bench.wire.script.push_back(refused(ErrorKind::network, false));
  bench.run();
  using std::chrono::milliseconds;
  CHECK(bench.pauses ==
        std::vector<milliseconds>{800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30s, 30s});
  CHECK(bench.reflector->stats().lists == 1);  // the place in the watch is kept
  CHECK(bench.requests().back() == "watch rv=1");
}

TEST_CASE("BackoffOnTooManyRequests", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("1", {}), refusal(429, "TooManyRequests"),
                       watch_error(429, "TooManyRequests")};
  bench.run();
  CHECK(bench.pauses.size() == 2);
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=1", "watch rv=1", "watch rv=1"});
}

TEST_CASE("NoRelistOnTooManyRequests", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("1", {})};
  for (int i = 0; i < 4; ++i) bench.wire.script.push_back(refusal(429, "TooManyRequests"));
  bench.run();
  CHECK(bench.reflector->stats().lists == 1);
  CHECK(bench.reflector->stats().watches == 5);
}

TEST_CASE("RetryInternalError", "[upstream][reflector]") {
  // client-go's default: an InternalError in the stream is not retried but relisted.
  Bench bench;
  bench.wire.script = {list("1", {}), watch_error(500, "InternalError"), list("2", {}),
                       watch_error(500, "InternalError")};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=1", "list rv=1 NotOlderThan",
                                  "watch rv=2", "list rv=2 NotOlderThan"});
  CHECK(bench.pauses.size() == 2);
}

TEST_CASE("ReflectorWatchListPageSize", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1"), thing("b", "2")}, "C1"),
                       list("10", {thing("c", "3")}, "C2"), list("10", {thing("d", "4")})};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "list continue=C1 limit=500",
                                  "list continue=C2 limit=500", "watch rv=10"});
  CHECK(bench.names() == "a@1 b@2 c@3 d@4 ");
}

TEST_CASE("ReflectorNotPaginatingNotConsistentReads", "[upstream][reflector]") {
  Bench bench;
  bench.options.floor = [] { return "10"; };
  bench.wire.script = {list("10", {thing("a", "1")})};
  bench.run();
  CHECK(bench.requests().front() == "list rv=10 NotOlderThan");
}

TEST_CASE("ReflectorPaginatingNonConsistentReadsIfWatchCacheDisabled", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1")}, "C1"), list("10", {thing("b", "2")}),
                       watch_error(410, "Expired"), list("12", {thing("a", "1")}, "C2"),
                       list("12", {thing("b", "2")})};
  bench.run();
  const auto requests = bench.requests();
  REQUIRE(requests.size() == 6);
  CHECK(requests[3] == "list rv=10 NotOlderThan limit=500");
  CHECK(requests[4] == "list continue=C2 limit=500");
  CHECK(bench.names() == "a@1 b@2 ");
}

TEST_CASE("ReflectorResyncWithResourceVersion", "[upstream][reflector]") {
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1")}), watch_error(500, "InternalError"),
                       list("11", {thing("a", "1"), thing("b", "2")})};
  bench.run();
  CHECK(bench.requests()[2] == "list rv=10 NotOlderThan");
  CHECK(bench.names() == "a@1 b@2 ");
}

TEST_CASE("ReflectorExpiredExactResourceVersion", "[upstream][reflector]") {
  const std::string reason = GENERATE("Expired", "Gone");
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1")}), watch_error(500, "InternalError"),
                       refusal(410, reason), list("11", {thing("a", "1"), thing("b", "2")})};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=10", "list rv=10 NotOlderThan",
                                  "list rv= limit=500", "watch rv=11"});
  CHECK(bench.names() == "a@1 b@2 ");
  CHECK(bench.pauses.size() == 1);  // for the InternalError; the quorum list follows at once
}

TEST_CASE("ReflectorFullListIfExpired", "[upstream][reflector]") {
  Bench bench;
  bench.options.paged = true;
  bench.wire.script = {list("10", {thing("a", "1")}), watch_error(500, "InternalError"),
                       list("11", {thing("a", "1")}, "C1"), refusal(410, "Expired"),
                       list("11", {thing("a", "1"), thing("b", "2")})};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=10",
                                  "list rv=10 NotOlderThan limit=500", "list continue=C1 limit=500",
                                  "list rv=10 NotOlderThan", "watch rv=11"});
  CHECK(bench.names() == "a@1 b@2 ");
}

TEST_CASE("ReflectorFullListIfTooLarge", "[upstream][reflector]") {
  Bench bench;
  const auto too_large = [](const std::string& message, const std::string& causes) {
    return refusal(504, "Timeout", message, R"({"causes":[)" + causes + "]}");
  };
  const auto again = watch_error(500, "InternalError");
  bench.wire.script = {
      list("20", {}),
      again,
      too_large("too large resource version", R"({"reason":"ResourceVersionTooLarge"})"),
      list("30", {}),
      again,  // as 1.17.0 to 1.18.5 say it
      too_large("too large resource version", R"({"message":"Too large resource version"})"),
      list("40", {}),
      again,  // as servers before 1.17.0 say it
      too_large("Too large resource version", ""),
      list("50", {})};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=20", "list rv=20 NotOlderThan",
                                  "list rv= limit=500", "watch rv=30", "list rv=30 NotOlderThan",
                                  "list rv= limit=500", "watch rv=40", "list rv=40 NotOlderThan",
                                  "list rv= limit=500", "watch rv=50"});
}

TEST_CASE("WatchTimeout", "[upstream][reflector]") {
  const auto [minimum, chance, expected] = GENERATE(table<int, double, std::string>(
      {{300, 0.0, "300"}, {300, 0.999, "599"}, {1800, 0.5, "2700"}}));
  Bench bench;
  bench.options.min_watch_timeout = std::chrono::seconds{minimum};
  bench.options.timing.random = [chance = chance] { return chance; };
  bench.wire.script = {list("10", {})};
  bench.run();
  CHECK(parameter(bench.wire.targets.back(), "timeoutSeconds") == expected);
  // Silence beyond that and a margin is not waited out.
  CHECK(bench.wire.idles.back() == std::chrono::seconds{std::stoi(expected)} + 15s);
}

TEST_CASE("ReflectorResourceVersionUpdate", "[upstream][reflector]") {
  Bench bench;
  const std::vector<std::string> events{event("ADDED", thing("a", "10")),
                                        event("MODIFIED", thing("a", "20")), bookmark("30"),
                                        event("DELETED", thing("a", "40"))};
  const auto told = GENERATE(std::size_t{1}, 2U, 3U, 4U);
  const std::vector<std::string> versions{"10", "20", "30", "40"};
  bench.wire.script = {list("9", {}),
                       watch({events.begin(), events.begin() + static_cast<std::ptrdiff_t>(told)})};
  bench.run();
  CHECK(bench.reflector->last_resource_version() == versions[told - 1]);
}

TEST_CASE("ReflectorListExtract", "[upstream][reflector]") {
  Bench bench;
  for (int page = 0; page < 5; ++page) {
    std::vector<std::string> items;
    for (int i = 0; i < 100; ++i) items.push_back(thing(fmt::format("p{}-{}", page, i), "1"));
    bench.wire.script.push_back(list("9", items, page < 4 ? fmt::format("C{}", page) : ""));
  }
  bench.run();
  CHECK(bench.store.all().size() == 500);
  CHECK(bench.reflector->stats().listed_items == 500);
}

TEST_CASE("ReflectorReplacesStoreOnUnsafeDelete", "[upstream][reflector]") {
  Bench bench;
  const std::vector<std::string> pods{thing("foo-1", "1"), thing("foo-2", "2"),
                                      thing("foo-3", "3")};
  // The corrupt object was deleted at version 5; the watch can only say that it cannot tell.
  bench.wire.script = {list("3", pods),
                       watch_error(500, "StorageReadError", {event("ADDED", thing("foo", "4"))}),
                       list("5", pods)};
  bench.run();
  CHECK(bench.names() == "foo-1@1 foo-2@2 foo-3@3 ");
  CHECK(std::count(bench.changes.begin(), bench.changes.end(), "foo@4") == 2);  // came, and went
  CHECK(bench.reflector->last_resource_version() == "5");
}
