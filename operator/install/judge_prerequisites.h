// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "install/conditions.h"

namespace bso::install {

/// The condition PrerequisitesMet.
[[nodiscard]] Verdict judge_prerequisites(const StatusInput& input);

/// Without its namespace nothing is applied: then nothing progresses either, and that is a trouble.
void say_without_namespace(Verdicts& verdicts, const Health& health);

}  // namespace bso::install
