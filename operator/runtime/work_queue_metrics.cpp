// SPDX-License-Identifier: Apache-2.0
#include "runtime/work_queue_metrics.h"

namespace bso::runtime {
namespace {

double seconds(Clock::Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// 10 ns to 1000 s (pkg/metrics/workqueue.go: ExponentialBuckets(10e-9, 10, 12)).
const Buckets& buckets() {
  static const Buckets bounds = exponential_buckets(10e-9, 10, 12);
  return bounds;
}

}  // namespace

WorkQueueMetrics::WorkQueueMetrics(Metrics& metrics, const std::string& queue)
    : metrics_(metrics),
      labels_{{"name", queue}, {"controller", queue}},
      adds_(metrics.counter("workqueue_adds_total", "Total number of adds handled by workqueue",
                            labels_)),
      retries_(metrics.counter("workqueue_retries_total",
                               "Total number of retries handled by workqueue", labels_)),
      waited_(
          metrics.histogram("workqueue_queue_duration_seconds",
                            "How long in seconds an item stays in workqueue before being requested",
                            labels_, buckets())),
      worked_(metrics.histogram("workqueue_work_duration_seconds",
                                "How long in seconds processing an item from workqueue takes.",
                                labels_, buckets())),
      unfinished_(metrics.gauge(
          "workqueue_unfinished_work_seconds",
          "How many seconds of work has been done that is in progress and hasn't been observed by "
          "work_duration. Large values indicate stuck work.",
          labels_)),
      longest_(metrics.gauge(
          "workqueue_longest_running_processor_seconds",
          "How many seconds has the longest running processor for workqueue been running.",
          labels_)) {
  (void)depth_of(0);
}

const Gauge& WorkQueueMetrics::depth_of(int priority) {
  const auto known = depth_.find(priority);
  if (known != depth_.end()) return known->second;
  auto labels = labels_;
  labels["priority"] = std::to_string(priority);
  auto gauge = metrics_.gauge("workqueue_depth",
                              "Current depth of workqueue by workqueue and priority", labels);
  return depth_.emplace(priority, gauge).first->second;
}

void WorkQueueMetrics::added(int priority) {
  adds_.add();
  depth_of(priority).add(1);
}

void WorkQueueMetrics::raised(int from, int to) {
  depth_of(from).add(-1);
  depth_of(to).add(1);
}

void WorkQueueMetrics::taken(int priority, Clock::Duration waited) {
  depth_of(priority).add(-1);
  waited_.observe(seconds(waited));
}

void WorkQueueMetrics::worked(Clock::Duration took) const { worked_.observe(seconds(took)); }

void WorkQueueMetrics::under_way(Clock::Duration sum, Clock::Duration longest) const {
  unfinished_.set(seconds(sum));
  longest_.set(seconds(longest));
}

std::size_t WorkQueueMetrics::depth(int priority) const {
  const auto known = depth_.find(priority);
  return known == depth_.end() ? 0 : static_cast<std::size_t>(known->second.value());
}

}  // namespace bso::runtime
