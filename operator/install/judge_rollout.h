// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "install/conditions.h"
#include "install/health.h"

namespace bso::install {

/// What Progressing says because of an approval, a stalled rollout or a rollback; nullopt when
/// there is none of them.
[[nodiscard]] std::optional<Verdict> rollout_progress(const StatusInput& input,
                                                      const Health& health);
/// Likewise for Degraded. What else stands in the way is told in the same message.
[[nodiscard]] std::optional<Verdict> rollout_degraded(const StatusInput& input,
                                                      const Health& health);
/// Whether the operator, and with it the plug-in, may be upgraded now.
[[nodiscard]] Verdict judge_upgradeable(const StatusInput& input, const Health& health);

}  // namespace bso::install
