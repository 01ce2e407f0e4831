// SPDX-License-Identifier: Apache-2.0
// The questions that View answers; the changes are in view.cpp.
#include "cluster/view_internal.h"

namespace bso::cluster {

const Pod* View::pod(std::string_view ns, std::string_view name) const {
  return pods_.find({ns, name});
}

const Pod* View::pod_by_uid(std::string_view uid) const {
  const auto found = pods_by_uid_.find(uid);
  return found == pods_by_uid_.end() ? nullptr : found->second;
}

const Claim* View::claim(std::string_view ns, std::string_view name) const {
  return claims_.find({ns, name});
}

const Volume* View::volume(std::string_view name) const { return volumes_.find({{}, name}); }

const Node* View::node(std::string_view name) const { return nodes_.find({{}, name}); }

const Workload* View::workload(WorkloadKind kind, std::string_view ns,
                               std::string_view name) const {
  return workloads_[static_cast<std::size_t>(kind)].find({ns, name});
}

const Volume* View::volume_of(std::string_view ns, std::string_view claim_name) const {
  const Claim* found = claim(ns, claim_name);
  if (found == nullptr || found->volume.empty()) return nullptr;
  const Volume* bound = volume(found->volume.view());
  if (bound == nullptr || !(bound->claim_ns == ns) || !(bound->claim == claim_name)) {
    return nullptr;
  }
  // A claim that was deleted and made anew under its old name is not bound to the old volume.
  const bool same =
      bound->claim_uid.empty() || found->uid.empty() || bound->claim_uid == found->uid;
  return same ? bound : nullptr;
}

const Volume* View::volume_of(const Pod& pod, const PodVolume& volume) const {
  return volume.claim.empty() ? nullptr : volume_of(pod.ns.view(), volume.claim.view());
}

std::vector<const Pod*> View::users(const Pod& pod, const PodVolume& volume) const {
  std::vector<const Pod*> result;
  const auto add = [&result](const std::vector<const Pod*>& pods) {
    result.insert(result.end(), pods.begin(), pods.end());
  };
  SymbolPair disk{volume.driver, volume.disk};
  if (!volume.claim.empty()) {
    add(list_at(pods_by_claim_, SymbolPair{pod.ns, volume.claim}));
    const Volume* bound = volume_of(pod, volume);
    disk = bound == nullptr ? SymbolPair{} : SymbolPair{bound->driver, bound->handle};
  }
  if (!disk.second.empty()) {
    add(list_at(pods_by_inline_, disk));
    for (const Volume* twin : list_at(volumes_by_disk_, disk)) {
      if (volume_of(twin->claim_ns.view(), twin->claim.view()) != twin) continue;
      add(list_at(pods_by_claim_, SymbolPair{twin->claim_ns, twin->claim}));
    }
  }
  sort_by_name(result);
  return result;
}

std::vector<const Attachment*> View::attachments(const Volume& volume) const {
  auto result = list_at(attachments_by_volume_, Symbol{volume.name});
  sort_by_name(result);
  return result;
}

std::vector<const Node*> View::attached_nodes(std::string_view unique_name) const {
  std::vector<const Node*> result;
  const Symbol wanted{unique_name};
  for (const auto& [name, node] : nodes_) {
    const auto& attached = node->volumes_attached;
    if (std::find(attached.begin(), attached.end(), wanted) != attached.end()) {
      result.push_back(node.get());
    }
  }
  sort_by_name(result);
  return result;
}

std::vector<const Pod*> View::pods_of(const Owner& controller) const {
  auto result = list_at(pods_by_owner_, controller.uid);
  sort_by_name(result);
  return result;
}

std::vector<const Workload*> View::replica_sets_of(const Workload& deployment) const {
  auto result = list_at(replica_sets_by_owner_, Symbol{deployment.uid});
  sort_by_name(result);
  return result;
}

Ownership View::ownership(const Pod& pod) const {
  constexpr std::array<std::string_view, kWorkloadKinds> kKinds{"Deployment", "ReplicaSet",
                                                                "StatefulSet", "DaemonSet", "Job"};
  const auto record_of = [&](const Owner& owner) -> const Workload* {
    const auto kind = std::find(kKinds.begin(), kKinds.end(), owner.kind.view());
    if (kind == kKinds.end()) return nullptr;
    const auto* found = workload(static_cast<WorkloadKind>(kind - kKinds.begin()), pod.ns.view(),
                                 owner.name.view());
    // Another object of that name is not the owner.
    return found != nullptr && owner.uid == found->uid ? found : nullptr;
  };
  Ownership result;
  result.controller = pod.owner;
  result.controller_record = record_of(pod.owner);
  result.top = pod.owner;
  result.top_record = result.controller_record;
  // Real chains have two or three links; owner references can be written by hand in a circle.
  constexpr int kMaxLinks = 8;
  for (int link = 0; link < kMaxLinks; ++link) {
    if (result.top_record == nullptr || result.top_record->owner.empty()) return result;
    result.top = result.top_record->owner;
    result.top_record = record_of(result.top);
  }
  result.top = result.controller;
  result.top_record = result.controller_record;
  return result;
}

PodKeys View::annotated_pods() const {
  Affected annotated;
  for (const Pod* pod : concerned_) {
    if (pod->annotated()) annotated.add(*pod);
  }
  return std::move(annotated).take();
}

void View::note_pod(const Pod& pod, Affected& affected) const {
  if (concerned_.contains(&pod)) affected.add(pod);
}

void View::note_sharers(const Pod& pod, Affected& affected) const {
  note_pod(pod, affected);
  if (concerned_.empty()) return;
  for (const auto& volume : pod.volumes) {
    const Volume* bound = volume_of(pod, volume);
    // A volume that many may mount brings nobody into trouble, and has many users.
    if (bound != nullptr && (bound->modes & (kReadWriteMany | kReadOnlyMany)) != 0) continue;
    for (const Pod* user : users(pod, volume)) note_pod(*user, affected);
  }
}

void View::note_claim(const Symbol& ns, const Symbol& claim, Affected& affected) const {
  for (const Pod* pod : list_at(pods_by_claim_, SymbolPair{ns, claim})) {
    note_sharers(*pod, affected);
  }
}

void View::note_volume(const Volume& volume, Affected& affected) const {
  note_claim(volume.claim_ns, volume.claim, affected);
  if (volume.handle.empty()) return;
  const SymbolPair disk{volume.driver, volume.handle};
  for (const Volume* twin : list_at(volumes_by_disk_, disk)) {
    note_claim(twin->claim_ns, twin->claim, affected);
  }
  for (const Pod* pod : list_at(pods_by_inline_, disk)) note_pod(*pod, affected);
}

/// A node matters to who waits on it, to who waits for a pod or an attachment on it, and, when it
/// alone is listed as holding a disk, to anyone: few pods wait, so all of those are named that have
/// a disk.
void View::note_node(std::string_view, Affected& affected) const {
  for (const Pod* pod : concerned_) {
    if (!pod->volumes.empty()) affected.add(*pod);
  }
}

void View::note_workload(const Workload& workload, Affected& affected) const {
  const auto note_pods = [this, &affected](const Workload& controller) {
    for (const Pod* pod : list_at(pods_by_owner_, Symbol{controller.uid})) {
      note_sharers(*pod, affected);
    }
  };
  note_pods(workload);
  for (const Workload* set : list_at(replica_sets_by_owner_, Symbol{workload.uid})) {
    note_pods(*set);
  }
}

namespace {

template <class Record>
std::vector<std::pair<std::string, std::string>> sorted_names(const Table<Record>& table) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [name, record] : table) result.emplace_back(name.ns, name.name);
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace

template <>
std::vector<std::pair<std::string, std::string>> View::names<Pod>() const {
  return sorted_names(pods_);
}
template <>
std::vector<std::pair<std::string, std::string>> View::names<Claim>() const {
  return sorted_names(claims_);
}
template <>
std::vector<std::pair<std::string, std::string>> View::names<Volume>() const {
  return sorted_names(volumes_);
}
template <>
std::vector<std::pair<std::string, std::string>> View::names<Attachment>() const {
  return sorted_names(attachments_);
}
template <>
std::vector<std::pair<std::string, std::string>> View::names<Node>() const {
  return sorted_names(nodes_);
}
std::vector<std::pair<std::string, std::string>> View::names(WorkloadKind kind) const {
  return sorted_names(workloads_[static_cast<std::size_t>(kind)]);
}

}  // namespace bso::cluster
