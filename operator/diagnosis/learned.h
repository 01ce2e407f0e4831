// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "diagnosis/verdict.h"

namespace bso::diagnosis {

/// Which drivers have refused a second pod on one node, as seen in proven verdicts: a driver that
/// nobody knows shows what it is once, and the pods after it are explained without its words. Not
/// kept over a restart: verdicts that stand remember for themselves, and the next refusal teaches
/// it again. What it teaches counts only for drivers of which nothing else is known.
class LearnedRefusals {
 public:
  /// A driver may have changed with its version, and pods are not refused every hour.
  static constexpr std::chrono::hours kLifetime{24};
  /// Whoever may create Events in a namespace can teach it one entry for each driver name.
  static constexpr std::size_t kMost = 256;

  using Pairs = std::set<std::pair<std::string, std::string>>;  ///< namespace, driver

  /// True when pairs() has changed.
  bool learn(const Verdict& verdict, WallTime now);
  /// Takes out what is too old; true when pairs() has changed.
  bool forget(WallTime now);
  [[nodiscard]] Pairs pairs() const;

 private:
  std::map<std::pair<std::string, std::string>, WallTime> last_;
};

}  // namespace bso::diagnosis
