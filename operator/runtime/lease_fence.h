// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/boot_clock.h"
#include "base/result.h"
#include "kube/client.h"

namespace bso::runtime {

/// Lets writes through while the lease is ours, and nothing after.
///
/// Holding a lease is a belief about the past: a process that is stopped (SIGSTOP, a frozen cgroup,
/// a suspended machine, no processor time) for longer than the lease wakes up believing that it
/// leads, in the middle of whatever it did. So each write is checked against a deadline at two
/// moments: when it is begun, and again on the thread that sends, immediately before the bytes go
/// to the kernel (for a request with a body before its last part, without which the server executes
/// nothing). A write may begin until the renew deadline, and waits for its answer no longer than
/// the lease lasts. Both count from when the last successful renewal was sent, which is earlier
/// than any other replica can have seen it; the difference between the two times allows for clocks
/// that run at different rates.
///
/// The clock is CLOCK_BOOTTIME: CLOCK_MONOTONIC stands still while the machine is suspended.
///
/// What this cannot do: a pause that falls between the last look at the clock and the system call
/// that sends (microseconds apart, no waiting in between), a network that delivers late what was
/// sent in time, and a virtual machine that is stopped together with all its clocks. Against those
/// the API server has the last word: writes that could do harm carry the uid or resourceVersion
/// that they were decided on.
class LeaseFence {
 public:
  using Clock = std::function<BootClock::time_point()>;  ///< thread-safe

  explicit LeaseFence(Clock clock = BootClock::now) : clock_(std::move(clock)) {}

  /// Writes may begin until `last_begin`, and have to have ended by `end`.
  void open(BootClock::time_point last_begin, BootClock::time_point end);
  void close();

  /// How long a write that begins now may take; an Error of kind `fenced` otherwise. Any thread.
  [[nodiscard]] Result<std::chrono::milliseconds> check() const;

  [[nodiscard]] static kube::WriteFence as_write_fence(std::shared_ptr<const LeaseFence> fence);

 private:
  using Ticks = BootClock::duration::rep;

  Clock clock_;
  std::atomic<Ticks> last_begin_{0};  ///< 0: closed
  std::atomic<Ticks> end_{0};
};

}  // namespace bso::runtime
