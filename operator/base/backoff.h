// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

namespace bso {

/// Growing pauses between attempts of one activity. Time and chance are passed in, so that tests
/// decide both.
class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds initial;
    double factor;
    std::chrono::milliseconds cap;
    double jitter;  ///< a pause d becomes d * (1 + jitter * random in [0,1))
    std::chrono::milliseconds reset_after;  ///< a quiet time this long forgets the past; 0: never
  };

  using Random = std::function<double()>;  ///< uniform in [0,1)

  /// client-go's reflector: 800 ms, doubled to 30 s, jitter 1.0, forgotten after 2 minutes
  /// (tools/cache/reflector.go, client-go 0.37).
  static Options reflector();

  Backoff(Options options, Random random);

  /// The next pause. `now` is monotonic time.
  std::chrono::milliseconds next(std::chrono::steady_clock::time_point now);
  void reset();

 private:
  Options options_;
  Random random_;
  std::chrono::milliseconds base_;
  std::chrono::steady_clock::time_point last_{};
};

/// A process-wide source of chance for everything that is not security (jitter, time-outs).
double uniform_random();

}  // namespace bso
