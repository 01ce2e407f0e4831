// SPDX-License-Identifier: Apache-2.0
#include "runtime/work_queue.h"

#include <catch2/catch.hpp>

#include "queue_rig.h"

using namespace bso;
using namespace bso::runtime;
using namespace std::chrono_literals;

TEST_CASE("a key is held once and keys keep their order") {
  QueueRig t;
  for (const char* key : {"a", "b", "a", "c", "b"}) t.queue.add(key);
  CHECK(t.queue.depth() == 3);
  CHECK(t.drain() == Keys{"a", "b", "c"});
}

TEST_CASE("a key being worked on is handed out again only after done") {
  QueueRig t;
  t.queue.add("a");
  CHECK(t.get() == "a");
  t.queue.add("a");
  t.queue.add("a");
  CHECK(t.get() == "(none)");
  t.queue.done("a");
  CHECK(t.get() == "a");
  t.queue.done("a");
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("done without a new add queues nothing") {
  QueueRig t;
  t.queue.add("a");
  CHECK(t.get() == "a");
  t.queue.done("a");
  t.queue.done("a");
  t.queue.done("never seen");
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("of two delayed adds the earlier wins and the key comes once") {
  QueueRig t;
  t.queue.add_after("late", 1h);
  t.queue.add_after("late", 20ms);
  t.queue.add_after("late", 2h);
  CHECK(t.queue.delayed() == 1);
  t.queue.add_after("now", 0s);
  CHECK(t.drain() == Keys{"now"});
  t.advance(19ms);
  CHECK(t.drain().empty());
  t.advance(1ms);
  CHECK(t.drain() == Keys{"late"});
  CHECK(t.queue.delayed() == 0);
  t.queue.done("late");
  t.advance(3h);
  CHECK(t.drain().empty());
}

TEST_CASE("a delayed add wakes a waiting get") {
  QueueRig t;
  t.start(1);
  t.poll();
  t.queue.add_after("a", 1ms);
  t.poll();
  CHECK(t.taken.empty());
  t.advance(1ms);
  CHECK(t.taken == Keys{"a"});
}

TEST_CASE("several waiters share the work") {
  QueueRig t;
  for (int i = 0; i < 3; ++i) t.start(1);
  t.poll();
  for (const char* key : {"a", "b", "c"}) t.queue.add(key);
  t.poll();
  CHECK(t.taken.size() == 3);
}

TEST_CASE("failures back off per key and are forgotten") {
  QueueRig t;
  for (const auto pause : {5ms, 10ms, 20ms, 40ms}) {
    t.queue.add_rate_limited("bad");
    t.advance(pause - 1ns);
    CHECK(t.get() == "(none)");
    t.advance(1ns);
    CHECK(t.get() == "bad");
    t.queue.done("bad");
  }
  CHECK(t.queue.metrics().retries() == 4);
  t.queue.forget("bad");
  t.queue.add_rate_limited("bad");
  t.advance(5ms);
  CHECK(t.get() == "bad");
}

TEST_CASE("a longer pause than the backoff's is kept and still counts as a failure") {
  QueueRig t;
  t.queue.add_rate_limited("a", 0, 3s);
  t.advance(3s - 1ns);
  CHECK(t.get() == "(none)");
  t.advance(1ns);
  CHECK(t.get() == "a");
  t.queue.done("a");
  t.queue.add_rate_limited("a");
  t.advance(5ms);
  CHECK(t.get() == "(none)");
  t.advance(5ms);
  CHECK(t.get() == "a");
}

TEST_CASE("stop ends every get, and a new one finds what is left") {
  QueueRig t;
  t.start(1);
  t.start(1);
  t.poll();
  t.stop.request();
  t.poll();
  CHECK(t.taken == Keys{"(stopped)", "(stopped)"});
  t.queue.add("a");
  CHECK(t.get() == "(stopped)");
  Stop anew;
  std::optional<WorkQueue::Item> item;
  const auto take = [](QueueRig& rig, Stop& until,
                       std::optional<WorkQueue::Item>& into) -> Task<void> {
    into = co_await rig.queue.get(until);
  };
  boost::asio::co_spawn(t.loop, take(t, anew, item), boost::asio::detached);
  t.poll();
  REQUIRE(item.has_value());
  CHECK(item->key == "a");
}

TEST_CASE("a key that waits is raised by a live event and comes at once") {
  QueueRig t;
  t.queue.add_after("resync", 10min, WorkQueue::low_priority);
  t.queue.add("listed", WorkQueue::low_priority);
  t.queue.add("resync");
  CHECK(t.queue.delayed() == 0);
  const auto first = t.get_item();
  CHECK(first.key == "resync");
  CHECK(first.priority == WorkQueue::live_priority);
  CHECK(t.get_item().priority == WorkQueue::low_priority);
}

TEST_CASE("keys that come and go leave nothing behind") {
  QueueRig t;
  for (int i = 0; i < 1000; ++i) {
    const auto key = "key-" + std::to_string(i);
    t.queue.add_rate_limited(key, i % 2 == 0 ? WorkQueue::low_priority : 0);
    t.advance(5ms);
    REQUIRE(t.get() == key);
    t.queue.forget(key);
    t.queue.done(key);
  }
  CHECK(t.queue.depth() == 0);
  CHECK(t.queue.delayed() == 0);
  CHECK(t.queue.backoff().size() == 0);
}
