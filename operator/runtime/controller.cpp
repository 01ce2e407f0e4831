// SPDX-License-Identifier: Apache-2.0
#include "runtime/controller.h"

#include <exception>

#include <fmt/format.h>

#include "base/log.h"
#include "base/task_group.h"

namespace bso::runtime {
namespace {

double seconds(Clock::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Failure judge(const Error& error) {
  switch (error.kind) {
    case ErrorKind::invalid_input:
      return Failure::terminal;
    case ErrorKind::canceled:
    case ErrorKind::fenced:  // a lease that is renewed late may be ours again in a moment
      return Failure::yield;
    default:
      // A write from a picture that was overtaken is refused by design.
      return error.is_status("Conflict") ? Failure::yield : Failure::retry;
  }
}

Controller::Controller(Executor executor, Options options, Reconcile reconcile, Metrics& metrics,
                       Clock& clock)
    : options_(std::move(options)),
      reconcile_(std::move(reconcile)),
      executor_(executor),
      clock_(clock),
      metrics_(metrics, options_.name, options_.concurrency),
      queue_(std::move(executor), clock, metrics, options_.name) {
  metrics.before_scrape([this] { queue_.refresh_metrics(); });
}

Task<void> Controller::run(Stop& stop) {
  TaskGroup parts(executor_, [this](const std::exception& escaped) {
    log::error("a worker ended", {{"controller", options_.name}, {"error", escaped.what()}});
  });
  for (int i = 0; i < options_.concurrency; ++i) parts.spawn(work(stop));
  if (options_.overdue_after) parts.spawn(watch_overdue(stop));
  co_await parts.join();
}

Task<void> Controller::work(Stop& stop) {
  while (true) {
    const auto item = co_await queue_.get(stop);
    if (!item) co_return;
    metrics_.active_workers.add(1);
    const auto begun = clock_.now();
    const auto self = under_way_.insert(under_way_.end(), {item->key, begun});
    const auto outcome = co_await guarded(item->key);
    under_way_.erase(self);
    metrics_.time.observe(seconds(clock_.now() - begun));
    metrics_.active_workers.add(-1);
    settle(*item, outcome);
    queue_.done(item->key);
  }
}

/// What begins after a look cannot be overdue sooner than `overdue_after` from then, so a look at
/// the oldest ones is enough and nobody has to wake this.
Task<void> Controller::watch_overdue(Stop& stop) {
  Alarm alarm(executor_, clock_);
  const Stop::Registration registration(stop, [&alarm] { alarm.ring(); });
  while (!stop.requested()) {
    const auto now = clock_.now();
    auto next = now + *options_.overdue_after;
    for (auto& one : under_way_) {
      if (one.overdue) continue;
      if (now - one.since < *options_.overdue_after) {
        next = one.since + *options_.overdue_after;
        break;
      }
      one.overdue = true;
      metrics_.timeouts.add();
      log::warn("a reconcile takes very long",
                {{"controller", options_.name},
                 {"key", one.key},
                 {"seconds", fmt::format("{:.0f}", seconds(now - one.since))}});
    }
    co_await alarm.wait_until(next);
  }
}

Task<Result<Outcome>> Controller::guarded(std::string key) {
  std::string thrown;
  try {
    auto outcome = co_await reconcile_(key);
    co_return outcome;
  } catch (const std::exception& exception) {
    thrown = exception.what();
  }
  metrics_.panics.add();
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "the reconcile threw: " + thrown;
  co_return fail(std::move(error));
}

/// The order is controller-runtime's (pkg/internal/controller/controller.go reconcileHandler): an
/// error discards what else was asked for.
void Controller::settle(const WorkQueue::Item& item, const Result<Outcome>& outcome) {
  if (!outcome) return settle_failure(item, outcome.error());
  queue_.forget(item.key);
  if (outcome->again_after) {
    metrics_.requeue_after.add();
    queue_.add_after(item.key, *outcome->again_after, outcome->priority.value_or(item.priority));
  } else {
    metrics_.success.add();
  }
}

void Controller::settle_failure(const WorkQueue::Item& item, const Error& error) {
  metrics_.error.add();
  metrics_.errors.add();
  const auto failure = judge(error);
  const auto say = [&](log::Level level, std::string_view what) {
    log::write(level, what,
               {{"controller", options_.name}, {"key", item.key}, {"error", error.message}});
  };
  if (failure == Failure::terminal) {
    metrics_.terminal_errors.add();
    queue_.forget(item.key);
    say(log::Level::warn, "reconcile failed, a change has to come before it is tried again");
    return;
  }
  say(failure == Failure::yield ? log::Level::debug : log::Level::warn,
      "reconcile failed, will be retried");
  // The server may ask for more patience than the backoff; that it asks does not reset the backoff.
  queue_.add_rate_limited(item.key, item.priority,
                          error.retry_after.value_or(std::chrono::seconds{0}));
}

}  // namespace bso::runtime
