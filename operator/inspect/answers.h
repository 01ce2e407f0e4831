// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "diagnosis/diagnose.h"
#include "inspect/snapshot.h"

namespace bso::inspect {

/// What is to be told of one pod.
struct Answer {
  std::string ns;
  std::string pod;
  std::optional<diagnosis::Verdict> verdict;
  std::string reason;  ///< without a verdict: why there is none
};

struct Answers {
  std::vector<Answer> pods;   ///< the worst first
  std::size_t looked_at = 0;  ///< pods of the scope, with volumes and without
  std::vector<std::string>
      warnings;  ///< what could not be looked at and what that costs; sentences
  WallTime now{};

  /// Somebody waits for a volume that is held.
  [[nodiscard]] bool conflict() const;
};

/// The pods that were asked for, stuck or not; there is one for each namespace that has such a pod.
[[nodiscard]] Answers answer_asked(const Snapshot& snapshot, WallTime now);

/// Those pods of a namespace ("" is all) that wait for a volume which somebody has: what will not
/// heal by itself before what will, then who waits longest.
[[nodiscard]] Answers answer_scope(const Snapshot& snapshot, const std::string& ns, WallTime now);

/// For a snapshot that has the pods of one namespace only: whether pods of others could change the
/// answer, because somebody waits and who holds the volume is not known.
[[nodiscard]] bool others_may_matter(const Snapshot& snapshot, const std::string& ns, WallTime now);

}  // namespace bso::inspect
