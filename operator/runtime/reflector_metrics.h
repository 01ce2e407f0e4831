// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kube/reflector.h"
#include "runtime/metrics.h"

namespace bso::runtime {

/// Shows what a reflector does at each scrape. Where client-go had a name for it
/// (tools/cache/reflector_metrics.go), that name is used: reflector_lists_total,
/// reflector_watches_total, reflector_short_watches_total, reflector_last_resource_version.
/// Besides, with the label `watch`: blockstorage_reflector_last_heard_seconds (how long ago),
/// blockstorage_reflector_synced, blockstorage_reflector_stale, and the counters
/// blockstorage_reflector_items_total, _events_total and _skipped_total. Both outlive the process's
/// last scrape.
void export_reflector_metrics(const kube::Reflector& reflector, Metrics& metrics);

}  // namespace bso::runtime
