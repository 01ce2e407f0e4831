// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "runtime/clock.h"

namespace bso::runtime {

/// Stands still until a test moves it on. Outlives what uses it.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall() const override {
    return WallTime(std::chrono::seconds(1'770'000'000)) +
           std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch());
  }
  void set(boost::asio::steady_timer& timer, Instant at) override {
    timer.expires_at(boost::asio::steady_timer::time_point::max());
    alarms_[&timer] = at;
  }
  void drop(boost::asio::steady_timer& timer) override { alarms_.erase(&timer); }

  /// Whoever waits for a time up to then is woken, and runs when the loop is polled.
  void advance(Duration by) {
    now_ += by;
    std::vector<boost::asio::steady_timer*> due;
    for (const auto& [timer, at] : alarms_) {
      if (at <= now_) due.push_back(timer);
    }
    for (auto* timer : due) {
      alarms_.erase(timer);
      timer->cancel();
    }
  }
  /// When the next of those who wait is to be woken.
  [[nodiscard]] Instant next() const {
    auto first = Instant::max();
    for (const auto& [timer, at] : alarms_) first = std::min(first, at);
    return first;
  }

 private:
  Instant now_{std::chrono::hours(1000)};
  std::map<boost::asio::steady_timer*, Instant> alarms_;
};

}  // namespace bso::runtime
