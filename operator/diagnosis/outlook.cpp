// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/outlook.h"

#include <iterator>
#include <map>
#include <tuple>
#include <vector>

#include "diagnosis/rollout.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;
using cluster::Workload;
using cluster::WorkloadKind;

/// Those of a claim's users that one owner makes.
struct UsersOf {
  cluster::Owner owner;
  const Workload* record = nullptr;  ///< Deployment, StatefulSet or bare ReplicaSet; else nullptr
  bool shares = false;               ///< every replica has this same claim
  bool tied_to_node = false;

  [[nodiscard]] bool wants_several() const { return record != nullptr && record->replicas > 1; }
  /// Does not end by itself, so nobody has the volume after it.
  [[nodiscard]] bool lasts() const { return record != nullptr || owner.kind == "DaemonSet"; }
};
/// By kind, name and UID.
using Users = std::map<std::tuple<std::string, std::string, std::string>, UsersOf>;

/// Made for this pod alone: by a StatefulSet's volumeClaimTemplates (pkg/controller/statefulset/
/// stateful_set_utils.go: getPersistentVolumeClaimName), or for an ephemeral volume
/// (pkg/volume/util: the pod's name and the volume's).
bool is_pods_own(const Pod& pod, std::string_view claim) {
  return claim.ends_with("-" + pod.name) || claim.starts_with(pod.name + "-");
}

/// A kind that is watched: without its record it is not known how many pods it wants.
bool has_records(const cluster::Owner& owner) {
  return owner.kind == "Deployment" || owner.kind == "ReplicaSet" || owner.kind == "StatefulSet";
}

Users users_by_owner(const cluster::View& view, std::string_view ns, std::string_view claim) {
  Users users;
  for (const Pod* pod : view.users_of_claim(ns, claim)) {
    if (!pod->stays()) continue;
    const auto owners = view.ownership(*pod);
    if (has_records(owners.top) && owners.top_record == nullptr) continue;
    if (owners.top_record != nullptr && owners.top_record->replicas < 1) continue;
    // A bare pod is its own owner.
    const auto kind = owners.top.empty() ? std::string("Pod") : owners.top.kind.str();
    const auto name = owners.top.empty() ? pod->name : owners.top.name.str();
    const auto uid = owners.top.empty() ? pod->uid : owners.top.uid.str();
    auto [found, is_first] = users.try_emplace(std::tuple{kind, name, uid});
    auto& those = found->second;
    those.shares = those.shares || !is_first || !is_pods_own(*pod, claim);
    those.tied_to_node = those.tied_to_node || pod->tied_to_node;
    those.owner.kind = cluster::Symbol{kind};
    those.owner.name = cluster::Symbol{name};
    those.owner.uid = cluster::Symbol{uid};
    those.record = owners.top_record;
  }
  return users;
}

/// What holds for sure. What a driver has said of another volume may not hold for this one.
std::optional<Semantics> certain_semantics(const cluster::Volume& volume,
                                           const SemanticsOverrides& overrides) {
  auto semantics = semantics_of(volume, overrides);
  if (semantics.source == SemanticsSource::learned) {
    semantics = {Granularity::single_node, SemanticsSource::assumed};
  }
  if (semantics.granularity == Granularity::not_exclusive) return std::nullopt;
  if (semantics.granularity == Granularity::single_pod) return semantics;
  // Without an attach step it is most often a disk of one node, to which the scheduler brings all
  // of its pods. With one, Kubernetes itself refuses the second node, whatever the driver of a CSI
  // volume is; of other kinds the unknown ones may not be attached at all.
  const bool guarded = has_attach_step(volume, overrides);
  const bool unknown =
      semantics.source == SemanticsSource::assumed && volume.kind != cluster::VolumeKind::csi;
  if (!guarded || unknown) return std::nullopt;
  return semantics;
}

OwnerName name_of(const UsersOf& users) { return {users.owner.kind.str(), users.owner.name.str()}; }

void blame(Outlook& result, const UsersOf& users) {
  result.owner = name_of(users);
  result.owner_uid = users.owner.uid.str();
  result.replicas = users.record == nullptr ? 1 : users.record->replicas;
}

bool replicas_collide(const Users& users, Outlook& result) {
  const bool per_pod = result.semantics.granularity == Granularity::single_pod;
  for (const auto& [key, those] : users) {
    if (!those.wants_several() || !those.shares || (!per_pod && those.tied_to_node)) continue;
    result.risk = per_pod ? Risk::replicas_cannot_share : Risk::replicas_need_one_node;
    blame(result, those);
    return true;
  }
  return false;
}

/// Two that end take turns.
bool owners_collide(const Users& users, Outlook& result) {
  if (result.semantics.granularity != Granularity::single_pod || users.size() < 2) return false;
  for (auto lasting = users.begin(); lasting != users.end(); ++lasting) {
    if (!lasting->second.lasts()) continue;
    const auto& other = lasting == users.begin() ? std::next(lasting) : users.begin();
    result.risk = Risk::owners_cannot_share;
    blame(result, lasting->second);
    result.other = name_of(other->second);
    // Each run of a CronJob has another name and is the same situation.
    if (result.other.kind == "Job") result.other.name.clear();
    return true;
  }
  return false;
}

bool rollout_deadlocks(const Users& users, Outlook& result) {
  const bool per_pod = result.semantics.granularity == Granularity::single_pod;
  for (const auto& [key, those] : users) {
    const auto* record = those.record;
    if (record == nullptr || record->kind != WorkloadKind::deployment || record->recreate) continue;
    if (!those.shares || (!per_pod && those.tied_to_node)) continue;
    if (resolve_max_unavailable(*record) > 0) continue;
    result.risk = per_pod ? Risk::rollout_will_deadlock : Risk::rollout_may_deadlock;
    blame(result, those);
    return true;
  }
  return false;
}

}  // namespace

std::string_view reason_of(Risk risk) {
  switch (risk) {
    case Risk::replicas_cannot_share:
    case Risk::owners_cannot_share:
      return "VolumeCannotBeShared";
    case Risk::replicas_need_one_node:
      return "VolumeNeedsOneNode";
    case Risk::rollout_will_deadlock:
      return "RolloutWillDeadlock";
    case Risk::rollout_may_deadlock:
      break;
  }
  return "RolloutMayDeadlock";
}

bool is_certain(Risk risk) {
  return risk != Risk::replicas_need_one_node && risk != Risk::rollout_may_deadlock;
}

std::optional<Outlook> outlook(const cluster::View& view, std::string_view ns,
                               std::string_view claim, const SemanticsOverrides& overrides) {
  const auto* record = view.claim(ns, claim);
  const auto* volume = view.volume_of(ns, claim);
  if (record == nullptr || record->deleting || volume == nullptr || volume->deleting) {
    return std::nullopt;
  }
  const auto semantics = certain_semantics(*volume, overrides);
  if (!semantics) return std::nullopt;
  const auto users = users_by_owner(view, ns, claim);
  Outlook result;
  result.ns = ns;
  result.claim = claim;
  result.claim_uid = record->uid;
  result.pv = volume->name;
  result.driver = volume->driver.str();
  result.semantics = *semantics;
  if (replicas_collide(users, result) || owners_collide(users, result) ||
      rollout_deadlocks(users, result)) {
    return result;
  }
  return std::nullopt;
}

}  // namespace bso::diagnosis
