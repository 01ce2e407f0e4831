// SPDX-License-Identifier: Apache-2.0
#include "runtime/key_backoff.h"

#include <cmath>
#include <limits>

namespace bso::runtime {

KeyBackoff::Duration KeyBackoff::next(const std::string& key) {
  auto& count = failures_[key];
  // In floating point the doubling runs into infinity instead of overflowing.
  const auto pause = std::ldexp(static_cast<double>(base_.count()), count);
  if (count < std::numeric_limits<int>::max()) ++count;
  if (pause >= static_cast<double>(cap_.count())) return cap_;
  return Duration(static_cast<Duration::rep>(pause));
}

int KeyBackoff::failures(const std::string& key) const {
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

}  // namespace bso::runtime
