// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/metrics.h"

namespace bso::runtime {

/// The controller_runtime_* series of one controller, under the names, labels and buckets of
/// controller-runtime 0.24 (pkg/internal/controller/metrics/metrics.go). All of them are there from
/// the start, at 0, so that a rate over them sees the first event.
struct ControllerMetrics {
  ControllerMetrics(Metrics& metrics, const std::string& controller, int concurrency);

  Counter success;
  Counter error;
  Counter requeue_after;
  Counter errors;  ///< the same as `error`, under its own name
  Counter terminal_errors;
  Counter panics;
  Counter timeouts;
  Histogram time;
  Gauge active_workers;
};

}  // namespace bso::runtime
