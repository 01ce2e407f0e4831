// SPDX-License-Identifier: Apache-2.0
#include "runtime/event_recorder.h"

#include <catch2/catch.hpp>

#include "codec/utf8.h"
#include "event_rig.h"

using namespace bso;
using namespace bso::runtime;
using namespace std::chrono_literals;

TEST_CASE("TestEventSeriesf", "[upstream][event_series]") {
  EventRig t;
  t.recorder.record(t.note("some verbose message: 1", "started"));
  t.poll();
  REQUIRE(t.server.requests.size() == 1);
  CHECK(t.last().method == "POST");
  CHECK(t.last().target == "/apis/events.k8s.io/v1/namespaces/shop/events?fieldManager=test");
  CHECK_FALSE(t.last().body.contains("series"));

  t.advance(1s);
  t.recorder.record(t.note("some verbose message: 1", "started"));
  t.poll();
  REQUIRE(t.server.requests.size() == 2);
  CHECK(t.last().method == "PATCH");
  CHECK(t.last().body ==
        nlohmann::json{
            {"series", {{"count", 2}, {"lastObservedTime", "2026-03-15T18:40:01.000000Z"}}}});

  t.recorder.record(t.note("some verbose message: 1", "stopped"));
  t.poll();
  REQUIRE(t.server.requests.size() == 3);
  CHECK(t.last().method == "POST");
  CHECK_FALSE(t.last().body.contains("series"));
}

TEST_CASE("TestFinishSeries", "[upstream][event_series]") {
  EventRig t;
  for (int i = 0; i < 10; ++i) t.record("again and again");
  t.record("once");
  CHECK(t.server.count("POST") == 2);
  CHECK(t.server.count("PATCH") == 1);
  t.advance(EventRecorder::finish_after);
  CHECK(t.server.count("PATCH") == 2);
  CHECK(t.last().body["series"]["count"] == 10);
  t.advance(2h);
  CHECK(t.server.requests.size() == 4);  // the single one ended without a word

  t.record("again and again");  // a new series, for the server has forgotten the old one
  CHECK(t.last().method == "POST");
  CHECK_FALSE(t.last().body.contains("series"));
}

TEST_CASE("TestRefreshExistingEventSeries", "[upstream][event_series]") {
  for (const bool gone : {false, true}) {
    EventRig t;
    for (int i = 0; i < 3; ++i) t.record("it goes on");
    for (int minute = 0; minute < 29; ++minute) {
      t.advance(1min);
      t.record("it goes on");
    }
    CHECK(t.server.requests.size() == 2);
    if (gone) t.server.events.clear();
    t.advance(1min);
    CHECK(t.server.count("PATCH") == 2);
    CHECK(t.server.count("POST") == (gone ? 2 : 1));
    CHECK(t.server.events.begin()->second.event["series"]["count"] == 32);
  }
}

namespace {

/// Does `during` while the next PATCH is on its way.
void during_patch(EventRig& t, std::function<void()> during) {
  t.server.fault =
      [&t, during](const EventServer::Request& request) -> std::optional<EventServer::Answer> {
    if (request.method != "PATCH") return std::nullopt;
    t.server.fault = nullptr;
    during();
    return std::nullopt;
  };
}

}  // namespace

TEST_CASE("TestRefreshExistingEventSeriesConcurrentCacheUpdate", "[upstream][event_series]") {
  EventRig t;
  for (int i = 0; i < 10; ++i) t.record("it goes on");
  for (int minute = 0; minute < 25; minute += 5) {
    t.advance(5min);
    t.record("it goes on");
  }
  during_patch(t, [&t] { t.recorder.record(t.note("it goes on")); });
  t.advance(5min);
  CHECK(t.server.count("PATCH") == 2);
  t.advance(6min);
  CHECK(t.last().body["series"]["count"] == 16);  // what came meanwhile is in the final count
}

TEST_CASE("TestFinishSeriesConcurrentCacheUpdate", "[upstream][event_series]") {
  EventRig t;
  for (int i = 0; i < 10; ++i) t.record("it goes on");
  during_patch(t, [&t] { t.recorder.record(t.note("it goes on")); });
  t.advance(6min);
  CHECK(t.last().body["series"]["count"] == 10);
  t.advance(5min);
  CHECK(t.server.requests.size() == 3);  // it has not ended
  t.advance(1min);
  CHECK(t.last().body["series"]["count"] == 11);
  t.advance(1h);
  CHECK(t.server.requests.size() == 4);
}

TEST_CASE("TestSeriesHousekeepingWithConcurrentRecordToSink", "[upstream][event_series]") {
  EventRig t;
  for (int i = 0; i < 10; ++i) t.record("it goes on");
  during_patch(t, [&t] { t.recorder.record(t.note("another")); });
  t.advance(6min);
  CHECK(t.server.count("POST") == 2);
  CHECK(t.last().body["note"] == "another");
}

TEST_CASE("TestEventCorrelator", "[upstream][events_cache]") {
  EventRig t;
  SECTION("create-a-single-event") {
    t.record("a");
    CHECK(t.server.count("POST") == 1);
    CHECK(t.server.count("PATCH") == 0);
  }
  SECTION("the-same-event-should-just-count") {
    for (int i = 0; i < 30; ++i) t.record("a");
    CHECK(t.server.count("POST") == 1);
    CHECK(t.server.count("PATCH") == 1);
    CHECK(t.server.events.size() == 1);
  }
  SECTION("create-many-unique-events") {
    for (int i = 0; i < 30; ++i) t.record("note " + std::to_string(i));
    CHECK(t.server.events.size() == 30);
  }
}

TEST_CASE("a held note outlives the server's hour without anybody saying it again") {
  EventRig t;
  t.recorder.hold("shop/web-0", t.note("held elsewhere"));
  t.poll();
  for (int minute = 0; minute < 600; ++minute) {
    t.recorder.hold("shop/web-0", t.note("held elsewhere"));  // a reconcile that finds no change
    t.advance(1min);
    t.server.expire();
    REQUIRE(t.server.events.size() == 1);
  }
  CHECK(t.server.count("POST") == 1);
  CHECK(t.server.count("PATCH") == 20);  // each half hour, and nothing more
  REQUIRE(t.recorder.held("shop/web-0") != nullptr);

  t.recorder.release("shop/web-0");
  CHECK(t.recorder.held("shop/web-0") == nullptr);
  t.advance(10h);
  CHECK(t.server.requests.size() == 21);
  CHECK(t.clock.next() == Clock::Instant::max());  // nothing is remembered of it
}

TEST_CASE("another note takes the place of the one held") {
  EventRig t;
  t.recorder.hold("k", t.note("first"));
  t.poll();
  t.recorder.hold("k", t.note("second"));
  t.poll();
  CHECK(t.server.count("POST") == 2);
  t.advance(31min);
  CHECK(t.server.count("PATCH") == 1);
  CHECK(t.server.events.size() == 2);
  CHECK(t.recorder.held("k")->note == "second");
}

TEST_CASE("a held event that somebody removed is created anew") {
  EventRig t;
  t.recorder.hold("k", t.note("held"));
  t.poll();
  t.server.events.clear();
  t.advance(30min);
  CHECK(t.server.count("POST") == 2);
  CHECK(t.server.events.size() == 1);
}

TEST_CASE("after a restart the series goes on where it was") {
  EventRig before;
  before.record("held");
  SECTION("a single event becomes a series") {
    EventRig after;
    after.server.events = before.server.events;
    after.record("held");
    CHECK(after.server.count("POST") == 1);
    CHECK(after.server.count("PATCH") == 2);
    CHECK(after.server.events.begin()->second.event["series"]["count"] == 2);
  }
  SECTION("a series keeps its count") {
    for (int i = 0; i < 16; ++i) before.record("held");
    before.advance(6min);
    EventRig after;
    after.server.events = before.server.events;
    after.record("held");
    CHECK(after.server.count("PATCH") == 1);
    CHECK(after.server.events.begin()->second.event["series"]["count"] == 17);
    after.record("held");
    after.advance(6min);
    CHECK(after.server.events.begin()->second.event["series"]["count"] == 18);
  }
}

TEST_CASE("a create whose answer was lost is not taken for a second occurrence") {
  EventRig t;
  t.server.fault = [&](const EventServer::Request& request) {
    (void)t.server.serve(request);
    t.server.fault = nullptr;
    return EventServer::network(true);
  };
  t.record("once");
  t.advance(10s);
  CHECK(t.server.count("POST") == 2);
  CHECK(t.server.count("PATCH") == 0);
  CHECK_FALSE(t.server.events.begin()->second.event.contains("series"));
}

TEST_CASE("a server that is away is asked twelve times") {
  EventRig t;
  t.chance = 1.0;
  t.server.fault = [](const EventServer::Request&) { return EventServer::network(false); };
  t.record("a");
  CHECK(t.server.requests.size() == 1);
  t.advance(12s);
  CHECK(t.server.requests.size() == 1);
  t.advance(500ms);  // 10 s and a quarter
  CHECK(t.server.requests.size() == 2);
  for (int i = 0; i < 60; ++i) t.advance(12500ms);
  CHECK(t.server.requests.size() == EventRecorder::max_tries);
  CHECK(t.shown("blockstorage_events_failed_total") == 1);
}

TEST_CASE("a state that is held is said once the server is back") {
  EventRig t;
  t.server.fault = [](const EventServer::Request&) { return EventServer::status(503, ""); };
  t.recorder.hold("k", t.note("held"));
  t.poll();
  for (int i = 0; i < 30; ++i) t.advance(10s);
  CHECK(t.server.requests.size() == EventRecorder::max_tries);
  t.server.fault = nullptr;
  t.advance(6min);
  REQUIRE(t.server.events.size() == 1);
  CHECK_FALSE(t.server.events.begin()->second.event.contains("series"));
}

TEST_CASE("one event that fails does not hold up the others") {
  EventRig t;
  t.server.fault = [](const EventServer::Request& request) -> std::optional<EventServer::Answer> {
    if (request.body.value("note", "") == "bad") return EventServer::status(500, "InternalError");
    return std::nullopt;
  };
  t.record("bad");
  t.record("good");
  CHECK(t.server.events.size() == 1);
}

TEST_CASE("a busy server's Retry-After is kept to") {
  EventRig t;
  t.server.fault = [&](const EventServer::Request&) {
    t.server.fault = nullptr;
    auto answer = EventServer::status(429, "TooManyRequests");
    answer->retry_after = 30s;
    return answer;
  };
  t.record("a");
  t.advance(29s);
  CHECK(t.server.requests.size() == 1);
  t.advance(1s);
  CHECK(t.server.events.size() == 1);
}

TEST_CASE("what the server refuses is not tried again") {
  EventRig t;
  double failed = 1;
  SECTION("for good") {
    t.server.fault = [](const EventServer::Request&) {
      return EventServer::status(422, "Invalid");
    };
  }
  SECTION("because the namespace goes, which is no failure") {
    t.server.fault = [](const EventServer::Request&) {
      return EventServer::status(403, "Forbidden", "NamespaceTerminating");
    };
    failed = 0;
  }
  t.record("a");
  t.record("a");
  t.advance(1h);
  CHECK(t.server.requests.size() == 1);
  CHECK(t.shown("blockstorage_events_failed_total") == failed);
  CHECK(t.clock.next() == Clock::Instant::max());
}

TEST_CASE("the queue is bounded, held notes are not lost by that") {
  EventRig t;
  for (std::size_t i = 0; i < EventRecorder::max_queue + 5; ++i) {
    t.recorder.record(t.note("note " + std::to_string(i)));
  }
  t.recorder.hold("k", t.note("held"));
  CHECK(t.shown("blockstorage_events_dropped_total") == 5);
  t.poll();
  CHECK(t.server.events.size() == EventRecorder::max_queue + 1);
  t.record("there is room again");
  CHECK(t.server.events.size() == EventRecorder::max_queue + 2);
  CHECK(t.shown("blockstorage_events_dropped_total") == 5);
}

TEST_CASE("at the end what waits is written, for two seconds") {
  EventRig t;
  bool away = true;
  t.server.fault = [&](const EventServer::Request&) -> std::optional<EventServer::Answer> {
    if (away) return EventServer::network(false);
    t.clock.advance(400ms);  // each answer takes that long
    return std::nullopt;
  };
  for (int i = 0; i < 10; ++i) t.record("note " + std::to_string(i));
  away = false;
  t.stop.request();
  t.poll();
  CHECK(t.ended);
  CHECK(t.server.events.size() == 5);
}

TEST_CASE("an event keeps to the limits of the API") {
  EventRig t;
  auto note = t.note(std::string(1023, 'n') + "ü");
  note.regarding.name = std::string(199, 'p') + "-" + std::string(40, 'q');
  note.reason = std::string(200, 'R');
  note.action = std::string(127, 'A') + "ü";
  note.related = ObjectReference{"v1", "Pod", "shop", "holder", "uid-holder"};
  t.recorder.record(note);
  t.poll();
  const auto& event = t.last().body;
  CHECK(event["note"] == std::string(1023, 'n'));
  CHECK(event["reason"] == std::string(128, 'R'));
  CHECK(event["action"] == std::string(127, 'A'));
  CHECK(event["related"]["name"] == "holder");
  CHECK(event["reportingInstance"] == "node-1");
  const auto name = event["metadata"]["name"].get<std::string>();
  CHECK(name.substr(0, 200) == std::string(199, 'p') + ".");
  CHECK(name.size() == 199 + 1 + 16);
}

TEST_CASE("the name of an event stands for all that it says") {
  const auto base = EventRig::note("a");
  CHECK(event_name(base) == event_name(EventRig::note("a")));
  std::vector<EventNote> others(6, base);
  others[0].note = "b";
  others[1].action = "Other";
  others[2].reason = "Other";
  others[3].type = "Normal";
  others[4].regarding.uid = "other";
  others[5].related = ObjectReference{"v1", "Pod", "shop", "h", "uid-h"};
  for (const auto& other : others) CHECK(event_name(other) != event_name(base));
}

TEST_CASE("events about cluster-scoped objects go to kube-system") {
  EventRig t;
  auto note = t.note("a");
  note.regarding = {"blockstorage.dev/v1alpha1", "BlockStoragePlugin", "", "longhorn", "uid"};
  t.recorder.record(note);
  t.poll();
  CHECK(t.last().target.find("/namespaces/kube-system/events") != std::string::npos);
  CHECK(t.last().body["metadata"]["namespace"] == "kube-system");
  CHECK_FALSE(t.last().body["regarding"].contains("namespace"));
}
