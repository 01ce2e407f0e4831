// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/stop.h"
#include "base/task.h"
#include "runtime/clock.h"
#include "runtime/controller_metrics.h"
#include "runtime/metrics.h"
#include "runtime/work_queue.h"

namespace bso::runtime {

/// What a reconcile asks for. Success forgets the key's failures; `again_after` looks at it once
/// more then.
struct Outcome {
  std::optional<Clock::Duration> again_after = {};
  /// Of that look: WorkQueue::low_priority for a mere resync. Without it, the priority at which the
  /// key was handed out.
  std::optional<int> priority = {};
};

/// What becomes of a key whose reconcile failed with `error`.
enum class Failure {
  retry,     ///< put back with the key's backoff, or with Retry-After if that is longer
  yield,     ///< put back likewise, but routine: we were told to hold back, nothing is wrong
  terminal,  ///< not retried: only a change can help, and a change queues the key
};
[[nodiscard]] Failure judge(const Error& error);

/// Runs a reconcile function for the keys of one queue, several at a time, never the same key twice
/// at once. A reconcile that throws is logged, counted and retried like a failure.
class Controller {
 public:
  using Reconcile = std::function<Task<Result<Outcome>>(std::string key)>;

  struct Options {
    std::string name;  ///< for logs and the `controller` label
    int concurrency = 1;
    /// A reconcile that takes longer is said and counted, once. It is not broken off: Boost 1.74
    /// has no cancellation, and each request that it waits for has a bound of its own. None: no
    /// limit.
    std::optional<Clock::Duration> overdue_after = {};
  };

  /// `metrics` and `clock` outlive it.
  Controller(Executor executor, Options options, Reconcile reconcile, Metrics& metrics,
             Clock& clock = system_clock());

  WorkQueue& queue() { return queue_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }

  /// Returns when stopped and every reconcile under way has ended; none begins after the stop. May
  /// be run again with another Stop.
  Task<void> run(Stop& stop);

 private:
  struct UnderWay {
    std::string key;
    Clock::Instant since;
    bool overdue = false;
  };

  Task<void> work(Stop& stop);
  Task<void> watch_overdue(Stop& stop);
  Task<Result<Outcome>> guarded(std::string key);
  void settle(const WorkQueue::Item& item, const Result<Outcome>& outcome);
  void settle_failure(const WorkQueue::Item& item, const Error& error);

  Options options_;
  Reconcile reconcile_;
  Executor executor_;
  Clock& clock_;
  ControllerMetrics metrics_;
  WorkQueue queue_;
  std::list<UnderWay> under_way_;  ///< oldest first
};

}  // namespace bso::runtime
