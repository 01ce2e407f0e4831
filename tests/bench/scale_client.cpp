// SPDX-License-Identifier: Apache-2.0
// Brings the operator's view in step with a cluster once, and prints what that took.
#include <chrono>

#include <fmt/format.h>
#include <malloc.h>

#include "base/task_group.h"
#include "bench/rooms.h"

namespace bso::bench {
namespace {

using Clock = std::chrono::steady_clock;

double mib(std::uint64_t kib) { return static_cast<double>(kib) / 1024.0; }

Task<void> sync_once(Rooms& rooms) {
  co_await rooms.warm_up();
  const auto heap_before = heap_bytes();
  const auto rss_before = status_kib("VmRSS");

  Stop stop;
  TaskGroup watches(rooms.loop.get_executor(), give_up);
  const auto begun = Clock::now();
  watches.spawn(rooms.feed->watch(stop));
  (void)co_await rooms.feed->wait_synced(stop);
  const std::chrono::duration<double> took = Clock::now() - begun;
  const auto cpu = cpu_seconds();
  const auto peak = status_kib("VmHWM");

  (void)co_await sleep_for(std::chrono::seconds{1}, stop);
  const auto settled = status_kib("VmRSS");
  const auto listed = rooms.pods_reflector().stats().listed_items;

  // Without the watches, so that the buffers of their connections do not count as the view's.
  stop.request();
  co_await watches.join();
  rooms.feed.reset();
  const auto heap_growth = heap_bytes() - heap_before;
  ::malloc_trim(0);
  const auto trimmed = status_kib("VmRSS");
  const auto kept = rooms.view->pod_count();

  fmt::print("listed={}\nkept={}\nsync_seconds={:.3f}\ncpu_seconds={:.3f}\n", listed, kept,
             took.count(), cpu);
  fmt::print("start_mib={:.1f}\npeak_mib={:.1f}\nsettled_mib={:.1f}\ntrimmed_mib={:.1f}\n",
             mib(rss_before), mib(peak), mib(settled), mib(trimmed));
  fmt::print("heap_bytes_per_kept={:.0f}\n",
             static_cast<double>(heap_growth) / static_cast<double>(kept == 0 ? 1 : kept));
}

}  // namespace
}  // namespace bso::bench

int main() {
  try {
    bso::bench::Rooms rooms;
    rooms.run(bso::bench::sync_once(rooms));
  } catch (const std::exception& error) {
    bso::bench::give_up(error);
  }
  return 0;
}
