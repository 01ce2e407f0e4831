// SPDX-License-Identifier: Apache-2.0
#include "cluster/view.h"

#include "cluster/view_internal.h"

namespace bso::cluster {

void View::index(const Pod& pod) {
  if (!pod.uid.empty()) pods_by_uid_[pod.uid] = &pod;
  if (!pod.config_hash.empty()) pods_by_uid_[pod.config_hash.view()] = &pod;
  if (!pod.owner.uid.empty()) pods_by_owner_[pod.owner.uid].push_back(&pod);
  for (const auto& volume : pod.volumes) {
    if (!volume.claim.empty()) {
      pods_by_claim_[{pod.ns, volume.claim}].push_back(&pod);
    } else if (!volume.disk.empty()) {
      pods_by_inline_[{volume.driver, volume.disk}].push_back(&pod);
    }
  }
  if (pod.waiting() || pod.annotated()) concerned_.insert(&pod);
}

void View::unindex(const Pod& pod) {
  const auto drop_uid = [this, &pod](std::string_view uid) {
    const auto found = pods_by_uid_.find(uid);
    if (found != pods_by_uid_.end() && found->second == &pod) pods_by_uid_.erase(found);
  };
  drop_uid(pod.uid);
  drop_uid(pod.config_hash.view());
  drop_from(pods_by_owner_, pod.owner.uid, &pod);
  for (const auto& volume : pod.volumes) {
    drop_from(pods_by_claim_, SymbolPair{pod.ns, volume.claim}, &pod);
    drop_from(pods_by_inline_, SymbolPair{volume.driver, volume.disk}, &pod);
  }
  concerned_.erase(&pod);
}

void View::index(const Volume& volume) {
  if (!volume.handle.empty()) volumes_by_disk_[{volume.driver, volume.handle}].push_back(&volume);
}

void View::unindex(const Volume& volume) {
  drop_from(volumes_by_disk_, SymbolPair{volume.driver, volume.handle}, &volume);
}

PodKeys View::upsert(Pod pod) {
  const Pod* old = pods_.find(Table<Pod>::name_of(pod));
  if (old == nullptr && pod.volumes.empty() && !pod.annotated()) return {};
  Affected affected;
  if (old != nullptr) {
    if (*old == pod) return {};
    note_sharers(*old, affected);
    unindex(*old);
    if (old->uid != pod.uid) events_.forget_pod(old->uid);
    if (pod.volumes.empty() && !pod.annotated()) {
      pods_.erase(*old);
      return std::move(affected).take();
    }
  }
  const Pod& stored = pods_.put(std::move(pod));
  index(stored);
  note_sharers(stored, affected);
  return std::move(affected).take();
}

PodKeys View::remove_pod(std::string_view ns, std::string_view name) {
  const Pod* old = pods_.find({ns, name});
  if (old == nullptr) return {};
  Affected affected;
  note_sharers(*old, affected);
  unindex(*old);
  events_.forget_pod(old->uid);
  pods_.erase(*old);
  return std::move(affected).take();
}

PodKeys View::upsert(Claim claim) {
  const Claim* old = claims_.find(Table<Claim>::name_of(claim));
  if (old != nullptr && *old == claim) return {};
  Affected affected;
  // Its pods also share through the volume it was bound to before.
  if (old != nullptr) note_claim(old->ns, Symbol{old->name}, affected);
  const Claim& stored = claims_.put(std::move(claim));
  note_claim(stored.ns, Symbol{stored.name}, affected);
  return std::move(affected).take();
}

PodKeys View::remove_claim(std::string_view ns, std::string_view name) {
  const Claim* old = claims_.find({ns, name});
  if (old == nullptr) return {};
  Affected affected;
  note_claim(old->ns, Symbol{old->name}, affected);
  claims_.erase(*old);
  return std::move(affected).take();
}

PodKeys View::upsert(Volume volume) {
  const Volume* old = volumes_.find({{}, volume.name});
  if (old != nullptr && *old == volume) return {};
  Affected affected;
  if (old != nullptr) {
    note_volume(*old, affected);
    unindex(*old);
  }
  const Volume& stored = volumes_.put(std::move(volume));
  index(stored);
  note_volume(stored, affected);
  return std::move(affected).take();
}

PodKeys View::remove_volume(std::string_view name) {
  const Volume* old = volumes_.find({{}, name});
  if (old == nullptr) return {};
  Affected affected;
  note_volume(*old, affected);
  unindex(*old);
  volumes_.erase(*old);
  return std::move(affected).take();
}

PodKeys View::upsert(Attachment attachment) {
  const Attachment* old = attachments_.find({{}, attachment.name});
  if (old != nullptr && *old == attachment) return {};
  Affected affected;
  const auto note = [this, &affected](const Symbol& volume) {
    if (const auto* found = volumes_.find({{}, volume.view()})) note_volume(*found, affected);
  };
  if (old != nullptr) {
    note(old->volume);
    drop_from(attachments_by_volume_, old->volume, old);
  }
  const Attachment& stored = attachments_.put(std::move(attachment));
  if (!stored.volume.empty()) attachments_by_volume_[stored.volume].push_back(&stored);
  note(stored.volume);
  return std::move(affected).take();
}

PodKeys View::remove_attachment(std::string_view name) {
  const Attachment* old = attachments_.find({{}, name});
  if (old == nullptr) return {};
  Affected affected;
  if (const auto* found = volumes_.find({{}, old->volume.view()})) note_volume(*found, affected);
  drop_from(attachments_by_volume_, old->volume, old);
  attachments_.erase(*old);
  return std::move(affected).take();
}

PodKeys View::upsert(Node node) {
  const Node* old = nodes_.find({{}, node.name});
  if (old != nullptr && *old == node) return {};
  Affected affected;
  const Node& stored = nodes_.put(std::move(node));
  note_node(stored.name, affected);
  return std::move(affected).take();
}

PodKeys View::remove_node(std::string_view name) {
  const Node* old = nodes_.find({{}, name});
  if (old == nullptr) return {};
  Affected affected;
  note_node(name, affected);
  nodes_.erase(*old);
  return std::move(affected).take();
}

PodKeys View::upsert(Workload workload) {
  auto& table = workloads_[static_cast<std::size_t>(workload.kind)];
  const Workload* old = table.find(Table<Workload>::name_of(workload));
  if (old != nullptr && *old == workload) return {};
  Affected affected;
  if (old != nullptr) {
    note_workload(*old, affected);
    drop_from(replica_sets_by_owner_, old->owner.uid, old);
  }
  const Workload& stored = table.put(std::move(workload));
  if (stored.kind == WorkloadKind::replica_set && !stored.owner.uid.empty()) {
    replica_sets_by_owner_[stored.owner.uid].push_back(&stored);
  }
  note_workload(stored, affected);
  return std::move(affected).take();
}

PodKeys View::remove_workload(WorkloadKind kind, std::string_view ns, std::string_view name) {
  auto& table = workloads_[static_cast<std::size_t>(kind)];
  const Workload* old = table.find({ns, name});
  if (old == nullptr) return {};
  Affected affected;
  note_workload(*old, affected);
  drop_from(replica_sets_by_owner_, old->owner.uid, old);
  table.erase(*old);
  return std::move(affected).take();
}

PodKeys View::add(EventHint hint) {
  const std::string uid = hint.pod_uid;
  if (!events_.add(std::move(hint))) return {};
  Affected affected;
  if (const Pod* found = pod_by_uid(uid)) note_pod(*found, affected);
  return std::move(affected).take();
}

}  // namespace bso::cluster
