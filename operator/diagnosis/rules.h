// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "diagnosis/scene.h"

/// The rules that make a verdict of a scene; the first that has one decides. Only for diagnose.cpp.
namespace bso::diagnosis {

/// The kubelet refuses to mount it with another SELinux label than that of a pod beside this one.
[[nodiscard]] std::optional<Verdict> from_selinux_labels(Scene& scene);
/// The driver names pods by their directories on this node.
[[nodiscard]] std::optional<Verdict> from_named_pods(Scene& scene);
/// Who holds it by the rule of the driver alone.
[[nodiscard]] std::optional<Verdict> from_users(Scene& scene);
/// The driver names a directory of a pod that has ended or no longer exists.
[[nodiscard]] std::optional<Verdict> from_leftover_mount(Scene& scene);
/// Nobody holds it, but the disk is still somewhere else.
[[nodiscard]] std::optional<Verdict> from_attachments(Scene& scene);
/// Only words are left.
[[nodiscard]] std::optional<Verdict> from_text(Scene& scene);

/// For a pod that the scheduler places nowhere: who has the claim that one pod of the cluster may
/// use.
[[nodiscard]] std::optional<Verdict> from_refused_claim(Scene& scene);
/// For a pod that does not wait itself: being deleted on a node that no longer reports, it keeps
/// both its volume and its name, so that its StatefulSet cannot make the one that would wait.
[[nodiscard]] std::optional<Verdict> from_kept_name(Scene& scene);

/// The node beside the waiting pod's own that the hint names; "" when there is none.
[[nodiscard]] std::string named_node(const Scene& scene);

}  // namespace bso::diagnosis
