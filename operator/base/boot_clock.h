// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace bso {

/// Time that never jumps and goes on while the machine is suspended (CLOCK_BOOTTIME), which
/// std::chrono::steady_clock on Linux (CLOCK_MONOTONIC) does not. For deadlines that others keep
/// with clocks of their own.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  [[nodiscard]] static time_point now() noexcept;
};

}  // namespace bso
