// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cluster/view.h"
#include "diagnosis/verdict.h"

namespace bso::diagnosis {

struct Diagnosis {
  /// Nothing when the pod does not wait for a volume that somebody else has, as far as is known:
  /// then an annotation of an earlier verdict is to be taken away.
  std::optional<Verdict> verdict;
  /// When to ask again although nothing changed; never earlier than `now`.
  std::optional<WallTime> look_again;
};

/// Why this pod of the view is stuck, judged from the view alone: claims, volumes, attachments,
/// nodes, owners and what the driver allows. Events are not needed; their words raise the
/// confidence and name holders that the graph cannot tell apart, and are believed only where the
/// graph agrees. A holder is named only when it is proven or the only explanation left.
///
/// The pod counts as stuck 10 seconds after it was placed, or at once when the kubelet or the
/// attach-detach controller reports a conflict for its UID.
///
/// The view has to be in sync: while pods are missing, one that exists may look like an orphan.
[[nodiscard]] Diagnosis diagnose(const cluster::View& view, const cluster::Pod& pod, WallTime now,
                                 const SemanticsOverrides& overrides = {});

}  // namespace bso::diagnosis
