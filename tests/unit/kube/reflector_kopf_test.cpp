// SPDX-License-Identifier: Apache-2.0
// kopf's cases for its watching (tests/k8s/test_watching_*.py), under their names.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "unit/kube/scripted_wire.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

TEST_CASE("test_empty_stream_yields_nothing", "[upstream][kopf]") {
  Bench bench;
  bench.wire.script = {list("100", {}), watch({})};
  bench.run();
  CHECK(bench.changes.empty());
  CHECK(bench.reflector->synced());
}

TEST_CASE("test_event_stream_yields_everything", "[upstream][kopf]") {
  Bench bench;
  bench.wire.script = {list("100", {}), watch({event("ADDED", thing("a", "101")),
                                               event("ADDED", thing("b", "102"))})};
  bench.run();
  CHECK(bench.changes == Lines{"a@101", "b@102"});
}

TEST_CASE("test_unknown_event_type_ignored", "[upstream][kopf]") {
  Bench bench;
  bench.wire.script = {list("100", {}),
                       watch({event("ADDED", thing("a", "101")), event("UNKNOWN", "{}"),
                              event("ADDED", thing("b", "103"))})};
  bench.run();
  CHECK(bench.changes == Lines{"a@101", "b@103"});
}

TEST_CASE("test_error_410gone_exits_normally", "[upstream][kopf]") {
  Bench bench;
  bench.wire.script = {list("100", {}), watch({event("ADDED", thing("a", "101")),
                                               event("ERROR", R"({"kind":"Status","code":410})"),
                                               event("ADDED", thing("b", "102"))})};
  bench.run();
  CHECK(bench.changes == Lines{"a@101"});
  CHECK(bench.errors.empty());
  CHECK(bench.requests().back() == "list rv=101 NotOlderThan");
}

TEST_CASE("test_unknown_error_raises_exception", "[upstream][kopf]") {
  // kopf ends; a reflector reports it and begins anew.
  Bench bench;
  bench.wire.script = {list("100", {}),
                       watch({event("ADDED", thing("a", "101")),
                              event("ERROR", R"({"kind":"Status","code":666,"message":"odd"})"),
                              event("ADDED", thing("b", "102"))})};
  bench.run();
  CHECK(bench.changes == Lines{"a@101"});
  CHECK(bench.errors == Lines{"odd"});
}

TEST_CASE("test_long_line_parsing", "[upstream][kopf]") {
  const auto sized = [](const std::string& name, const std::string& version, std::size_t size) {
    return event("ADDED", R"({"kind":"Thing","metadata":{"name":")" + name +
                              R"(","resourceVersion":")" + version + R"("},"spec":{"field":")" +
                              std::string(size, name[0]) + R"("}})");
  };
  Bench bench;
  bench.wire.script = {list("100", {}),
                       watch({sized("x", "101", 1), sized("y", "102", std::size_t{2} << 20U),
                              sized("z", "103", std::size_t{4} << 20U)})};
  bench.run();
  CHECK(bench.changes == Lines{"x@101", "y@102", "z@103"});
}

TEST_CASE("test_list_objs_connection_errors_are_caught", "[upstream][kopf]") {
  const auto kind = GENERATE(ErrorKind::network, ErrorKind::timeout, ErrorKind::protocol);
  Bench bench;
  bench.wire.script = {refused(kind, true), list("100", {thing("a", "1")})};
  bench.run();
  CHECK(bench.changes == Lines{"a@1"});
  CHECK(bench.errors.size() == 1);
}

TEST_CASE("test_listed_is_inbetween", "[upstream][kopf]") {
  Bench bench;
  Lines before;
  bench.wire.script = {
      list("123", {thing("a", "1"), thing("b", "2")}),
      watch({event("ADDED", thing("c", "124")), event("ADDED", thing("d", "125"))})};
  bench.start();
  bench.reflector->on_synced([&] { before = bench.changes; });
  bench.loop.run_for(kLongest);
  CHECK(before == Lines{"a@1", "b@2"});
  CHECK(bench.changes == Lines{"a@1", "b@2", "c@124", "d@125"});
}

TEST_CASE("test_bookmark_updates_resource_version", "[upstream][kopf]") {
  Bench bench;
  bench.wire.script = {list("100", {}), watch({bookmark("200")}),
                       watch({event("ADDED", thing("a", "201"))})};
  bench.run();
  CHECK(bench.requests() ==
        Lines{"list rv=0 limit=500", "watch rv=100", "watch rv=200", "watch rv=201"});
}

TEST_CASE("test_empty_stream_times_out", "[upstream][kopf]") {
  Bench bench;
  Answer silent;
  silent.silent = true;
  bench.wire.script = {list("100", {}), silent};
  bench.run();
  CHECK(bench.wire.idles.at(2) == 315s);  // after two reads of the list
  CHECK(bench.wire.targets.size() == 3);
}

TEST_CASE("test_stalled_stream_times_out", "[upstream][kopf]") {
  Bench bench;
  auto stalled = watch({event("ADDED", thing("a", "101"))});
  stalled.silent = true;
  bench.wire.script = {list("100", {}), stalled};
  bench.run();
  CHECK(bench.changes == Lines{"a@101"});
  CHECK(bench.requests().back() == "watch rv=101");
}

TEST_CASE("test_bookmark_event_resets_inactivity_timer", "[upstream][kopf]") {
  Bench bench;
  auto stalled = watch({bookmark("101"), bookmark("102")});
  stalled.silent = true;
  bench.wire.script = {list("100", {}), stalled};
  bench.run();
  for (std::size_t read = 2; read < 5; ++read) CHECK(bench.wire.idles.at(read) == 315s);
}

TEST_CASE("test_inactivity_reconnects_with_last_resource_version", "[upstream][kopf]") {
  Bench bench;
  auto stalled = watch({bookmark("200")});
  stalled.silent = true;
  bench.wire.script = {list("100", {}), stalled};
  bench.run();
  CHECK(bench.requests() == Lines{"list rv=0 limit=500", "watch rv=100", "watch rv=200"});
}

TEST_CASE("test_infinite_watch_never_exits_normally", "[upstream][kopf]") {
  Bench bench;
  const auto gone = event("ERROR", R"({"kind":"Status","code":410})");
  bench.wire.script = {list("100", {}),
                       watch({event("ADDED", thing("a", "101")), gone}),
                       list("102", {thing("a", "101")}),
                       watch({event("UNKNOWN", "{}"), event("ADDED", thing("b", "103"))}),
                       refusal(555, "oops"),
                       list("103", {thing("a", "101"), thing("b", "103")})};
  bench.run();
  CHECK(bench.names() == "a@101 b@103 ");
  CHECK(bench.requests().back() == "watch rv=103");
}

TEST_CASE("test_continuous_watch_uses_same_selectors_for_list_and_watch", "[upstream][kopf]") {
  Bench bench;
  SECTION("given") {
    bench.options.label_selector = "prefect.io/flow-run-id";
    bench.options.field_selector = "status.phase!=Succeeded,status.phase!=Failed";
    bench.wire.script = {list("100", {})};
    bench.run();
    for (const auto& target : bench.wire.targets) {
      CHECK(parameter(target, "labelSelector") == "prefect.io%2Fflow-run-id");
      CHECK(parameter(target, "fieldSelector") ==
            "status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed");
    }
    CHECK(parameter(bench.wire.targets.back(), "allowWatchBookmarks") == "true");
    CHECK(parameter(bench.wire.targets.back(), "timeoutSeconds") == "300");
  }
  SECTION("absent") {
    bench.wire.script = {list("100", {})};
    bench.run();
    for (const auto& target : bench.wire.targets) {
      CHECK_FALSE(parameter(target, "labelSelector"));
      CHECK_FALSE(parameter(target, "fieldSelector"));
    }
  }
  CHECK(bench.wire.targets.size() == 2);
}
