// SPDX-License-Identifier: Apache-2.0
#include "support/eventually.h"

#include <thread>

namespace bso::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPause = 15ms;

std::string seconds(Clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
         " ms";
}

Missing guarded(const Look& look) {
  try {
    return look();
  } catch (const TestFailure& failure) {
    return failure.what();
  }
}

}  // namespace

void eventually(std::string_view what, const Look& look, std::chrono::milliseconds deadline) {
  const auto start = Clock::now();
  while (true) {
    const auto missing = guarded(look);
    if (!missing) return;
    if (Clock::now() - start > deadline) {
      throw TestFailure(std::string(what) + ": not within " + seconds(deadline) +
                        ". Seen last: " + *missing);
    }
    std::this_thread::sleep_for(kPause);
  }
}

void holds(std::string_view what, const Look& look, std::chrono::milliseconds window) {
  const auto start = Clock::now();
  while (Clock::now() - start < window) {
    if (const auto missing = guarded(look)) {
      throw TestFailure(std::string(what) + ": broken after " + seconds(Clock::now() - start) +
                        ". Seen: " + *missing);
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace bso::test
