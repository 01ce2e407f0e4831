// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/learned.h"

#include <algorithm>

namespace bso::diagnosis {

bool LearnedRefusals::learn(const Verdict& verdict, WallTime now) {
  const bool teaches = verdict.semantics.source == SemanticsSource::observed &&
                       verdict.confidence == Confidence::proven && !verdict.pv.empty();
  if (!teaches) return false;
  bool changed = forget(now);
  const auto [entry, added] = last_.try_emplace({verdict.ns, verdict.driver}, now);
  entry->second = now;
  changed = changed || added;
  if (last_.size() > kMost) {
    last_.erase(std::min_element(last_.begin(), last_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  return changed;
}

bool LearnedRefusals::forget(WallTime now) {
  return std::erase_if(last_,
                       [now](const auto& entry) { return now - entry.second >= kLifetime; }) > 0;
}

LearnedRefusals::Pairs LearnedRefusals::pairs() const {
  Pairs result;
  for (const auto& [pair, last] : last_) result.insert(pair);
  return result;
}

}  // namespace bso::diagnosis
