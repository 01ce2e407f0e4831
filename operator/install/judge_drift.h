// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "install/conditions.h"
#include "install/status.h"

namespace bso::install {

/// DriftDetected. Held comes before reported, reported before repaired; what was repaired is told
/// of until the spec changes.
[[nodiscard]] Verdict judge_drift(const StatusInput& input);

/// Adds what is held to the troubles, for Degraded: it is not as the spec wants it and will not be.
void add_drift_troubles(std::vector<Trouble>& troubles, const StatusInput& input);

}  // namespace bso::install
