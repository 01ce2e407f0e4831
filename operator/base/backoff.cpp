// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.h"

#include <algorithm>
#include <random>
#include <utility>

namespace bso {

Backoff::Options Backoff::reflector() {
  using namespace std::chrono_literals;
  return {.initial = 800ms, .factor = 2.0, .cap = 30s, .jitter = 1.0, .reset_after = 2min};
}

Backoff::Backoff(Options options, Random random)
    : options_(options), random_(std::move(random)), base_(options.initial) {}

std::chrono::milliseconds Backoff::next(std::chrono::steady_clock::time_point now) {
  const bool quiet = options_.reset_after.count() > 0 && now - last_ > options_.reset_after;
  if (quiet) base_ = options_.initial;
  const auto scale = 1.0 + options_.jitter * random_();
  const std::chrono::milliseconds pause{
      static_cast<std::chrono::milliseconds::rep>(static_cast<double>(base_.count()) * scale)};
  last_ = now + pause;
  base_ =
      std::min(options_.cap, std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(
                                 static_cast<double>(base_.count()) * options_.factor)});
  return pause;
}

void Backoff::reset() { base_ = options_.initial; }

double uniform_random() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>{0.0, 1.0}(engine);
}

}  // namespace bso
