// SPDX-License-Identifier: Apache-2.0
#include "cluster/view.h"

#include "cluster/view_internal.h"

namespace bso::cluster {

namespace {

bool is_kept(const Pod& pod) { return !pod.volumes.empty() || pod.annotated(); }

/// Whether they differ in nothing that another pod's verdict depends on: our annotations, or what
/// is not kept. Of thousands of pods that get their annotations at once each would else have all
/// that share its disk judged again.
bool same_to_others(Pod old, const Pod& pod) {
  old.resource_version = pod.resource_version;
  old.conflict = pod.conflict;
  old.conflict_detail = pod.conflict_detail;
  return old == pod;
}

}  // namespace

void View::begin_change() const {
  pods_.forget_unpacked();
  claims_.forget_unpacked();
  volumes_.forget_unpacked();
  attachments_.forget_unpacked();
  for (const auto& table : workloads_) table.forget_unpacked();
}

void View::index(Row row, const Pod& pod) {
  if (pod.concerned()) {
    concerned_.insert(row);
  } else {
    concerned_.erase(row);
  }
}

bool View::has_use_for(const Pod& pod) const {
  return is_kept(pod) || pods_.find(Table<Pod>::name_of(pod)) != pods_.kNone;
}

PodKeys View::upsert(Pod pod) {
  const Row row = pods_.find(Table<Pod>::name_of(pod));
  if (row == pods_.kNone && !is_kept(pod)) return {};
  Affected affected;
  bool alone = false;
  Pod old;
  if (row != pods_.kNone) {
    if (pods_.holds(row, pod)) return {};
    old = pods_.unpack(row);
    alone = same_to_others(old, pod);
    if (alone) {
      if (old.concerned() || pod.concerned()) affected.add(Table<Pod>::name_of(pod));
    } else {
      note_sharers(old, affected);
    }
    if (old.uid != pod.uid) events_.forget_pod(old.uid);
  }
  begin_change();
  if (is_kept(pod)) {
    index(pods_.put(row, pod), pod);
    if (!alone) note_sharers(pod, affected);
  } else {
    concerned_.erase(row);
    pods_.erase(row);
  }
  tell_user(old, pod);
  return std::move(affected).take();
}

PodKeys View::remove_pod(std::string_view ns, std::string_view name) {
  const Row row = pods_.find({ns, name});
  if (row == pods_.kNone) return {};
  Affected affected;
  const Pod old = pods_.unpack(row);
  note_sharers(old, affected);
  events_.forget_pod(old.uid);
  begin_change();
  concerned_.erase(row);
  pods_.erase(row);
  tell_user(old, Pod());
  return std::move(affected).take();
}

PodKeys View::upsert(Claim claim) {
  const auto row = claims_.find(Table<Claim>::name_of(claim));
  if (row != claims_.kNone && claims_.holds(row, claim)) return {};
  Affected affected;
  // Its pods also share through the volume it was bound to before.
  if (row != claims_.kNone) note_claim(claim.ns.view(), claim.name, affected);
  begin_change();
  claims_.put(row, claim);
  note_claim(claim.ns.view(), claim.name, affected);
  if (on_claim_) on_claim_(claim.ns.view(), claim.name);
  return std::move(affected).take();
}

PodKeys View::remove_claim(std::string_view ns, std::string_view name) {
  const auto row = claims_.find({ns, name});
  if (row == claims_.kNone) return {};
  Affected affected;
  note_claim(ns, name, affected);
  begin_change();
  claims_.erase(row);
  if (on_claim_) on_claim_(ns, name);
  return std::move(affected).take();
}

PodKeys View::upsert(Volume volume) {
  const auto row = volumes_.find({{}, volume.name});
  if (row != volumes_.kNone && volumes_.holds(row, volume)) return {};
  Affected affected;
  Volume old;
  if (row != volumes_.kNone) {
    old = volumes_.unpack(row);
    note_volume(old, affected);
  }
  begin_change();
  volumes_.put(row, volume);
  note_volume(volume, affected);
  tell_claim_of(old);
  tell_claim_of(volume);
  return std::move(affected).take();
}

PodKeys View::remove_volume(std::string_view name) {
  const auto row = volumes_.find({{}, name});
  if (row == volumes_.kNone) return {};
  Affected affected;
  const Volume old = volumes_.unpack(row);
  note_volume(old, affected);
  begin_change();
  volumes_.erase(row);
  tell_claim_of(old);
  return std::move(affected).take();
}

PodKeys View::upsert(Attachment attachment) {
  const auto row = attachments_.find({{}, attachment.name});
  if (row != attachments_.kNone && attachments_.holds(row, attachment)) return {};
  Affected affected;
  const auto note = [this, &affected](const Attachment& of) {
    const auto volume = volumes_.find({{}, of.volume.view()});
    if (volume != volumes_.kNone) note_volume(volumes_.unpack(volume), affected);
  };
  if (row != attachments_.kNone) note(attachments_.unpack(row));
  begin_change();
  attachments_.put(row, attachment);
  note(attachment);
  return std::move(affected).take();
}

PodKeys View::remove_attachment(std::string_view name) {
  const auto row = attachments_.find({{}, name});
  if (row == attachments_.kNone) return {};
  Affected affected;
  const auto volume = volumes_.find({{}, attachments_.unpack(row).volume.view()});
  if (volume != volumes_.kNone) note_volume(volumes_.unpack(volume), affected);
  begin_change();
  attachments_.erase(row);
  return std::move(affected).take();
}

PodKeys View::upsert(Node node) {
  const Node* old = nodes_.find({{}, node.name});
  if (old != nullptr && *old == node) return {};
  Affected affected;
  begin_change();
  nodes_.put(std::move(node));
  note_nodes(affected);
  return std::move(affected).take();
}

PodKeys View::remove_node(std::string_view name) {
  const Node* old = nodes_.find({{}, name});
  if (old == nullptr) return {};
  Affected affected;
  note_nodes(affected);
  begin_change();
  nodes_.erase(*old);
  return std::move(affected).take();
}

PodKeys View::upsert(Workload workload) {
  auto& table = workloads_[static_cast<std::size_t>(workload.kind)];
  const auto row = table.find(Table<Workload>::name_of(workload));
  if (row != table.kNone && table.holds(row, workload)) return {};
  Affected affected;
  std::optional<Workload> old;
  if (row != table.kNone) {
    old = table.unpack(row);
    note_workload(*old, affected);
  }
  begin_change();
  table.put(row, workload);
  note_workload(workload, affected);
  tell_scaler(old ? &*old : nullptr, workload);
  return std::move(affected).take();
}

PodKeys View::remove_workload(WorkloadKind kind, std::string_view ns, std::string_view name) {
  auto& table = workloads_[static_cast<std::size_t>(kind)];
  const auto row = table.find({ns, name});
  if (row == table.kNone) return {};
  Affected affected;
  const Workload old = table.unpack(row);
  note_workload(old, affected);
  begin_change();
  table.erase(row);
  tell_claims_of(old);
  return std::move(affected).take();
}

PodKeys View::add(EventHint hint) {
  const std::string uid = hint.pod_uid;
  if (!events_.add(std::move(hint))) return {};
  Affected affected;
  pods_.each_of({KeyKind::uid, packed_uid(uid), {}}, [&](Row row) {
    note_row(row, affected);
    return false;
  });
  return std::move(affected).take();
}

}  // namespace bso::cluster
