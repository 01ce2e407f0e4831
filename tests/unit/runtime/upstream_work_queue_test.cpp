// SPDX-License-Identifier: Apache-2.0
// The cases of client-go util/workqueue/queue_test.go, delaying_queue_test.go and metrics_test.go,
// and of kube-rs' scheduler, that mean something in a program of one thread.
#include <catch2/catch.hpp>

#include "queue_rig.h"
#include "runtime/work_queue.h"
#include "shown_metric.h"

using namespace bso;
using namespace bso::runtime;
using bso::test::shown;
using namespace std::chrono_literals;

TEST_CASE("TestBasic", "[upstream][workqueue]") {
  QueueRig t;
  for (int round = 0; round < 50; ++round) {
    for (int producer = 0; producer < 50; ++producer) t.queue.add(std::to_string(producer));
    const auto keys = t.drain();
    CHECK(keys.size() == 50);
    for (const auto& key : keys) t.queue.done(key);
  }
  t.stop.request();
  t.queue.add("added after shutdown!");
  CHECK(t.get() == "(stopped)");
}

TEST_CASE("TestAddWhileProcessing", "[upstream][workqueue]") {
  QueueRig t;
  for (int i = 0; i < 50; ++i) t.queue.add(std::to_string(i));
  std::map<std::string, int> seen;
  for (auto key = t.get(); key != "(none)"; key = t.get()) {
    if (++seen[key] < 2) t.queue.add(key);
    t.queue.done(key);
  }
  CHECK(seen.size() == 50);
  for (const auto& [key, times] : seen) CHECK(times == 2);
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("TestLen", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.queue.depth() == 1);
  t.queue.add("bar");
  CHECK(t.queue.depth() == 2);
  t.queue.add("foo");
  CHECK(t.queue.depth() == 2);
}

TEST_CASE("TestReinsert", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.get() == "foo");
  t.queue.add("foo");
  t.queue.done("foo");
  CHECK(t.get() == "foo");
  t.queue.done("foo");
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("TestCollapse", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("bar");
  t.queue.add("bar");
  CHECK(t.get() == "bar");
  t.queue.done("bar");
  CHECK(t.get() == "(none)");
}

TEST_CASE("TestCollapseWhileProcessing", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.get() == "foo");
  t.queue.add("foo");
  t.queue.add("foo");
  CHECK(t.get() == "(none)");
  t.queue.done("foo");
  CHECK(t.get() == "foo");
  t.queue.done("foo");
  CHECK(t.get() == "(none)");
}

TEST_CASE("TestNoQueueDrainageUsingShutDown", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("foo");
  t.queue.add("bar");
  CHECK(t.get() == "foo");
  CHECK(t.get() == "bar");
  t.stop.request();  // although neither is done
  CHECK(t.get() == "(stopped)");
}

TEST_CASE("TestGarbageCollection", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("hello");
  CHECK(t.get() == "hello");
  t.queue.done("hello");
  CHECK(t.queue.depth() + t.queue.delayed() + t.queue.backoff().size() == 0);
}

TEST_CASE("TestDoneIdempotent", "[upstream][workqueue]") {
  QueueRig t;
  t.queue.add("x");
  CHECK(t.get() == "x");
  t.queue.add("x");
  t.queue.done("x");
  t.queue.done("x");
  CHECK(t.queue.depth() == 1);
  CHECK(t.get() == "x");
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("TestSimpleQueue", "[upstream][delaying_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 50ms);
  CHECK(t.queue.depth() == 0);
  t.advance(60ms);
  CHECK(t.queue.depth() == 1);
  CHECK(t.get() == "foo");
  t.queue.done("foo");
  t.advance(10s);
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("TestDeduping", "[upstream][delaying_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 50ms);
  t.queue.add_after("foo", 70ms);
  CHECK(t.queue.depth() == 0);
  t.advance(60ms);
  CHECK(t.get() == "foo");
  t.queue.done("foo");
  t.advance(20ms);
  CHECK(t.queue.depth() == 0);

  t.queue.add_after("foo", 50ms);
  t.queue.add_after("foo", 30ms);
  CHECK(t.queue.depth() == 0);
  t.advance(40ms);
  CHECK(t.get() == "foo");
  t.queue.done("foo");
  t.advance(20ms);
  CHECK(t.queue.depth() == 0);
}

TEST_CASE("TestAddTwoFireEarly", "[upstream][delaying_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 1s);
  t.queue.add_after("bar", 50ms);
  CHECK(t.queue.depth() == 0);
  t.advance(60ms);
  CHECK(t.get() == "bar");
  t.queue.done("bar");
  t.queue.add_after("baz", 2s);
  t.advance(1s);
  CHECK(t.get() == "foo");
  t.advance(2s);
  CHECK(t.get() == "baz");
}

TEST_CASE("TestCopyShifting", "[upstream][delaying_queue]") {
  QueueRig t;
  t.queue.add_after("foo", 1s);
  t.queue.add_after("bar", 500ms);
  t.queue.add_after("baz", 250ms);
  CHECK(t.queue.depth() == 0);
  t.advance(2s);
  CHECK(t.drain() == Keys{"baz", "bar", "foo"});
}

namespace {

const std::string kLabels = R"({controller="test",name="test"})";

}  // namespace

TEST_CASE("TestMetrics", "[upstream][workqueue_metrics]") {
  QueueRig t;
  t.queue.add("foo");
  CHECK(t.queue.metrics().adds() == 1);
  CHECK(t.queue.metrics().depth(0) == 1);

  t.advance(50us);
  CHECK(t.get() == "foo");
  CHECK(shown(t.metrics, "workqueue_queue_duration_seconds_sum" + kLabels) == Approx(5e-05));
  CHECK(shown(t.metrics, "workqueue_queue_duration_seconds_count" + kLabels) == 1);

  for (int i = 0; i < 5; ++i) t.queue.add("foo");
  CHECK(t.queue.metrics().adds() == 2);
  CHECK(t.queue.metrics().depth(0) == 1);

  t.advance(25us);
  t.queue.done("foo");
  CHECK(shown(t.metrics, "workqueue_work_duration_seconds_sum" + kLabels) == Approx(2.5e-05));
  CHECK(shown(t.metrics, "workqueue_work_duration_seconds_count" + kLabels) == 1);
  CHECK(t.queue.metrics().depth(0) == 1);

  CHECK(t.get() == "foo");
  CHECK(shown(t.metrics, "workqueue_queue_duration_seconds_sum" + kLabels) == Approx(7.5e-05));
  CHECK(shown(t.metrics, "workqueue_queue_duration_seconds_count" + kLabels) == 2);

  t.advance(1ms);
  t.queue.refresh_metrics();
  CHECK(t.queue.metrics().unfinished_seconds() == Approx(.001));
  CHECK(t.queue.metrics().longest_seconds() == Approx(.001));

  t.queue.done("foo");
  t.queue.refresh_metrics();
  CHECK(t.queue.metrics().unfinished_seconds() == 0);
  CHECK(shown(t.metrics, "workqueue_work_duration_seconds_count" + kLabels) == 2);
}

TEST_CASE("scheduler_should_hold_and_release_items", "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.queue.add("1");
  CHECK(t.get() == "1");
  t.queue.add("1");
  CHECK(t.get() == "(none)");
  t.queue.done("1");
  CHECK(t.get() == "1");
}

TEST_CASE("scheduler_should_not_reschedule_pending_items", "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.queue.add("1");
  CHECK(t.get() == "1");
  t.queue.add("1");
  t.queue.add("1");
  t.queue.done("1");
  CHECK(t.get() == "1");
  t.queue.done("1");
  CHECK(t.get() == "(none)");
}

TEST_CASE("scheduler_pending_message_should_not_block_head_of_line",
          "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.queue.add("1");
  CHECK(t.get() == "1");
  t.queue.add("1");
  t.queue.add("2");
  CHECK(t.get() == "2");
}

TEST_CASE("scheduler_should_emit_items_as_requested", "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.queue.add_after("1", 1s);
  t.queue.add_after("2", 3s);
  CHECK(t.get() == "(none)");
  t.advance(2s);
  CHECK(t.get() == "1");
  CHECK(t.get() == "(none)");
  t.advance(2s);
  CHECK(t.get() == "2");
  CHECK(t.get() == "(none)");
}

TEST_CASE("scheduler_dedupe_should_keep_earlier_item", "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.queue.add_after("a", 1s);
  t.queue.add_after("a", 3s);
  CHECK(t.get() == "(none)");
  t.advance(2s);
  CHECK(t.get() == "a");
  t.queue.done("a");
  t.advance(5s);
  CHECK(t.get() == "(none)");
}

TEST_CASE("scheduler_dedupe_should_replace_later_item", "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.queue.add_after("a", 3s);
  t.queue.add_after("a", 1s);
  CHECK(t.get() == "(none)");
  t.advance(2s);
  CHECK(t.get() == "a");
  t.queue.done("a");
  t.advance(5s);
  CHECK(t.get() == "(none)");
}

TEST_CASE("scheduler_dedupe_should_allow_rescheduling_emitted_item",
          "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  for (int i = 0; i < 2; ++i) {
    t.queue.add_after("a", 1s);
    CHECK(t.get() == "(none)");
    t.advance(2s);
    CHECK(t.get() == "a");
    t.queue.done("a");
    CHECK(t.get() == "(none)");
  }
}

TEST_CASE("runner_should_wake_when_scheduling_messages", "[upstream][kube_rs_scheduler]") {
  QueueRig t;
  t.start(1);
  t.poll();
  t.queue.add("8");
  t.poll();
  CHECK(t.taken == Keys{"8"});
}
