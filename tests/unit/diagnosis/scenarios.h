// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "unit/diagnosis/world.h"

namespace bso::test {

/// One cause of a pod that does not start, as Kubernetes leaves its objects and events.
struct Scenario {
  std::string number;  ///< "C1"; a letter after it for another form of the same
  std::string cause;   ///< as the annotation names it; "" when nothing may be claimed
  std::string remark;  ///< then: what is said of it elsewhere
  std::function<void(World& world)> build;
  std::string pod;
  int seconds = 60;
  /// Only an event tells of it: without one, and without an annotation, nothing is known.
  bool by_words = false;
};

/// All causes, by number.
[[nodiscard]] const std::vector<Scenario>& scenarios();

}  // namespace bso::test
