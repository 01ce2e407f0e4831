// SPDX-License-Identifier: Apache-2.0
#include "kube/retry_policy.h"

#include <algorithm>

namespace bso::kube {

bool worth_a_retry(const Error& error, Repeat repeat) {
  const bool harmless = repeat == Repeat::harmless;
  switch (error.kind) {
    case ErrorKind::network:
      return harmless || !error.may_have_executed;
    case ErrorKind::status:
      if (error.code == 429) return true;
      if (!harmless) return false;
      return error.code == 503 || error.code == 504 || (error.code == 500 && error.retry_after);
    default:
      return false;
  }
}

Retries::Retries(const RetryPolicy& policy, Repeat repeat,
                 std::chrono::steady_clock::time_point deadline)
    : policy_(policy),
      repeat_(repeat),
      deadline_(deadline),
      backoff_(policy.pause, policy.random) {}

std::optional<std::chrono::milliseconds> Retries::next(const Error& error,
                                                       std::chrono::steady_clock::time_point now) {
  ++tried_;
  if (tried_ >= policy_.tries || !worth_a_retry(error, repeat_)) return std::nullopt;
  if (policy_.stop != nullptr && policy_.stop->requested()) return std::nullopt;
  std::chrono::milliseconds pause = backoff_.next(now);
  if (error.retry_after) {
    pause = std::max<std::chrono::milliseconds>(pause, *error.retry_after);
  }
  if (now + pause >= deadline_) return std::nullopt;
  return pause;
}

}  // namespace bso::kube
