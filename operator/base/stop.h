// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include "base/task.h"

namespace bso {

/// Tells coroutines to come to an end. Boost 1.74 has no cancellation slots, so whoever waits
/// registers how to break its own wait. One thread only (the loop's).
class Stop {
 public:
  Stop() = default;
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  /// Runs every registered action once; later registrations run at once.
  void request();
  [[nodiscard]] bool requested() const { return requested_; }

  /// Keeps an action registered while it lives.
  class Registration {
   public:
    Registration(Stop& stop, std::function<void()> action);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    Stop& stop_;
    std::uint64_t id_;
  };

 private:
  bool requested_ = false;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::function<void()>> actions_;
};

/// Waits; ends early (returning false) when stop is requested.
Task<bool> sleep_for(std::chrono::steady_clock::duration duration, Stop& stop);

}  // namespace bso
