// SPDX-License-Identifier: Apache-2.0
// The questions that View answers; the changes are in view.cpp.
#include "cluster/view_internal.h"

namespace bso::cluster {

namespace {

bool has_bit(std::string_view packed, unsigned char bit) {
  return (static_cast<unsigned char>(packed.front()) & bit) != 0;
}

}  // namespace

const Pod* View::pod(std::string_view ns, std::string_view name) const {
  return pods_.get(pods_.find({ns, name}));
}

const Pod* View::pod_by_uid(std::string_view uid) const {
  Row found = pods_.kNone;
  pods_.each_of({KeyKind::uid, packed_uid(uid), {}}, [&found](Row row) {
    found = row;
    return false;
  });
  return pods_.get(found);
}

const Claim* View::claim(std::string_view ns, std::string_view name) const {
  return claims_.get(claims_.find({ns, name}));
}

const Volume* View::volume(std::string_view name) const {
  return volumes_.get(volumes_.find({{}, name}));
}

const Node* View::node(std::string_view name) const { return nodes_.find({{}, name}); }

const Workload* View::workload(WorkloadKind kind, std::string_view ns,
                               std::string_view name) const {
  const auto& table = table_of(kind);
  return table.get(table.find({ns, name}));
}

std::optional<View::Bound> View::bound_to(std::string_view ns, std::string_view claim_name) const {
  const auto claim_row = claims_.find({ns, claim_name});
  if (claim_row == claims_.kNone) return std::nullopt;
  const Claim found = claims_.unpack(claim_row);
  const auto row = volumes_.find({{}, found.volume.view()});
  if (found.volume.empty() || row == volumes_.kNone) return std::nullopt;
  Bound bound{row, volumes_.unpack(row)};
  const Volume& volume = bound.volume;
  if (!(volume.claim_ns == ns) || !(volume.claim == claim_name)) return std::nullopt;
  // A claim that was deleted and made anew under its old name is not bound to the old volume.
  const bool same = volume.claim_uid.empty() || found.uid.empty() || volume.claim_uid == found.uid;
  if (!same) return std::nullopt;
  return bound;
}

const Volume* View::volume_of(std::string_view ns, std::string_view claim_name) const {
  const auto bound = bound_to(ns, claim_name);
  return bound ? volumes_.get(bound->row) : nullptr;
}

const Volume* View::volume_of(const Pod& pod, const PodVolume& volume) const {
  return volume.claim.empty() ? nullptr : volume_of(pod.ns.view(), volume.claim.view());
}

void View::add_users_of_claim(std::string_view ns, std::string_view claim, Rows& rows) const {
  pods_.each_of({KeyKind::claim, ns, claim}, [&rows](Row row) {
    rows.push_back(row);
    return true;
  });
}

void View::add_users_inline(std::string_view driver, std::string_view disk, Rows& rows) const {
  pods_.each_of({KeyKind::disk, driver, disk}, [&rows](Row row) {
    rows.push_back(row);
    return true;
  });
}

std::vector<const Pod*> View::users_of_claim(std::string_view ns, std::string_view claim) const {
  Rows rows;
  add_users_of_claim(ns, claim, rows);
  return unpacked(std::move(rows));
}

/// Inline, or through any claim that is bound to a volume with that disk.
void View::add_users_of_disk(std::string_view driver, std::string_view disk, Rows& rows) const {
  add_users_inline(driver, disk, rows);
  volumes_.each_of({KeyKind::disk, driver, disk}, [&](PackedTable<Volume>::Row row) {
    const Volume twin = volumes_.unpack(row);
    const auto bound = bound_to(twin.claim_ns.view(), twin.claim.view());
    if (bound && bound->row == row) {
      add_users_of_claim(twin.claim_ns.view(), twin.claim.view(), rows);
    }
    return true;
  });
}

void View::sort(Rows& rows) const {
  // The same row twice first: names take longer to compare.
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::sort(rows.begin(), rows.end(),
            [this](Row a, Row b) { return before(pods_.name_of(a), pods_.name_of(b)); });
}

std::vector<const Pod*> View::unpacked(Rows rows) const {
  sort(rows);
  std::vector<const Pod*> result;
  result.reserve(rows.size());
  for (const Row row : rows) result.push_back(pods_.get(row));
  return result;
}

std::vector<const Pod*> View::users(const Pod& pod, const PodVolume& volume) const {
  Rows rows;
  if (volume.claim.empty()) {
    if (!volume.disk.empty()) add_users_of_disk(volume.driver.view(), volume.disk.view(), rows);
    return unpacked(std::move(rows));
  }
  add_users_of_claim(pod.ns.view(), volume.claim.view(), rows);
  const auto bound = bound_to(pod.ns.view(), volume.claim.view());
  if (bound && !bound->volume.handle.empty()) {
    add_users_of_disk(bound->volume.driver.view(), bound->volume.handle.view(), rows);
  }
  return unpacked(std::move(rows));
}

std::vector<const Attachment*> View::attachments(const Volume& volume) const {
  std::vector<const Attachment*> result;
  attachments_.each_of({KeyKind::volume, volume.name, {}}, [&](PackedTable<Attachment>::Row row) {
    result.push_back(attachments_.get(row));
    return true;
  });
  sort_by_name(result);
  return result;
}

std::vector<std::string> View::nodes_of(const Volume& volume) const {
  std::set<std::string> nodes;
  attachments_.each_of({KeyKind::volume, volume.name, {}}, [&](PackedTable<Attachment>::Row row) {
    nodes.insert(attachments_.unpack(row).node.str());
    return true;
  });
  Rows rows;
  const auto bound = bound_to(volume.claim_ns.view(), volume.claim.view());
  if (bound && bound->volume.name == volume.name) {
    add_users_of_claim(volume.claim_ns.view(), volume.claim.view(), rows);
  }
  if (!volume.handle.empty()) {
    add_users_inline(volume.driver.view(), volume.handle.view(), rows);
  }
  for (const Row row : rows) {
    const Pod pod = pods_.unpack(row);
    if (!pod.ended()) nodes.insert(pod.node.str());
  }
  nodes.erase("");
  return {nodes.begin(), nodes.end()};
}

std::optional<std::uint32_t> View::visit_volumes(
    std::uint32_t from, std::size_t rows, const VolumeMaker& maker,
    const std::function<void(const Volume& volume)>& use) const {
  auto row = volumes_.next(from);
  for (; row != volumes_.kNone && rows > 0; row = volumes_.next(row + 1), --rows) {
    // What is somebody else's is not unpacked.
    std::string_view driver;
    std::string_view provisioner;
    Packing<Volume>::makers(volumes_.packed(row), driver, provisioner);
    if (driver != maker.driver && provisioner != maker.provisioner) continue;
    const Volume volume = volumes_.unpack(row);
    const bool served = volume.kind == maker.kind && driver == maker.driver;
    if (served || provisioner == maker.provisioner) use(volume);
  }
  if (row == volumes_.kNone) return std::nullopt;
  return row;
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

View::Rows View::rows_of_owner(std::string_view uid) const {
  Rows rows;
  pods_.each_of({KeyKind::owner, packed_uid(uid), {}}, [&rows](Row row) {
    rows.push_back(row);
    return true;
  });
  return rows;
}

std::vector<const Pod*> View::pods_of(const Owner& controller) const {
  return unpacked(rows_of_owner(controller.uid.view()));
}

std::vector<const Workload*> View::replica_sets_of(const Workload& deployment) const {
  std::vector<const Workload*> result;
  const auto& sets = table_of(WorkloadKind::replica_set);
  sets.each_of({KeyKind::owner, packed_uid(deployment.uid), {}}, [&](auto row) {
    result.push_back(sets.get(row));
    return true;
  });
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
  for (const Row row : concerned_) {
    if (has_bit(pods_.packed(row), Packing<Pod>::kAnnotated)) annotated.add(pods_.name_of(row));
  }
  return std::move(annotated).take();
}

PodKeys View::concerned_pods() const {
  Affected concerned;
  for (const Row row : concerned_) concerned.add(pods_.name_of(row));
  return std::move(concerned).take();
}

void View::note_row(Row row, Affected& affected) const {
  if (has_bit(pods_.packed(row), Packing<Pod>::kConcerned)) affected.add(pods_.name_of(row));
}

void View::note_sharers(const Pod& pod, Affected& affected) const {
  if (concerned_.empty()) return;
  if (pod.concerned()) affected.add(Table<Pod>::name_of(pod));
  Rows rows;
  for (const auto& volume : pod.volumes) {
    if (volume.claim.empty()) {
      if (!volume.disk.empty()) add_users_of_disk(volume.driver.view(), volume.disk.view(), rows);
      continue;
    }
    const auto bound = bound_to(pod.ns.view(), volume.claim.view());
    // A volume that many may mount brings nobody into trouble, and has many users.
    if (bound && (bound->volume.modes & (kReadWriteMany | kReadOnlyMany)) != 0) continue;
    add_users_of_claim(pod.ns.view(), volume.claim.view(), rows);
    if (bound && !bound->volume.handle.empty()) {
      add_users_of_disk(bound->volume.driver.view(), bound->volume.handle.view(), rows);
    }
  }
  for (const Row row : rows) note_row(row, affected);
}

void View::note_claim(std::string_view ns, std::string_view claim, Affected& affected) const {
  if (concerned_.empty()) return;
  Rows rows;
  add_users_of_claim(ns, claim, rows);
  for (const Row row : rows) note_sharers(pods_.unpack(row), affected);
}

void View::note_volume(const Volume& volume, Affected& affected) const {
  if (concerned_.empty()) return;
  note_claim(volume.claim_ns.view(), volume.claim.view(), affected);
  if (volume.handle.empty()) return;
  volumes_.each_of({KeyKind::disk, volume.driver.view(), volume.handle.view()},
                   [&](PackedTable<Volume>::Row row) {
                     const Volume twin = volumes_.unpack(row);
                     note_claim(twin.claim_ns.view(), twin.claim.view(), affected);
                     return true;
                   });
  Rows rows;
  add_users_inline(volume.driver.view(), volume.handle.view(), rows);
  for (const Row row : rows) note_row(row, affected);
}

/// A node matters to who waits on it, to who waits for a pod or an attachment on it, and, when it
/// alone is listed as holding a disk, to anyone: few pods wait, so all of those are named that have
/// a disk.
void View::note_nodes(Affected& affected) const {
  for (const Row row : concerned_) {
    if (has_bit(pods_.packed(row), Packing<Pod>::kHasVolume)) affected.add(pods_.name_of(row));
  }
}

void View::note_workload(const Workload& workload, Affected& affected) const {
  if (concerned_.empty()) return;
  const auto note_pods = [this, &affected](std::string_view controller_uid) {
    for (const Row row : rows_of_owner(controller_uid)) {
      note_sharers(pods_.unpack(row), affected);
    }
  };
  note_pods(workload.uid);
  const auto& sets = table_of(WorkloadKind::replica_set);
  sets.each_of({KeyKind::owner, packed_uid(workload.uid), {}}, [&](auto row) {
    note_pods(sets.unpack(row).uid);
    return true;
  });
}

namespace {

using Names = std::vector<std::pair<std::string, std::string>>;

template <class Record>
Names sorted_names(const Table<Record>& table) {
  Names result;
  for (const auto& [name, record] : table) result.emplace_back(name.ns, name.name);
  std::sort(result.begin(), result.end());
  return result;
}

template <class Record>
Names sorted_names(const PackedTable<Record>& table) {
  Names result;
  result.reserve(table.size());
  table.each([&](auto row) {
    const auto name = table.name_of(row);
    result.emplace_back(name.ns, name.name);
  });
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
  return sorted_names(table_of(kind));
}

}  // namespace bso::cluster
