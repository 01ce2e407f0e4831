// SPDX-License-Identifier: Apache-2.0
#include "runtime/controller.h"

#include <map>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/task_group.h"
#include "fake_clock.h"
#include "shown_metric.h"

using namespace bso;
using namespace bso::runtime;
using namespace std::chrono_literals;

namespace {

Error error_of(ErrorKind kind, std::string reason = {}) {
  Error error;
  error.kind = kind;
  error.reason = std::move(reason);
  error.message = "scripted";
  return error;
}

/// A controller whose reconciles answer what the test says.
struct Rig {
  boost::asio::io_context loop;
  FakeClock clock;
  Metrics metrics;
  Stop stop;
  std::function<Task<Result<Outcome>>(std::string)> reconcile;
  std::vector<std::string> calls;
  bool ended = false;
  Controller controller;

  explicit Rig(int concurrency = 1, std::optional<Clock::Duration> overdue = std::nullopt)
      : controller(
            loop.get_executor(),
            {.name = "test", .concurrency = concurrency, .overdue_after = overdue},
            [this](std::string key) {
              calls.push_back(key);
              return reconcile(std::move(key));
            },
            metrics, clock) {
    answer(Outcome{});
  }
  ~Rig() {
    stop.request();  // who still waits refers to the members
    poll();
  }

  void answer(Result<Outcome> outcome) {
    reconcile = [outcome](std::string) { return say(outcome); };
  }
  static Task<Result<Outcome>> say(Result<Outcome> outcome) { co_return outcome; }

  void run() {
    boost::asio::co_spawn(loop, run_into(), boost::asio::detached);
    poll();
  }
  Task<void> run_into() {
    co_await controller.run(stop);
    ended = true;
  }
  void poll() {
    loop.restart();
    loop.poll();
  }
  void advance(Clock::Duration by) {
    clock.advance(by);
    poll();
  }
  void add(std::string key, int priority = 0) {
    controller.queue().add(std::move(key), priority);
    poll();
  }
  double shown(const std::string& series) {
    return test::shown(metrics, series);
  }
  double total(const std::string& result) {
    return shown("controller_runtime_reconcile_total{controller=\"test\",result=\"" + result +
                 "\"}");
  }
  double of(const std::string& name) { return shown(name + "{controller=\"test\"}"); }
};

}  // namespace

TEST_CASE("should continue to process additional queue items after the first") {
  Rig t;
  t.run();
  t.add("a");
  t.add("b");
  CHECK(t.calls == std::vector<std::string>{"a", "b"});
  CHECK(t.total("success") == 2);
}

TEST_CASE("should requeue a Request if there is an error and continue processing items") {
  Rig t;
  t.run();
  t.answer(fail(error_of(ErrorKind::network)));
  t.add("a");
  CHECK(t.controller.queue().backoff().failures("a") == 1);
  CHECK(t.total("error") == 1);
  CHECK(t.of("controller_runtime_reconcile_errors_total") == 1);
  t.advance(4ms);
  CHECK(t.calls.size() == 1);
  t.answer(Outcome{});
  t.advance(1ms);
  CHECK(t.calls == std::vector<std::string>{"a", "a"});
  CHECK(t.controller.queue().backoff().failures("a") == 0);
  CHECK(t.controller.queue().depth() == 0);
}

TEST_CASE("should not requeue a Request if there is a terminal error") {
  Rig t;
  t.run();
  t.answer(fail(error_of(ErrorKind::network)));
  t.add("a");
  t.answer(fail(error_of(ErrorKind::invalid_input)));
  t.advance(5ms);
  CHECK(t.of("controller_runtime_terminal_reconcile_errors_total") == 1);
  CHECK(t.of("controller_runtime_reconcile_errors_total") == 2);
  CHECK(t.controller.queue().backoff().size() == 0);
  t.advance(1h);
  CHECK(t.calls.size() == 2);
  t.add("a");  // a change is looked at
  CHECK(t.calls.size() == 3);
}

TEST_CASE(
    "should requeue a Request after a duration (but not rate-limited) if the Result sets it") {
  Rig t;
  t.run();
  t.answer(fail(error_of(ErrorKind::network)));
  t.add("a");
  t.answer(Outcome{.again_after = 10min, .priority = WorkQueue::low_priority});
  t.advance(5ms);
  CHECK(t.controller.queue().backoff().size() == 0);
  CHECK(t.total("requeue_after") == 1);
  t.advance(10min - 1ns);
  CHECK(t.calls.size() == 2);
  t.advance(1ns);
  CHECK(t.calls.size() == 3);
  CHECK(t.controller.queue().metrics().adds() == 3);
}

TEST_CASE("the priority of an item stays with its retries unless the result says otherwise") {
  Rig t;
  t.answer(fail(error_of(ErrorKind::network)));
  t.controller.queue().add("a", 7);
  t.run();
  t.stop.request();  // the retry stays where it can be counted
  t.poll();
  t.clock.advance(5ms);
  t.controller.queue().refresh_metrics();
  CHECK(t.controller.queue().metrics().depth(7) == 1);
}

TEST_CASE("should return if the queue is shutdown", "[upstream][controller]") {
  Rig t;
  t.run();
  CHECK_FALSE(t.ended);
  t.stop.request();
  t.poll();
  CHECK(t.ended);
}

TEST_CASE("Retry-After is kept to and the backoff still grows") {
  Rig t;
  t.run();
  auto error = error_of(ErrorKind::status, "TooManyRequests");
  error.code = 429;
  error.retry_after = 2s;
  t.answer(fail(error));
  t.add("a");
  t.advance(2s - 1ns);
  CHECK(t.calls.size() == 1);
  t.advance(1ns);
  CHECK(t.calls.size() == 2);
  CHECK(t.controller.queue().backoff().failures("a") == 2);
}

TEST_CASE("should recover panic if RecoverPanic is true by default", "[upstream][controller]") {
  Rig t;
  t.run();
  t.reconcile = [](std::string key) -> Task<Result<Outcome>> {
    if (key == "bad") throw std::runtime_error("boom");
    co_return Outcome{};
  };
  t.add("bad");
  t.add("good");
  CHECK(t.calls == std::vector<std::string>{"bad", "good"});
  CHECK(t.of("controller_runtime_reconcile_panics_total") == 1);
  CHECK(t.total("error") == 1);
  t.advance(5ms);
  CHECK(t.calls.size() == 3);  // and is tried again
}

TEST_CASE("what we are told to hold back is put back without a warning") {
  CHECK(judge(error_of(ErrorKind::canceled)) == Failure::yield);
  CHECK(judge(error_of(ErrorKind::status, "Conflict")) == Failure::yield);
  CHECK(judge(error_of(ErrorKind::status, "Forbidden")) == Failure::retry);
  CHECK(judge(error_of(ErrorKind::timeout)) == Failure::retry);
  CHECK(judge(error_of(ErrorKind::invalid_input)) == Failure::terminal);
}

TEST_CASE("all series are there from the start") {
  Rig t;
  for (const char* result : {"success", "error", "requeue", "requeue_after"}) {
    CHECK(t.total(result) == 0);
  }
  for (const char* name :
       {"controller_runtime_reconcile_errors_total",
        "controller_runtime_terminal_reconcile_errors_total",
        "controller_runtime_reconcile_panics_total", "controller_runtime_reconcile_timeouts_total",
        "controller_runtime_active_workers", "controller_runtime_reconcile_time_seconds_count"}) {
    CHECK(t.of(name) == 0);
  }
  CHECK(t.of("controller_runtime_max_concurrent_reconciles") == 1);
  const std::string labels = R"({controller="test",name="test"})";
  for (const char* name :
       {"workqueue_adds_total", "workqueue_retries_total", "workqueue_unfinished_work_seconds",
        "workqueue_longest_running_processor_seconds", "workqueue_queue_duration_seconds_count",
        "workqueue_work_duration_seconds_count"}) {
    CHECK(t.shown(name + labels) == 0);
  }
  CHECK(t.shown(R"(workqueue_depth{controller="test",name="test",priority="0"})") == 0);
}

namespace {

/// Reconciles that stay under way until the test lets them go.
struct Gate {
  explicit Gate(Rig& rig) : rig_(rig) {
    rig.reconcile = [this](std::string key) { return wait(std::move(key)); };
  }
  Task<Result<Outcome>> wait(std::string key) {
    ++running;
    most = std::max(most, running);
    CHECK(++running_of[key] == 1);
    Latch latch(rig_.loop.get_executor());
    open[key] = &latch;
    co_await latch.wait();
    --running_of[key];
    --running;
    co_return Outcome{};
  }
  void let_go(const std::string& key) {
    open.at(key)->open();
    rig_.poll();
  }
  Rig& rig_;
  int running = 0;
  int most = 0;
  std::map<std::string, int> running_of;
  std::map<std::string, Latch*> open;
};

}  // namespace

TEST_CASE("runner_should_never_run_two_instances_at_once", "[upstream][kube_rs_scheduler]") {
  Rig t(4);
  Gate gate(t);
  t.run();
  t.add("a");
  t.add("a");
  CHECK(t.calls.size() == 1);
  gate.let_go("a");
  CHECK(t.calls.size() == 2);
  gate.let_go("a");
  t.stop.request();
  t.poll();
  CHECK(t.ended);
}

TEST_CASE("runner_should_respect_max_concurrent_executions", "[upstream][kube_rs_scheduler]") {
  Rig t(2);
  Gate gate(t);
  t.run();
  for (const char* key : {"a", "b", "c", "d"}) t.add(key);
  CHECK(gate.running == 2);
  CHECK(t.of("controller_runtime_active_workers") == 2);
  for (const char* key : {"a", "b", "c", "d"}) gate.let_go(key);
  CHECK(gate.most == 2);
  CHECK(t.calls.size() == 4);
  CHECK(t.of("controller_runtime_active_workers") == 0);
  t.stop.request();
  t.poll();
}

TEST_CASE("TestQueueDrainageUsingShutDownWithDrain", "[upstream][workqueue]") {
  Rig t(2);
  Gate gate(t);
  t.run();
  t.add("foo");
  t.add("bar");
  t.add("baz");
  t.stop.request();
  t.poll();
  CHECK_FALSE(t.ended);
  gate.let_go("foo");
  CHECK_FALSE(t.ended);
  gate.let_go("bar");
  CHECK(t.ended);
  CHECK(t.calls == std::vector<std::string>{"foo", "bar"});  // nothing begins after the stop
}

TEST_CASE("TestQueueDrainageUsingShutDownWithDrainWithDirtyItem", "[upstream][workqueue]") {
  Rig t;
  Gate gate(t);
  t.run();
  t.add("foo");
  t.add("foo");
  t.stop.request();
  t.poll();
  CHECK_FALSE(t.ended);
  gate.let_go("foo");
  CHECK(t.ended);
  // Unlike client-go's and like controller-runtime's queue: it is not handed out again.
  CHECK(t.calls.size() == 1);
  CHECK(t.controller.queue().depth() == 1);
}

TEST_CASE("a reconcile that takes too long is counted once") {
  Rig t(2, 1min);
  Gate gate(t);
  t.run();
  t.add("slow");
  t.advance(30s);
  t.add("later");
  t.advance(30s);
  CHECK(t.of("controller_runtime_reconcile_timeouts_total") == 1);
  t.advance(10s);
  gate.let_go("later");
  t.advance(5min);
  CHECK(t.of("controller_runtime_reconcile_timeouts_total") == 1);
  gate.let_go("slow");
  CHECK(t.shown("controller_runtime_reconcile_time_seconds_sum{controller=\"test\"}") ==
        Approx(370 + 40));
  t.stop.request();
  t.poll();
  CHECK(t.ended);
}

TEST_CASE("runner_should_wait_for_readiness", "[upstream][kube_rs_scheduler]") {
  Rig t;
  t.add("1");
  CHECK(t.calls.empty());
  t.run();
  CHECK(t.calls == std::vector<std::string>{"1"});
}

TEST_CASE("runner_should_dedupe_while_waiting_for_readiness", "[upstream][kube_rs_scheduler]") {
  Rig t;
  for (const char* key : {"a", "b", "a"}) t.add(key);
  t.run();
  CHECK(t.calls == std::vector<std::string>{"a", "b"});
}

TEST_CASE("TestShutDownWithDrainManyWorkers", "[upstream][workqueue]") {
  Rig t(8);
  for (int i = 0; i < 50; ++i) t.add(std::to_string(i));
  t.run();
  CHECK(t.calls.size() == 50);
  t.stop.request();
  t.poll();
  CHECK(t.ended);
}
