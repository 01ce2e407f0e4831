// SPDX-License-Identifier: Apache-2.0
// The cases of controller-runtime pkg/controller/priorityqueue/priorityqueue_test.go.
#include <catch2/catch.hpp>

#include "queue_rig.h"
#include "runtime/work_queue.h"

using namespace bso;
using namespace bso::runtime;
using namespace std::chrono_literals;

namespace {

std::size_t depth(QueueRig& rig, int priority = 0) { return rig.queue.metrics().depth(priority); }

}  // namespace

TEST_CASE("returns an item", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.get() == "foo");
  CHECK(depth(t) == 0);
  CHECK(t.queue.metrics().adds() == 1);
  CHECK(t.queue.metrics().retries() == 0);
}

TEST_CASE("returns items in order", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  t.queue.add("bar");
  CHECK(t.drain() == Keys{"foo", "bar"});
  CHECK(depth(t) == 0);
  CHECK(t.queue.metrics().adds() == 2);
}

TEST_CASE("doesn't return an item that is currently locked", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.get() == "foo");
  t.queue.add("foo");
  t.queue.add("bar");
  CHECK(t.get() == "bar");
  CHECK(depth(t) == 1);
  CHECK(t.queue.metrics().adds() == 3);
}

TEST_CASE("returns an item as soon as its unlocked", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.get() == "foo");
  t.queue.add("foo");
  t.queue.add("bar");
  CHECK(t.get() == "bar");
  t.queue.add("baz");
  t.queue.done("foo");
  CHECK(t.get() == "foo");
  CHECK(depth(t) == 1);
  CHECK(t.queue.metrics().adds() == 4);
}

TEST_CASE("de-duplicates items", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  t.queue.add("foo");
  CHECK(t.queue.depth() == 1);
  CHECK(depth(t) == 1);
  CHECK(t.queue.metrics().adds() == 1);
}

TEST_CASE("enqueues a locked item", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.queue.depth() == 1);
  CHECK(t.get_item() == WorkQueue::Item{"foo", 0});
  t.queue.add("foo");
  CHECK(t.queue.depth() == 1);
  t.queue.done("foo");
  CHECK(t.get_item() == WorkQueue::Item{"foo", 0});
  CHECK(depth(t) == 0);
  CHECK(t.queue.metrics().adds() == 2);
}

TEST_CASE("retains the highest priority", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo", 1);
  t.queue.add("foo", 2);
  CHECK(t.get_item() == WorkQueue::Item{"foo", 2});
  CHECK(t.queue.depth() == 0);
  CHECK(depth(t, 1) == 0);
  CHECK(depth(t, 2) == 0);
  CHECK(t.queue.metrics().adds() == 1);
}

TEST_CASE("will not decrease the priority", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo", 2);
  t.queue.add("foo", 1);
  CHECK(t.get_item() == WorkQueue::Item{"foo", 2});
  CHECK(t.queue.depth() == 0);
  CHECK(t.queue.metrics().adds() == 1);
}

TEST_CASE("gets pushed to the front if the priority increases", "[upstream][priority_queue]") {
  QueueRig t;
  for (const char* key : {"foo", "bar", "baz"}) t.queue.add(key);
  t.queue.add("baz", 1);
  CHECK(t.get_item() == WorkQueue::Item{"baz", 1});
  CHECK(t.queue.depth() == 2);
  CHECK(depth(t) == 2);
  CHECK(depth(t, 1) == 0);
  CHECK(t.queue.metrics().adds() == 3);
}

TEST_CASE("retains the lowest after duration", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo");
  t.queue.add_after("foo", 1h);
  CHECK(t.get_item() == WorkQueue::Item{"foo", 0});
  CHECK(t.queue.depth() == 0);
  CHECK(t.queue.delayed() == 0);
  CHECK(t.queue.metrics().adds() == 1);
}

TEST_CASE("doesn't include non-ready items in Len()", "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 1min);
  t.queue.add("baz");
  t.queue.add_after("bar", 1min);
  t.queue.add("bal");
  CHECK(t.queue.depth() == 2);
  CHECK(depth(t) == 2);
}

TEST_CASE("Get from priority queue might get stuck when the priority queue is shut down",
          "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("baz");
  t.stop.request();
  t.queue.add_after("foo", 1s);
  CHECK(t.get() == "(stopped)");
  CHECK(t.get() == "(stopped)");
}

TEST_CASE(
    "updates metrics correctly for an item that gets initially added with after and then without",
    "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 1h);
  CHECK(t.queue.depth() == 0);
  CHECK(depth(t) == 0);
  t.queue.add("foo");
  CHECK(t.queue.depth() == 1);
  CHECK(depth(t) == 1);
  CHECK(t.get() == "foo");
  CHECK(t.queue.depth() == 0);
  CHECK(depth(t) == 0);
}

TEST_CASE(
    "updates metrics correctly when an item with after is re-added with higher priority and no "
    "after",
    "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 1h, 0);
  CHECK(depth(t) == 0);
  t.queue.add("foo", 1);
  CHECK(t.queue.depth() == 1);
  CHECK(depth(t, 1) == 1);
  CHECK(depth(t, 0) == 0);
  CHECK(t.get_item() == WorkQueue::Item{"foo", 1});
  CHECK(depth(t, 1) == 0);
}

TEST_CASE("follows FIFO order in the new priority queue when item priority changes",
          "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo", 0);
  t.queue.add("bar", 1);
  t.queue.add("foo", 1);
  CHECK(t.queue.depth() == 2);
  CHECK(t.get_item() == WorkQueue::Item{"bar", 1});
  CHECK(t.queue.depth() == 1);
  CHECK(t.get_item() == WorkQueue::Item{"foo", 1});
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("TestHighPriorityItemsAreReturnedBeforeLowPriorityItemMultipleTimes",
          "[upstream][priority_queue]") {
  constexpr int kPerPriority = 200;
  for (const Clock::Duration after :
       {Clock::Duration(-1s), Clock::Duration(0), Clock::Duration(1s)}) {
    QueueRig t;
    for (int i = 0; i < kPerPriority; ++i) {
      for (const int priority : {10, 5, 0, -5, -10}) {
        t.queue.add_after(std::to_string(priority) + "/" + std::to_string(i), after, priority);
      }
    }
    if (after > 0s) t.advance(after);
    for (const int priority : {10, 5, 0, -5, -10}) {
      for (int i = 0; i < kPerPriority; ++i) {
        const auto key = std::to_string(priority) + "/" + std::to_string(i);
        REQUIRE(t.get_item() == WorkQueue::Item{key, priority});
      }
      CHECK(depth(t, priority) == 0);
    }
    CHECK(t.queue.metrics().adds() == kPerPriority * 5);
    CHECK(t.queue.metrics().retries() == (after > 0s ? kPerPriority * 5 : 0));
  }
}

TEST_CASE("TestItemIsOnlyReturnedAfterAfterHasPassed", "[upstream][priority_queue]") {
  QueueRig t;
  t.start(1);
  t.poll();
  t.queue.add_after("foo", 1s);
  t.poll();
  CHECK(t.taken.empty());
  CHECK(t.clock.next() == t.clock.now() + 1s);
  t.advance(1s);
  CHECK(t.taken == Keys{"foo"});
  CHECK(depth(t) == 0);
  CHECK(t.queue.metrics().adds() == 1);
  CHECK(t.queue.metrics().retries() == 1);
}

TEST_CASE("TestHighPriorityItemThatBecameReadyIsReturnedBeforeLowPriorityItem",
          "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add("foo", -100);
  t.queue.add_after("prio", 1s, 0);
  t.advance(1s);
  CHECK(t.get_item() == WorkQueue::Item{"prio", 0});
  CHECK(depth(t, -100) == 1);
  CHECK(depth(t, 0) == 0);
  CHECK(t.queue.metrics().adds() == 2);
  CHECK(t.queue.metrics().retries() == 1);
}

TEST_CASE("TestItemIsReturnedAsSoonAsPossible", "[upstream][priority_queue]") {
  QueueRig t;
  t.start(1);
  t.poll();
  t.queue.add("foo");
  t.poll();
  CHECK(t.taken == Keys{"foo"});
  CHECK(depth(t) == 0);
}

TEST_CASE("TestWaitingItemIsReturnedRightAfterReadWithoutAfter", "[upstream][priority_queue]") {
  QueueRig t;
  t.start(1);
  t.poll();
  t.queue.add_after("foo", 1min);
  t.poll();
  CHECK(t.taken.empty());
  t.queue.add("foo");
  t.poll();
  CHECK(t.taken == Keys{"foo"});
  CHECK(depth(t) == 0);
  CHECK(t.queue.metrics().adds() == 1);
}

TEST_CASE("TestMultipleItemsWithAfterAreReturnedInCorrectOrder", "[upstream][priority_queue]") {
  QueueRig t;
  t.start(2);
  t.poll();
  t.queue.add_after("foo", 1s);
  t.queue.add_after("bar", 200ms);
  t.poll();
  CHECK(t.taken.empty());
  CHECK(t.clock.next() == t.clock.now() + 200ms);
  t.advance(1s);
  CHECK(t.taken == Keys{"bar", "foo"});
  CHECK(depth(t) == 0);
  CHECK(t.queue.metrics().adds() == 2);
}

TEST_CASE("TestGetFromPriorityQueueIsUnblockedOnShutdown", "[upstream][priority_queue]") {
  QueueRig t;
  t.start(1);
  t.poll();
  CHECK(t.taken.empty());
  t.stop.request();
  t.poll();
  CHECK(t.taken == Keys{"(stopped)"});
}

TEST_CASE("TestItemsAreInludedInLenAndMetricsOnceTheyAreReady", "[upstream][priority_queue]") {
  QueueRig t;
  for (int round = 0; round < 2; ++round) {
    t.queue.add_after("foo", 500ms);
    t.queue.add("baz");
    t.queue.add_after("bar", 500ms);
    t.queue.add("bal");
    CHECK(t.queue.depth() == 2);
    CHECK(depth(t) == 2);
    t.advance(1s);
    t.queue.refresh_metrics();
    CHECK(depth(t) == 4);
    CHECK(t.queue.depth() == 4);
    for (const auto& key : t.drain()) t.queue.done(key);
    CHECK(t.queue.depth() == 0);
    CHECK(depth(t) == 0);
  }
}

TEST_CASE(
    "TestMetricsAreUpdatedForItemWhoseRequeueAfterExpiredThatGetsAddedAgainWithoutRequeueAfter",
    "[upstream][priority_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 50ms);
  t.advance(50ms);
  CHECK(t.queue.depth() == 1);
  CHECK(depth(t) == 1);
  t.queue.add("foo");
  CHECK(t.queue.depth() == 1);
  CHECK(depth(t) == 1);
  CHECK(t.get() == "foo");
  CHECK(t.queue.depth() == 0);
  CHECK(depth(t) == 0);
}

TEST_CASE("TestWhenAddingMultipleItemsWithRatelimitTrueTheyDontAffectEachOther",
          "[upstream][priority_queue]") {
  QueueRig t;
  for (int i = 0; i < 7; ++i) {
    t.queue.add_rate_limited("bar");
    t.advance(1s);
    REQUIRE(t.get() == "bar");
    t.queue.done("bar");
  }
  t.start(2);
  t.queue.add_rate_limited("foo");
  t.queue.add_rate_limited("bar");  // 5 ms * 2^7
  t.poll();
  CHECK(t.taken.empty());
  t.advance(5ms);
  CHECK(t.taken == Keys{"foo"});
  t.advance(635ms - 1ns);
  CHECK(t.taken == Keys{"foo"});
  t.advance(1ns);
  CHECK(t.taken == Keys{"foo", "bar"});
  CHECK(depth(t) == 0);
}

TEST_CASE("TestPriorityQueueDoesNotDeadlockOnShutdownWhileHandingOutItems",
          "[upstream][priority_queue]") {
  for (int round = 0; round < 50; ++round) {
    QueueRig t;
    for (int i = 0; i < 20; ++i) t.start(3);
    t.poll();
    for (int i = 0; i < 10; ++i) t.queue.add(std::to_string(i), i * round % 7);
    t.stop.request();  // while those who wait have been woken, but have not run
    t.poll();
    REQUIRE(t.taken.size() == 60);
    CHECK(t.queue.depth() == 10);  // nothing is handed out any more
  }
}
