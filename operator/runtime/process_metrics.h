// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/metrics.h"

namespace bso::runtime {

/// Adds process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
/// process_open_fds, process_max_fds and process_start_time_seconds, read from /proc at each
/// scrape. Names and meaning are those of every Prometheus client (client_golang
/// prometheus/process_collector.go).
void show_process_metrics(Metrics& metrics);

}  // namespace bso::runtime
