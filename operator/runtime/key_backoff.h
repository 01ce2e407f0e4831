// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace bso::runtime {

/// How long each failing key waits: `base` doubled with every failure up to `cap`, until the key is
/// forgotten (client-go ItemExponentialFailureRateLimiter,
/// util/workqueue/default_rate_limiters.go).
class KeyBackoff {
 public:
  using Duration = std::chrono::steady_clock::duration;

  KeyBackoff(Duration base, Duration cap) : base_(base), cap_(cap) {}

  /// Counts a failure of `key`; the pause before it is tried again.
  Duration next(const std::string& key);
  void forget(const std::string& key) { failures_.erase(key); }

  [[nodiscard]] int failures(const std::string& key) const;
  /// How many keys are remembered.
  [[nodiscard]] std::size_t size() const { return failures_.size(); }

 private:
  Duration base_;
  Duration cap_;
  std::unordered_map<std::string, int> failures_;
};

}  // namespace bso::runtime
