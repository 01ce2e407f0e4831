// SPDX-License-Identifier: Apache-2.0
// A server that is busy, starting, or not there: what is asked of it meanwhile stays within the
// backoff.
#include <algorithm>
#include <chrono>
#include <list>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds time_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

/// The pauses between requests, in the order in which they came.
std::vector<std::chrono::milliseconds> pauses(const std::vector<Exchange>& exchanges) {
  std::vector<std::chrono::milliseconds> all;
  for (std::size_t i = 1; i < exchanges.size(); ++i) {
    all.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(exchanges[i].begun -
                                                                        exchanges[i - 1].begun));
  }
  return all;
}

}  // namespace

TEST_CASE("what a sick server is asked stays within the backoff", "[fault][overload][own]") {
  struct Case {
    const char* name;
    int code;
    const char* reason;
    const char* headers;
    std::chrono::milliseconds shortest;  ///< pause that the answer asks for
    bool relists;                        ///< after a WATCH that was refused so
  };
  static const std::vector<Case> cases{
      {"429 with Retry-After", 429, "TooManyRequests", "Retry-After: 1\r\n", 1000ms, false},
      {"429 without Retry-After", 429, "TooManyRequests", "", 0ms, false},
      {"429 with a date", 429, "TooManyRequests", "Retry-After: Thu, 26 Nov 2026 08:00:00 GMT\r\n",
       0ms, false},
      {"429 with garbage", 429, "TooManyRequests", "Retry-After: soon\r\n", 0ms, false},
      {"503 with Retry-After", 503, "ServiceUnavailable", "Retry-After: 1\r\n", 1000ms, false},
      {"503", 503, "ServiceUnavailable", "", 0ms, true},
      {"500", 500, "InternalError", "", 0ms, true},
      {"504", 504, "Timeout", "", 0ms, true},
  };
  struct Run {
    Run(const Case& each, bool watch) : what(each), at_watch(watch) {}
    const Case& what;
    bool at_watch;
    FaultBench bench;
  };
  std::list<Run> runs;  // all at once: each mostly waits
  for (const auto& each : cases) {
    for (const bool at_watch : {false, true}) runs.emplace_back(each, at_watch);
  }
  const auto turn_all = [&runs](std::chrono::milliseconds time) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) {
      for (auto& run : runs) {
        if (run.bench.begun()) run.bench.live().turn(1ms);
      }
    }
  };
  for (auto& run : runs) {
    create(run.bench.ns, "goes");
    if (run.at_watch) {
      run.bench.start();
      run.bench.await_watch();
    }
  }
  turn_all(1100ms);  // no watch is a very short one any more
  const auto start = Clock::now();
  for (auto& run : runs) {
    auto& bench = run.bench;
    bench.proxy.on(match::anything(), [&run](Passage& p) {
      p.refuse(run.what.code, run.what.reason, "sick", run.what.headers);
    });
    bench.proxy.forget_exchanges();
    if (run.at_watch) {
      bench.proxy.cut_all();
    } else {
      bench.begin();
    }
    remove(bench.ns, "goes");
    create(bench.ns, "new");
  }
  turn_all(3s);
  for (auto& run : runs) {
    INFO(run.what.name << (run.at_watch ? ", to a WATCH" : ", to a LIST"));
    auto& bench = run.bench;
    const auto asked = bench.proxy.exchanges();
    CHECK(asked.size() >= 2);
    CHECK(asked.size() <= most_attempts(bench.options.backoff, time_since(start)));
    for (const auto& pause : pauses(asked)) {
      CHECK(pause >= std::max(run.what.shortest, bench.options.backoff.initial) - 20ms);
    }
    if (run.at_watch) {
      const auto lists =
          std::count_if(asked.begin(), asked.end(), [](const Exchange& e) { return e.is_list(); });
      CHECK((lists > 0) == run.what.relists);
    }
    bench.proxy.heal();
  }
  for (auto& run : runs) {
    INFO(run.what.name << (run.at_watch ? ", to a WATCH" : ", to a LIST"));
    run.bench.wait_truth();
  }
}

TEST_CASE("a server that refuses connections is tried within the backoff",
          "[fault][overload][own]") {
  FaultBench bench;
  bench.options.backoff = bso::Backoff::reflector();  // as it is in earnest
  create(bench.ns, "goes");
  bench.start();
  bench.settle();
  bench.proxy.go_away();
  remove(bench.ns, "goes");
  create(bench.ns, "new");
  const auto start = Clock::now();
  const auto watches = bench.live().reflector().stats().watches;
  bench.live().turn(15s);
  const auto tried = bench.live().reflector().stats().watches - watches;
  const auto allowed = most_attempts(bench.options.backoff, time_since(start));
  INFO(tried << " attempts in 15 s, " << allowed << " allowed");
  CHECK(tried >= 2);
  CHECK(tried <= allowed);
  CHECK(bench.live().reflector().stats().lists == 1);
  bench.proxy.come_back();
  bench.wait_truth();
  CHECK(bench.live().reflector().stats().lists == 1);
}

TEST_CASE("watches that end at once are no hot loop", "[fault][silent end][own]") {
  FaultBench bench;
  create(bench.ns, "a");
  bench.start();
  bench.proxy.on(match::watch(bench.ns), [](Passage& p) {
    p.forward();
    p.send_head();
    p.end_body();
  });
  bench.proxy.cut_all();
  bench.proxy.forget_exchanges();
  const auto start = Clock::now();
  create(bench.ns, "b");
  bench.live().turn(3s);
  // A very short watch is followed by a list and another watch: two requests for each pause.
  const auto asked = bench.proxy.count(match::anything());
  CHECK(asked >= 3);
  CHECK(asked <= 2 * most_attempts(bench.options.backoff, time_since(start)));
  CHECK(bench.holds("b"));  // by the lists, although no watch told of it
  bench.proxy.heal();
  bench.wait_truth();
}

TEST_CASE("a peer that says nothing more is left in time", "[fault][dead peer][own]") {
  FaultBench bench;
  bench.options.min_watch_timeout = 2s;
  bench.options.idle_margin = 1s;
  create(bench.ns, "goes");
  SECTION("in an open watch") {
    bench.proxy.on(
        match::watch(bench.ns),
        [](Passage& p) {
          p.forward();
          p.send_head();
          p.hang();
        },
        1);
    bench.start();
  }
  SECTION("a server that does not end a watch in time") {
    bench.proxy.on(
        match::watch(bench.ns),
        [](Passage& p) {
          p.forward();
          p.send_head();
          p.send_chunk(p.read_event());
          p.hang();
        },
        1);
    bench.start();
    create(bench.ns, "first");
  }
  remove(bench.ns, "goes");
  create(bench.ns, "new");
  const auto start = Clock::now();
  bench.wait_truth();
  // Twice the time-out at most, and the margin; the rest is a slow machine's.
  CHECK(time_since(start) < 2 * bench.options.min_watch_timeout + bench.options.idle_margin + 3s);
  CHECK(bench.live().reflector().stats().lists == 1);
}

TEST_CASE("a server that does not even shake hands is left, and others are not",
          "[fault][dead peer][own]") {
  FaultBench bench;
  create(bench.ns, "goes");
  bench.start();
  bench.settle();
  FaultBench other;
  other.start();
  bench.proxy.fall_silent(true);
  bench.proxy.cut_all();
  remove(bench.ns, "goes");
  create(other.ns, "elsewhere");
  const auto start = Clock::now();
  bench.live().turn(1s);
  other.wait_truth();
  // The time-out of a request is 30 s; then it is tried again.
  bench.live().until(
      "the attempt is given up", [&] { return !bench.live().errors.empty(); }, 45s);
  INFO(bench.live().errors.front());
  CHECK(time_since(start) > 25s);
  bench.proxy.fall_silent(false);
  bench.wait_truth();
}

TEST_CASE("a reader that stood still loses nothing", "[fault][slow consumer][own]") {
  FaultBench bench;
  create(bench.ns, "goes");
  bench.start();
  // The loop stands still, buffers fill up to the server, which may end the watch for it.
  const std::string much(100'000, 'x');
  create_with(bench.ns, "much", {{"text", much}});
  for (int i = 0; i < 300; ++i) label(bench.ns, "much", std::to_string(i));
  remove(bench.ns, "goes");
  bench.wait_truth();
}
