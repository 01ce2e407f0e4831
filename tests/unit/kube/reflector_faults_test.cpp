// SPDX-License-Identifier: Apache-2.0
// Servers that are sick, stale, busy or lying.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

TEST_CASE("410 anywhere is one relist, and what went in the gap is gone", "[reflector]") {
  const auto gone = event("ERROR", status_text(410, "Expired"));
  const auto added = event("ADDED", thing("c", "11"));
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1"), thing("b", "2")})};
  std::string last = "11";
  SECTION("as the status of the watch") {
    bench.wire.script.push_back(refusal(410, "Expired"));
    last = "10";
  }
  SECTION("as the first event") {
    bench.wire.script.push_back(watch({gone}));
    last = "10";
  }
  SECTION("as the first event, with events after it") {
    bench.wire.script.push_back(watch({gone + added}));
    last = "10";
  }
  SECTION("in the middle") { bench.wire.script.push_back(watch({added + gone + added})); }
  SECTION("as the last event") { bench.wire.script.push_back(watch({added, gone})); }
  SECTION("as the last event, before the connection breaks") {
    auto answer = watch({added, gone});
    answer.cut = true;
    bench.wire.script.push_back(answer);
  }
  bench.wire.script.push_back(list("20", {thing("b", "2"), thing("d", "15")}));
  bench.run();
  CHECK(bench.names() == "b@2 d@15 ");
  CHECK(bench.reflector->stats().lists == 2);
  CHECK(bench.requests()[2] == "list rv=" + last + " NotOlderThan");
  CHECK(bench.requests().back() == "watch rv=20");
}

TEST_CASE("410 on a later page is one full list; the picture stands until then", "[reflector]") {
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1")}),
                       watch_error(500, "InternalError"),
                       refusal(410, "Expired"),  // so the next list is paged
                       list("20", {thing("b", "2")}, "C1"),
                       refusal(410, "Expired"),
                       list("21", {thing("b", "2"), thing("c", "3")})};
  std::size_t lists_at_loss = 0;
  bench.on_change = [&](const Document& document) {
    if (document.name == "a") lists_at_loss = bench.wire.targets.size();
  };
  bench.run();
  CHECK(bench.names() == "b@2 c@3 ");
  CHECK(bench.requests()[4] == "list continue=C1 limit=500");
  CHECK(bench.requests()[5] == "list rv=");
  CHECK(lists_at_loss == 6);  // not before the last list was whole
}

TEST_CASE("a list that fails on a later page leaves everything as it was", "[reflector]") {
  Bench bench;
  bench.options.paged = true;
  auto cut = list("20", {thing("b", "2"), thing("c", "3")});
  cut.chunks[0].resize(cut.chunks[0].size() / 2);
  cut.cut = true;
  bench.wire.script = {list("10", {thing("a", "1"), thing("b", "1")}),
                       watch_error(500, "InternalError"),
                       list("20", {thing("b", "2")}, "C1"),
                       cut,
                       list("20", {thing("b", "2")}, "C1"),
                       refusal(500, "InternalError"),
                       list("20", {thing("b", "2")}, "C1"),
                       list("20", {}, "C1")};  // the same page for ever
  bench.run();
  CHECK(bench.names() == "a@1 b@1 ");
  CHECK(bench.changes == Lines{"a@1", "b@1"});
  CHECK(bench.errors.size() == 4);
}

TEST_CASE("the server's Retry-After is a lower bound of the pause", "[reflector]") {
  const auto later = [](int code, std::optional<std::chrono::seconds> retry_after) {
    auto answer = refusal(code, code == 429 ? "TooManyRequests" : "ServiceUnavailable");
    answer.retry_after = retry_after;
    return answer;
  };
  Bench bench;
  SECTION("of a LIST") {
    bench.wire.script = {later(429, 7s), later(503, 1s), later(429, std::nullopt),
                         later(500, 86400s)};
    bench.run();
    CHECK(bench.pauses == std::vector<std::chrono::milliseconds>{7s, 1600ms, 3200ms,
                                                                 transport::longest_retry_after});
  }
  SECTION("of a WATCH, whose place is kept") {
    bench.wire.script = {list("1", {}), later(429, 7s), later(503, 5s), later(500, 9s)};
    bench.run();
    CHECK(bench.pauses == std::vector<std::chrono::milliseconds>{7s, 5s, 9s});
    CHECK(bench.reflector->stats().lists == 1);
  }
  SECTION("in the Status of an ERROR event") {
    auto error = status_text(429, "TooManyRequests", "", R"({"retryAfterSeconds":11})");
    bench.wire.script = {list("1", {}), watch({event("ERROR", error)})};
    bench.run();
    CHECK(bench.pauses == std::vector<std::chrono::milliseconds>{11s});
  }
}

TEST_CASE("a watch that is put off ten times is begun anew by a list", "[reflector]") {
  Bench bench;
  bench.wire.script = {list("1", {})};
  auto later = refusal(503, "ServiceUnavailable");
  later.retry_after = 1s;
  for (int i = 0; i < 10; ++i) bench.wire.script.push_back(later);
  bench.run();
  CHECK(bench.reflector->stats().watches == 10);
  CHECK(bench.requests().back() == "list rv=1 NotOlderThan");
}

TEST_CASE("a server that cannot be reached keeps the watch, whatever stands in the way",
          "[reflector]") {
  Bench bench;
  bench.wire.script = {list("1", {}), refused(ErrorKind::network, false),
                       refused(ErrorKind::timeout, false), refused(ErrorKind::tls, false)};
  bench.run();
  CHECK(bench.reflector->stats().lists == 1);
}

TEST_CASE("a list older than what was seen is not applied", "[reflector]") {
  Bench bench;
  bench.wire.script = {list("100", {thing("a", "90"), thing("b", "95")}),
                       watch_error(410, "Expired"), list("80", {thing("a", "60")}),
                       list("101", {thing("a", "90"), thing("b", "95")})};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=100", "list rv=100 NotOlderThan",
                                  "list rv= limit=500", "watch rv=101"});
  CHECK(bench.changes == Lines{"a@90", "b@95", "a@90", "b@95"});
  REQUIRE(bench.errors.size() == 1);
  CHECK(bench.errors[0].find("version 80 although 100") != std::string::npos);
}

TEST_CASE("versions are compared as numbers", "[reflector]") {
  Bench bench;
  bench.wire.script = {list("9", {}), watch_error(410, "Expired"), list("10", {thing("a", "10")})};
  bench.run();
  CHECK(bench.names() == "a@10 ");
}

TEST_CASE("an etcd that was restored from a backup is believed once a quorum read says so",
          "[reflector]") {
  Bench bench;
  bench.wire.script = {
      list("100", {thing("a", "90"), thing("new", "95")}), watch_error(410, "Expired"),
      refusal(504, "Timeout", "Too large resource version: 100, current: 80",
              R"({"causes":[{"reason":"ResourceVersionTooLarge"}]})"),
      list("80", {thing("a", "60")}), watch({event("MODIFIED", thing("a", "81"))})};
  bench.run();
  CHECK(bench.names() == "a@81 ");
  CHECK(bench.requests().back() == "watch rv=81");
}

TEST_CASE("a watch that goes back in time is broken off", "[reflector]") {
  Bench bench;
  bench.wire.script = {
      list("10", {}),
      watch({event("ADDED", thing("a", "12")), event("MODIFIED", thing("a", "11"))}),
      list("12", {thing("a", "12")})};
  bench.run();
  CHECK(bench.names() == "a@12 ");
  CHECK(std::count(bench.changes.begin(), bench.changes.end(), "a@11") == 0);
  CHECK(bench.requests()[2] == "list rv=12 NotOlderThan");
}

TEST_CASE("an event told twice is harmless", "[reflector]") {
  Bench bench;
  const auto added = event("ADDED", thing("a", "11"));
  const auto gone = event("DELETED", thing("a", "12"));
  bench.wire.script = {list("10", {}), watch({added + added + gone + gone})};
  bench.run();
  CHECK(bench.names().empty());
  CHECK(bench.requests().back() == "watch rv=12");
}

TEST_CASE("the floor decides the first list", "[reflector]") {
  const auto [floor, first] =
      GENERATE(table<std::string, std::string>({{"0", "list rv=0 limit=500"},
                                                {"", "list rv= limit=500"},
                                                {"70", "list rv=70 NotOlderThan"}}));
  Bench bench;
  bench.options.floor = [floor = floor] { return floor; };
  bench.wire.script = {list("71", {})};
  bench.run();
  CHECK(bench.requests() == Lines{first, "watch rv=71"});
}

TEST_CASE("a server that is behind the floor is not believed", "[reflector]") {
  Bench bench;
  bench.options.floor = [] { return "70"; };
  // It ignores resourceVersionMatch, as a proxy with a cache of its own might.
  bench.wire.script = {list("60", {thing("old", "1")}), list("72", {thing("new", "71")})};
  bench.run();
  CHECK(bench.changes == Lines{"new@71"});
}

TEST_CASE("objects that cannot be read do not look deleted", "[reflector]") {
  // No uid would do; a name of the wrong type cannot be decoded at all.
  const std::string nameless = R"({"kind":"Thing","metadata":{"name":7}})";
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1"), thing("b", "2")}), watch_error(410, "Expired"),
                       list("20", {thing("b", "2"), nameless}), watch_error(410, "Expired"),
                       list("30", {thing("b", "2")})};
  std::vector<std::size_t> gone;
  bench.on_change = [&](const Document& document) {
    if (bench.store.find(document.ns, document.name) == nullptr) {
      gone.push_back(bench.wire.targets.size());
    }
  };
  bench.run();
  CHECK(gone == std::vector<std::size_t>{5});  // by the list in which everything could be read
  CHECK(bench.reflector->stats().skipped == 1);
}

TEST_CASE("a deletion that cannot be read is not lost", "[reflector]") {
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1")}),
                       watch({event("DELETED", R"({"kind":"Thing","metadata":{"name":7}})")}),
                       list("12", {})};
  bench.run();
  CHECK(bench.names().empty());
  CHECK(bench.requests()[2] == "list rv=10 NotOlderThan");
}

TEST_CASE("what is not ours is stepped over without moving on", "[reflector]") {
  Bench bench;
  bench.wire.script = {
      list("10", {}),
      watch({event("ADDED", thing("a", "11")),
             event("ADDED", R"({"kind":"Table","metadata":{"resourceVersion":"12"},"rows":[]})"),
             event("DELETED", R"({"kind":"Other","metadata":{"name":"a","resourceVersion":"13"}})"),
             event("BOOKMARK", R"({"kind":"Other","metadata":{"resourceVersion":"14"}})"),
             event("ADDED", R"({"kind":"Thing"})"), event("NEW", thing("x", "15")),
             event("ADDED", "null"), "{}\n"})};
  bench.run();
  CHECK(bench.names() == "a@11 ");
  CHECK(bench.requests().back() == "list rv=11 NotOlderThan");
  CHECK(bench.reflector->stats().skipped == 7);
}

TEST_CASE("answers that are no list of ours are refused", "[reflector]") {
  Bench bench;
  const auto answer = [](const std::string& body, const std::string& type = "application/json") {
    return Answer{.content_type = type, .chunks = {body}};
  };
  const std::string meta = R"("metadata":{"resourceVersion":"20"})";
  const auto [bad, named] = GENERATE_COPY(table<Answer, std::string>({
      {answer("<html>login</html>", "text/html"), "text/html"},
      {answer("<html>login</html>"), "invalid JSON"},
      {answer("", ""), "no content type"},
      {answer(""), "invalid JSON"},
      {answer("k8s", "application/vnd.kubernetes.protobuf"), "application/vnd.kubernetes.protobuf"},
      {answer(R"({"kind":"Table","rows":[],"items":[],)" + meta + "}"), "kind \"Table\""},
      {answer(R"({"kind":"PodList","items":[],)" + meta + "}"), "kind \"PodList\""},
      {answer(R"({"kind":"ThingList",)" + meta + "}"), "without items"},
      {answer(R"({"kind":"ThingList","items":[]})"), "without resourceVersion"},
      {answer("[]"), "without items"},
      {answer(std::string("{\"kind\":\"ThingList\",\0}", 22)), "zero byte"},
      {answer("{\"kind\":\"\xff\xfe\"}"), "invalid JSON"},
  }));
  bench.wire.script = {list("10", {thing("a", "1")}), watch_error(410, "Expired"), bad,
                       list("11", {thing("a", "1")})};
  bench.run();
  CHECK(bench.names() == "a@1 ");
  CHECK(bench.changes == Lines{"a@1", "a@1"});
  REQUIRE(bench.errors.size() == 1);
  CHECK_THAT(bench.errors[0], Catch::Contains(named));
  CHECK(bench.pauses.size() == 2);
}

TEST_CASE("an empty list may have null for its items", "[reflector]") {
  Bench bench;
  Answer empty;
  empty.chunks = {R"({"kind":"ThingList","metadata":{"resourceVersion":"5"},"items":null})"};
  bench.wire.script = {empty};
  bench.run();
  CHECK(bench.reflector->synced());
}

TEST_CASE("a watch that is no watch is refused", "[reflector]") {
  Bench bench;
  Answer html = watch({"<html>"});
  html.content_type = "text/html; charset=utf-8";
  bench.wire.script = {list("10", {}), html, list("11", {})};
  bench.run();
  REQUIRE(bench.errors.size() == 1);
  CHECK(bench.errors[0].find("text/html") != std::string::npos);
}

TEST_CASE("a JSON object beyond the limit is stepped over", "[reflector]") {
  Bench bench;
  bench.options.max_object_bytes = 1000;
  const auto huge = [](const std::string& type) {
    return event(type,
                 R"({"kind":"Thing","metadata":{"name":"huge","resourceVersion":"12"},"x":")" +
                     std::string(5000, 'x') + "\"}");
  };
  SECTION("and the next event is taken") {
    bench.wire.script = {list("10", {}), watch({huge("ADDED"), event("ADDED", thing("a", "13"))})};
    bench.run();
    CHECK(bench.names() == "a@13 ");
    CHECK(bench.requests().back() == "list rv=13 NotOlderThan");
    CHECK(bench.errors.empty());
  }
  SECTION("and told time after time it does not make a hot loop") {
    bench.wire.script = {list("10", {}), watch({huge("ADDED")}), list("12", {})};
    bench.run();
    CHECK(bench.requests()[2] == "list rv=10 NotOlderThan");
    CHECK(bench.pauses.size() == 1);
  }
  SECTION("but its deletion is not lost") {
    bench.wire.script = {list("10", {thing("huge", "9")}), watch({huge("DELETED")}),
                         list("12", {})};
    bench.run();
    CHECK(bench.names().empty());
  }
}

TEST_CASE("a line without an end is one error and bounded memory", "[reflector]") {
  Bench bench;
  bench.options.max_object_bytes = 1000;
  Answer endless;
  for (int i = 0; i < 70; ++i) endless.chunks.emplace_back(std::size_t{1} << 20U, 'x');
  bench.wire.script = {list("10", {}), endless, list("10", {})};
  bench.run();
  REQUIRE(bench.errors.size() == 1);
  CHECK(bench.errors[0].find("longer than 67108864 bytes") != std::string::npos);
}

TEST_CASE("only what can be decoded is asked for", "[reflector]") {
  Bench bench;
  SECTION("JSON") {
    bench.wire.script = {list("1", {})};
    bench.run();
    CHECK(bench.wire.accepts == Lines{"application/json", "application/json"});
  }
  SECTION("protobuf") {
    bench.options.resource = pods;
    bench.wire.script = {list("1", {})};  // JSON all the same: an error, not an empty list
    bench.run();
    CHECK(bench.wire.accepts.front() == "application/vnd.kubernetes.protobuf");
    REQUIRE(bench.errors.size() == 1);
    CHECK(bench.errors[0].find("application/json where") != std::string::npos);
    CHECK_FALSE(bench.reflector->synced());
  }
}

TEST_CASE("what a watch told unreadably is made up for by a list when it ends", "[reflector]") {
  auto strange = thing("b", "11");
  std::string type = "ADDED";
  SECTION("a type nobody knows") { type = "FANCY"; }
  SECTION("another kind") { strange.replace(strange.find("Thing"), 5, "Think"); }
  SECTION("no name") { strange.replace(strange.find("\"name\""), 6, "\"eman\""); }
  Bench bench;
  bench.wire.script = {list("10", {thing("a", "1")}),
                       watch({event(type, strange), event("MODIFIED", thing("a", "12"))}),
                       list("12", {thing("a", "12"), thing("b", "11")})};
  bench.run();
  CHECK(bench.names() == "a@12 b@11 ");
  CHECK(bench.requests()[2] == "list rv=12 NotOlderThan");
  CHECK(bench.reflector->stats().skipped == 1);
}
