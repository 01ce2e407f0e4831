// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/stop.h"
#include "base/task.h"
#include "runtime/clock.h"
#include "runtime/key_backoff.h"
#include "runtime/work_queue_metrics.h"

namespace bso::runtime {

/// Keys waiting for a reconcile. The contract is that of controller-runtime's priority queue
/// (pkg/controller/priorityqueue, 0.24), which keeps that of client-go's workqueue:
///
/// - a key is held once however often it is added;
/// - a key being worked on is not handed out again until it is done; what was added meanwhile then
///   comes in its old place;
/// - of several adds the earliest time and the highest priority win, neither is ever taken back;
/// - the highest priority is handed out first, and first in first out within one priority: by when
///   the key became ready, or was raised to that priority;
/// - failures back off for each key apart, 5 ms doubling to 1000 s, without a limit over all keys.
///
/// Nothing is handed out once the Stop given to get() is requested. What is held then stays, for
/// keys are few: whoever asks with a new Stop finds it. One thread only.
class WorkQueue {
 public:
  using Instant = Clock::Instant;
  using Duration = Clock::Duration;

  static constexpr std::chrono::milliseconds base_delay{5};
  static constexpr std::chrono::seconds max_delay{1000};

  static constexpr int live_priority = 0;
  /// Of what is no news: objects of a LIST, and resyncs (controller-runtime handler.LowPriority).
  static constexpr int low_priority = -100;

  struct Item {
    std::string key;
    int priority = live_priority;
    friend bool operator==(const Item&, const Item&) = default;
  };

  /// `clock` outlives the queue; `metrics` too, and shows what it does under the name `name`.
  WorkQueue(Executor executor, Clock& clock, Metrics& metrics, const std::string& name);

  void add(std::string key, int priority = live_priority);
  void add_after(std::string key, Duration delay, int priority = live_priority);
  /// After the key's own backoff, which grows with each call until forget(), and no sooner than
  /// `at_least`.
  void add_rate_limited(std::string key, int priority = live_priority, Duration at_least = {});
  void forget(const std::string& key) { backoff_.forget(key); }

  /// The next key, now locked until done(); nullopt once stopped.
  Task<std::optional<Item>> get(Stop& stop);
  void done(const std::string& key);

  /// Keys that are ready, those among them that are still being worked on included.
  [[nodiscard]] std::size_t depth();
  [[nodiscard]] std::size_t delayed() const { return waiting_.size(); }
  [[nodiscard]] const KeyBackoff& backoff() const { return backoff_; }
  [[nodiscard]] const WorkQueueMetrics& metrics() const { return metrics_; }
  /// Brings the series that depend on the time up to date.
  void refresh_metrics();

 private:
  /// A key that is held. It is in waiting_ until it is ready, then in ready_ unless it is locked.
  struct Held {
    int priority = live_priority;
    std::uint64_t order = 0;            ///< its place among the ready ones of its priority
    std::optional<Instant> later = {};  ///< not ready before
    Instant since = {};                 ///< ready since
  };
  using Node = std::pair<const std::string, Held>;  ///< of held_, whose nodes do not move
  struct Sooner {
    bool operator()(const Node* a, const Node* b) const;
  };
  struct Before {
    bool operator()(const Node* a, const Node* b) const;
  };

  void put(std::string key, int priority, std::optional<Instant> later);
  void become_ready(Node& node, Instant since);
  void release_due(Instant now);
  [[nodiscard]] Item take(Instant now);

  Clock& clock_;
  Alarm wake_;  ///< rung when there may be something for those who wait in get()
  WorkQueueMetrics metrics_;
  KeyBackoff backoff_{base_delay, max_delay};
  std::unordered_map<std::string, Held> held_;
  std::set<Node*, Sooner> waiting_;
  std::set<Node*, Before> ready_;
  std::unordered_map<std::string, Instant> locked_;  ///< handed out, since when
  std::uint64_t next_order_ = 0;
};

}  // namespace bso::runtime
