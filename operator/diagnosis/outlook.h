// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/view.h"
#include "diagnosis/semantics.h"
#include "diagnosis/verdict.h"

namespace bso::diagnosis {

/// What will hold pods up although perhaps none is stuck now. The names are part of the metrics'
/// and Events' format.
enum class Risk {
  replicas_cannot_share,   ///< several replicas on a volume that one pod may use
  owners_cannot_share,     ///< several workloads on one
  replicas_need_one_node,  ///< several replicas on a volume that one node may use
  rollout_will_deadlock,   ///< the new pod waits for the volume, the old one for the new pod
  rollout_may_deadlock     ///< so it is when the new pod comes to another node
};

/// "VolumeCannotBeShared", "VolumeNeedsOneNode", "RolloutWillDeadlock", "RolloutMayDeadlock".
[[nodiscard]] std::string_view reason_of(Risk risk);

/// Whether it comes so wherever the pods are placed.
[[nodiscard]] bool is_certain(Risk risk);

/// What is to be said of a claim whose users cannot all run, or not wherever they are placed. Plain
/// values that depend on what is asked of the cluster, not on how far its pods have come: equal
/// situations give equal outlooks.
struct Outlook {
  Risk risk = Risk::replicas_cannot_share;
  std::string ns;
  std::string claim;
  std::string claim_uid;
  std::string pv;
  std::string driver;
  Semantics semantics;
  OwnerName owner;  ///< whom to tell: what makes the pods
  std::string owner_uid;
  int replicas = 1;  ///< that the owner asks for
  OwnerName other;   ///< owners_cannot_share: who else has pods with the claim
  bool operator==(const Outlook&) const = default;
};

/// nullopt when all users can run, and when that is not certain: for a volume whose driver does not
/// refuse a second user, for one that keeps its pods on one node by itself, for pods that their own
/// scheduling rules keep there, and for what was only learned from a driver's words.
[[nodiscard]] std::optional<Outlook> outlook(const cluster::View& view, std::string_view ns,
                                             std::string_view claim,
                                             const SemanticsOverrides& overrides = {});

/// The text of the Events: volume and claim first, who, by which rule, what will happen, and the
/// command. ASCII, one line, at most 1024 bytes (events.k8s.io/v1).
[[nodiscard]] std::string outlook_sentence(const Outlook& outlook);

}  // namespace bso::diagnosis
