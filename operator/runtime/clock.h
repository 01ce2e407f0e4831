// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "base/task.h"

namespace bso::runtime {

/// Time as the parts of this room see it. The process has one; tests turn one of their own by hand.
class Clock {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  virtual ~Clock() = default;

  [[nodiscard]] virtual Instant now() const = 0;  ///< monotonic
  [[nodiscard]] virtual WallTime wall() const = 0;

  /// Lets `timer` expire at `at`; what waits on it already is woken. `timer` is the caller's, who
  /// calls drop() before it goes.
  virtual void set(boost::asio::steady_timer& timer, Instant at) = 0;
  virtual void drop(boost::asio::steady_timer& timer) = 0;
};

/// The clocks of the machine.
[[nodiscard]] Clock& system_clock();

/// What a coroutine waits on: a time, or being rung. Several may wait on one alarm; whoever is
/// woken looks at its own state and waits again if there was nothing for it.
class Alarm {
 public:
  using Instant = Clock::Instant;

  Alarm(Executor executor, Clock& clock);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Returns at `at` or when rung, and now and then for no reason. Instant::max() waits for the
  /// bell alone.
  Task<void> wait_until(Instant at);
  void ring() { timer_.cancel(); }

 private:
  Clock& clock_;
  boost::asio::steady_timer timer_;
  Instant until_ = Instant::max();
};

}  // namespace bso::runtime
