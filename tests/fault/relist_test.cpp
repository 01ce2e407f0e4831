// SPDX-License-Identifier: Apache-2.0
// A watch that has lost its place: what was deleted meanwhile has to go, and what came back under
// the same name is another object.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/world.h"
#include "kube/resource_version.h"

using namespace bso::test;

namespace {

std::string status_json(int code, const std::string& reason, const std::string& message,
                        const Json& details = Json::object()) {
  return Json{{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
              {"status", "Failure"}, {"message", message}, {"reason", reason},
              {"details", details},  {"code", code}}
      .dump();
}

std::string error_event(const std::string& text) {
  return R"({"type":"ERROR","object":)" + text + "}\n";
}

const std::string kExpired = status_json(410, "Expired", "too old resource version: 1 (2)");

void begin_watch(Passage& passage) {
  passage.forward();
  passage.send_head();
}

/// Changes of every sort while the reflector does not look.
void change_unseen(FaultBench& bench) {
  bench.proxy.go_away();
  remove(bench.ns, "goes");
  remove(bench.ns, "comes-back");
  create(bench.ns, "comes-back");
  label(bench.ns, "stays", "1");
  create(bench.ns, "new");
  bench.proxy.come_back();
}

void prepare_maps(const std::string& ns) {
  for (const char* name : {"goes", "comes-back", "stays"}) create(ns, name);
}

}  // namespace

TEST_CASE("410 in every position is one list, and what went in the gap is gone",
          "[fault][relist gap][own]") {
  struct Case {
    const char* name;
    void (*harm)(Passage& passage);
  };
  static const std::vector<Case> cases{
      {"as the answer to the watch", [](Passage& p) { p.answer(410, kExpired); }},
      {"as the first event",
       [](Passage& p) {
         begin_watch(p);
         p.send_chunk(error_event(kExpired));
         p.end_body();
       }},
      {"as the first event, and the stream stays open",
       [](Passage& p) {
         begin_watch(p);
         p.send_chunk(error_event(kExpired));
         p.hang();
       }},
      {"as the first event, and the connection is reset",
       [](Passage& p) {
         begin_watch(p);
         p.send_chunk(error_event(kExpired));
         p.reset();
       }},
      {"after an event",
       [](Passage& p) {
         begin_watch(p);
         p.send_chunk(p.read_event() + error_event(kExpired));
         p.end_body();
       }},
      {"before an event that must not be believed any more",
       [](Passage& p) {
         begin_watch(p);
         auto late = p.read_event();
         p.send_chunk(error_event(kExpired) + late);
         p.end_body();
       }},
  };
  for (const auto& each : cases) {
    INFO(each.name);
    FaultBench bench;
    bench.options.resource.protobuf = false;
    prepare_maps(bench.ns);
    bench.start();
    bench.settle();
    // The watch that is open ends, and the next one meets the fault.
    bench.proxy.on(match::watch(bench.ns), each.harm, 1);
    change_unseen(bench);
    bench.wait_truth();
    CHECK(bench.live().reflector().stats().lists == 2);
  }
}

TEST_CASE("a watch cut while nobody looked resumes, or lists where etcd has forgotten",
          "[fault][relist gap][own]") {
  FaultBench bench;
  prepare_maps(bench.ns);
  bench.start();
  bench.settle();
  SECTION("etcd remembers") {
    change_unseen(bench);
    bench.wait_truth();
    CHECK(bench.live().reflector().stats().lists == 1);
  }
  SECTION("etcd has forgotten, and the server's cache is new") {
    bench.proxy.go_away();
    remove(bench.ns, "goes");
    create(bench.ns, "new");
    world().plane.kill_apiserver();
    world().plane.restart_apiserver();
    world().plane.compact_etcd();
    bench.proxy.come_back();
    bench.wait_truth();
    CHECK(bench.live().reflector().stats().lists >= 2);
  }
}

TEST_CASE("410 on the second page is one list without pages", "[fault][relist gap][own]") {
  FaultBench bench;
  bench.options.paged = true;
  bench.options.floor = [] { return std::string(); };  // the watch cache gives no pages
  for (int i = 0; i < 501; ++i) create(bench.ns, fmt::format("map-{}", i));
  bench.proxy.on(
      match::list("continue="), [](Passage& p) { p.answer(410, kExpired); }, 1);
  bench.start();
  bench.wait_truth();
  CHECK(bench.live().held.size() == 501);
  CHECK(bench.live().reflector().stats().lists == 2);
}

TEST_CASE("a version that is too large is followed by a quorum list, at once",
          "[fault][too large version][own]") {
  struct Case {
    const char* name;
    std::string body;
  };
  // apiserver storage/errors.go NewTooLargeResourceVersionError, of 1.17 and since 1.20.
  static const std::vector<Case> cases{
      {"by its cause",
       status_json(
           504, "Timeout", "Timeout: Too large resource version: 99, current: 9",
           {{"causes",
             {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
            {"retryAfterSeconds", 1}})},
      {"by its message alone",
       status_json(504, "Timeout", "Timeout: Too large resource version: 99, current: 9",
                   {{"retryAfterSeconds", 1}})},
  };
  for (const auto& each : cases) {
    INFO(each.name);
    FaultBench bench;
    prepare_maps(bench.ns);
    bench.start();
    bench.proxy.on(
        match::watch(bench.ns), [](Passage& p) { p.answer(410, kExpired); }, 1);
    // Every list that insists on a version, for ever: a server whose cache does not move.
    bench.proxy.on(
        [](const Exchange& e) {
          return e.is_list() && e.target.find("resourceVersion=") != std::string::npos;
        },
        [&](Passage& p) {
          p.wait(100ms);
          p.answer(504, each.body);
        });
    change_unseen(bench);
    bench.wait_truth();
    CHECK(bench.live().reflector().stats().lists == 3);
  }
}

TEST_CASE("only the last of several states is seen, and that is enough",
          "[fault][unobserved state][own]") {
  FaultBench bench;
  prepare_maps(bench.ns);
  std::atomic<bool> held_back = true;
  bench.proxy.on(
      match::watch(bench.ns),
      [&](Passage& p) {
        begin_watch(p);
        p.wait_until([&] { return !held_back; });
        p.pass_on();
      },
      1);
  bench.start();
  const auto before = bench.live().held;
  for (int i = 0; i < 3; ++i) {
    remove(bench.ns, "comes-back");
    create(bench.ns, "comes-back");
    label(bench.ns, "stays", std::to_string(i));
  }
  remove(bench.ns, "goes");
  bench.live().turn(300ms);
  CHECK(bench.live().held == before);
  SECTION("all at once at the end") { held_back = false; }
  SECTION("not at all: the watch breaks, and the past is gone") {
    world().plane.kill_apiserver();
    world().plane.restart_apiserver();
    world().plane.compact_etcd();
    held_back = false;
    bench.proxy.cut_all();
  }
  bench.wait_truth();
  const auto key = std::make_pair(bench.ns, std::string("comes-back"));
  CHECK(bench.live().held.at(key).uid != before.at(key).uid);
}

TEST_CASE("a list by stream that is cut in its middle begins anew",
          "[fault][synthetic order][own]") {
  FaultBench bench;
  bench.options.resource.protobuf = false;
  bench.options.stream_lists = true;
  for (int i = 0; i < 20; ++i) create(bench.ns, fmt::format("map-{}", 19 - i));
  std::atomic<int> streams = 0;
  // The server of this test does not know how to stream a list, but a WATCH from nowhere brings the
  // same events; the bookmark at their end is played.
  const auto begin_events = [&](Passage& p) {
    p.forward({.token = {}, .target = maps_of(bench.ns) + "?watch=true"});
    p.send_head();
  };
  bench.proxy.on(match::watch("sendInitialEvents"), [&](Passage& p) {
    begin_events(p);
    std::string newest = "0";
    for (int i = 0; i < 20; ++i) {
      const auto event = p.read_event();
      const auto version =
          Json::parse(event).at("object").at("metadata").at("resourceVersion").get<std::string>();
      if (bso::kube::is_older(newest, version)) newest = version;
      p.send_chunk(event);
    }
    const Json end{{"type", "BOOKMARK"},
                   {"object",
                    {{"kind", "ConfigMap"},
                     {"apiVersion", "v1"},
                     {"metadata",
                      {{"resourceVersion", newest},
                       {"annotations", {{"k8s.io/initial-events-end", "true"}}}}}}}};
    p.send_chunk(end.dump() + "\n");
    p.pass_on();
  });
  bench.proxy.on(
      match::watch("sendInitialEvents"),
      [&](Passage& p) {
        ++streams;
        begin_events(p);
        // In no order of their versions: none of these is a place to resume from.
        for (int i = 0; i < 7; ++i) p.send_chunk(p.read_event());
        throw Gone();
      },
      2);
  bench.start();
  bench.wait_truth();
  CHECK(streams == 2);
  CHECK(bench.live().held.size() == 20);
  CHECK(bench.live().reflector().stats().lists == 0);
  // No watch was resumed from the version of an initial event.
  for (const auto& each : bench.proxy.exchanges()) {
    INFO(each.target);
    CHECK(each.target.find("sendInitialEvents") != std::string::npos);
    CHECK(each.target.find("resourceVersion=&") == std::string::npos);
    CHECK((each.target.find("resourceVersion=0") != std::string::npos ||
           each.target.find("resourceVersion=") == std::string::npos));
  }
  create(bench.ns, "after");
  bench.wait_truth();
}
