// SPDX-License-Identifier: Apache-2.0
#include "runtime/controller_metrics.h"

namespace bso::runtime {
namespace {

Counter total(Metrics& metrics, const std::string& controller, const std::string& result) {
  return metrics.counter("controller_runtime_reconcile_total",
                         "Total number of reconciliations per controller",
                         {{"controller", controller}, {"result", result}});
}

const Buckets kReconcileBuckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3,  0.35,
                                0.4,   0.45, 0.5,   0.6,  0.7, 0.8,  0.9, 1.0,  1.25, 1.5,
                                1.75,  2.0,  2.5,   3.0,  3.5, 4.0,  4.5, 5,    6,    7,
                                8,     9,    10,    15,   20,  25,   30,  40,   50,   60};

}  // namespace

ControllerMetrics::ControllerMetrics(Metrics& metrics, const std::string& controller,
                                     int concurrency)
    : success(total(metrics, controller, "success")),
      error(total(metrics, controller, "error")),
      requeue_after(total(metrics, controller, "requeue_after")),
      errors(metrics.counter("controller_runtime_reconcile_errors_total",
                             "Total number of reconciliation errors per controller",
                             {{"controller", controller}})),
      terminal_errors(
          metrics.counter("controller_runtime_terminal_reconcile_errors_total",
                          "Total number of terminal reconciliation errors per controller",
                          {{"controller", controller}})),
      panics(metrics.counter("controller_runtime_reconcile_panics_total",
                             "Total number of reconciliation panics per controller",
                             {{"controller", controller}})),
      timeouts(metrics.counter("controller_runtime_reconcile_timeouts_total",
                               "Total number of reconciliation timeouts per controller",
                               {{"controller", controller}})),
      time(metrics.histogram("controller_runtime_reconcile_time_seconds",
                             "Length of time per reconciliation per controller",
                             {{"controller", controller}}, kReconcileBuckets)),
      active_workers(metrics.gauge("controller_runtime_active_workers",
                                   "Number of currently used workers per controller",
                                   {{"controller", controller}})) {
  // Nothing here asks for a retry that is not a failure, but dashboards expect all four results.
  (void)total(metrics, controller, "requeue");
  metrics
      .gauge("controller_runtime_max_concurrent_reconciles",
             "Maximum number of concurrent reconciles per controller", {{"controller", controller}})
      .set(concurrency);
}

}  // namespace bso::runtime
