// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspect/answers.h"
#include "inspect/snapshot.h"

namespace bso::inspect {

/// What a diagnosis cannot tell without the objects of a kind, as the end of a sentence: "old and
/// new pods of a rollout are not told apart". "" for kinds that are not needed.
[[nodiscard]] std::string_view cost_of_missing(std::string_view kind);

/// The kinds that a snapshot should have had and has nothing of, each with what that costs; a whole
/// sentence each. Only what its other objects show to be missing: a cluster may well have no
/// VolumeAttachment.
[[nodiscard]] std::vector<std::string> gaps(const Snapshot& snapshot);

/// For a snapshot that may lack objects of any kind, as a dump may: what in the answers is only
/// true if it has all pods and all nodes; a whole sentence each.
[[nodiscard]] std::vector<std::string> doubts(const Snapshot& snapshot, const Answers& answers);

}  // namespace bso::inspect
