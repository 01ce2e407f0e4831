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
  /// Without a verdict: what the newest event about a volume of the waiting pod says instead.
  std::optional<Remark> remark;
};

/// Why this pod of the view is stuck, judged from the view alone: claims, volumes, attachments,
/// nodes, owners and what the driver allows. Events are not needed; their words raise the
/// confidence and name holders that the graph cannot tell apart, and are believed only where the
/// graph agrees. A holder is named only when it is proven or the only explanation left.
///
/// What a verdict has to remember of expired events stands in the pod's own annotation, see
/// detail(): with it, or from the graph alone, the verdict is the same when all events are gone,
/// with less confidence.
///
/// Pods that wait get a verdict, those too that are on no node because another pod has their
/// ReadWriteOncePod claim; and one that does not wait: a StatefulSet's pod being deleted on a node
/// that no longer reports, because no other pod of its name, which would wait, exists until it is
/// gone.
///
/// The pod counts as stuck 10 seconds after it was placed, or at once when the kubelet or the
/// attach-detach controller reports a conflict for its UID.
///
/// The view has to be in sync: while pods are missing, one that exists may look like an orphan.
[[nodiscard]] Diagnosis diagnose(const cluster::View& view, const cluster::Pod& pod, WallTime now,
                                 const SemanticsOverrides& overrides = {});

}  // namespace bso::diagnosis
