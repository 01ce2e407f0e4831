// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "runtime/clock.h"
#include "runtime/metrics.h"

namespace bso::runtime {

/// The workqueue_* series of one queue, under the names, labels and buckets of controller-runtime
/// 0.24 (pkg/metrics/workqueue.go), so that dashboards made for Go operators show this one. All of
/// them are there from the start.
class WorkQueueMetrics {
 public:
  /// `metrics` outlives it.
  WorkQueueMetrics(Metrics& metrics, const std::string& queue);

  /// A key became ready to be worked on.
  void added(int priority);
  /// A ready key went from one priority to another.
  void raised(int from, int to);
  /// A ready key was handed out after it had waited that long.
  void taken(int priority, Clock::Duration waited);
  /// A key handed out is done.
  void worked(Clock::Duration took) const;
  void retried() const { retries_.add(); }
  /// The ages of all keys being worked on: their sum and the greatest.
  void under_way(Clock::Duration sum, Clock::Duration longest) const;

  [[nodiscard]] std::size_t depth(int priority) const;
  [[nodiscard]] double adds() const { return adds_.value(); }
  [[nodiscard]] double retries() const { return retries_.value(); }
  [[nodiscard]] double unfinished_seconds() const { return unfinished_.value(); }
  [[nodiscard]] double longest_seconds() const { return longest_.value(); }

 private:
  const Gauge& depth_of(int priority);

  Metrics& metrics_;
  Labels labels_;
  std::map<int, Gauge> depth_;  ///< by priority; one that was seen stays, at 0
  Counter adds_;
  Counter retries_;
  Histogram waited_;
  Histogram worked_;
  Gauge unfinished_;
  Gauge longest_;
};

}  // namespace bso::runtime
