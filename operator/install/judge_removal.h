// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "install/conditions.h"

namespace bso::install {

/// "2 volumes use the driver ibm/ibmc-block: pv-1, pv-2", or that it is not known.
[[nodiscard]] std::string in_use(const ParsedSpec& parsed, const std::optional<VolumeUse>& volumes);

/// What the condition DeletionBlocked says of a removal that is blocked.
[[nodiscard]] Verdict removal_obstacle(const ParsedSpec& parsed,
                                       const std::optional<VolumeUse>& volumes);

/// The condition DeletionBlocked.
[[nodiscard]] Verdict judge_deletion(const StatusInput& input, const Health& health);

/// The condition Progressing while the plug-in is taken away.
[[nodiscard]] Verdict judge_removal_progress(const StatusInput& input, const Health& health,
                                             const Verdict& deletion_blocked);

/// What the other conditions say of a plug-in that has been taken away.
void say_removed(Verdicts& verdicts);

}  // namespace bso::install
