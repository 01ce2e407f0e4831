// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "inspect/snapshot.h"

namespace bso::inspect {

/// Why a pod without a verdict does not run, or that it does, in one line of printable ASCII: "It
/// runs.", "It waits for the scheduler: ...". Never says that somebody holds its volume.
[[nodiscard]] std::string why_not_stuck(const Snapshot& snapshot, const Asked& asked, WallTime now);

}  // namespace bso::inspect
