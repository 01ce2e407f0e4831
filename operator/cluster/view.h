// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cluster/event_store.h"
#include "cluster/packed_table.h"
#include "cluster/records.h"
#include "cluster/table.h"

namespace bso::cluster {

/// Pods as "namespace/name", sorted, each once.
using PodKeys = std::vector<std::string>;

/// Whose a pod is. `controller` is its direct owner, `top` the last one that can be followed; both
/// empty for a bare pod. The records are nullptr for kinds that are not watched.
struct Ownership {
  Owner controller;
  Owner top;
  const Workload* controller_record = nullptr;
  const Workload* top_record = nullptr;
};

/// The cluster as far as it concerns who holds which disk: compact records, and the indexes that
/// answer questions about them without a scan. It has no rules; `diagnosis` has.
///
/// Every change returns the concerned pods whose verdict may now be another one.
/// Pointers into the view live until the next change; the same record has the same address until
/// then. What there is a lot of is held packed, and unpacked when asked for. One thread only. After
/// a new LIST, upsert its items and remove those of `names()` that it does not have.
class View {
 public:
  View() = default;
  explicit View(EventStore::Limits limits) : events_(limits) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  /// Told, when a change has been made, of each claim about whose use in the long run it may tell
  /// something: the claim or its volume is another, a pod with it is new, gone, about to go or has
  /// another owner, or what says how many such pods there are to be has changed. Not of what
  /// becomes of a pod meanwhile. The listener must not change the view.
  using OnClaim = std::function<void(std::string_view ns, std::string_view claim)>;
  void on_claim(OnClaim listener) { on_claim_ = std::move(listener); }

  PodKeys upsert(Pod pod);  ///< not kept when it has neither a disk nor our annotation
  PodKeys upsert(Claim claim);
  PodKeys upsert(Volume volume);
  PodKeys upsert(Attachment attachment);
  PodKeys upsert(Node node);
  PodKeys upsert(Workload workload);
  PodKeys add(EventHint hint);

  PodKeys remove_pod(std::string_view ns, std::string_view name);
  PodKeys remove_claim(std::string_view ns, std::string_view name);
  PodKeys remove_volume(std::string_view name);
  PodKeys remove_attachment(std::string_view name);
  PodKeys remove_node(std::string_view name);
  PodKeys remove_workload(WorkloadKind kind, std::string_view ns, std::string_view name);

  [[nodiscard]] const Pod* pod(std::string_view ns, std::string_view name) const;
  /// By UID, or by the configuration hash that names a static pod's directories on its node.
  [[nodiscard]] const Pod* pod_by_uid(std::string_view uid) const;
  [[nodiscard]] const Claim* claim(std::string_view ns, std::string_view name) const;
  [[nodiscard]] const Volume* volume(std::string_view name) const;
  [[nodiscard]] const Node* node(std::string_view name) const;
  [[nodiscard]] const Workload* workload(WorkloadKind kind, std::string_view ns,
                                         std::string_view name) const;
  [[nodiscard]] std::vector<const EventHint*> events(std::string_view pod_uid) const {
    return events_.of(pod_uid);
  }

  /// The PersistentVolume that a claim is really bound to: both sides have to agree.
  [[nodiscard]] const Volume* volume_of(std::string_view ns, std::string_view claim) const;
  [[nodiscard]] const Volume* volume_of(const Pod& pod, const PodVolume& volume) const;
  /// Every pod that uses the same disk, `pod` included, by namespace and name: through the same
  /// claim, through another volume with the same driver and handle, or inline.
  [[nodiscard]] std::vector<const Pod*> users(const Pod& pod, const PodVolume& volume) const;
  /// Every pod that uses the claim, by name.
  [[nodiscard]] std::vector<const Pod*> users_of_claim(std::string_view ns,
                                                       std::string_view claim) const;
  /// By name.
  [[nodiscard]] std::vector<const Attachment*> attachments(const Volume& volume) const;
  /// Nodes where the volume is in use: an attachment names them, or a pod there that has not ended
  /// uses the disk. Sorted, each once.
  [[nodiscard]] std::vector<std::string> nodes_of(const Volume& volume) const;
  /// A driver as PersistentVolumes name it, and the provisioner that makes them.
  struct VolumeMaker {
    VolumeKind kind = VolumeKind::unknown;
    std::string_view driver;
    std::string_view provisioner;
  };
  /// Calls `use` with those of the next `rows` volumes that this driver serves or this provisioner
  /// made, and returns where to go on; nullopt at the end. Begin with 0. The view may change
  /// between two calls: what is put in meanwhile may be missed.
  std::optional<std::uint32_t> visit_volumes(
      std::uint32_t from, std::size_t rows, const VolumeMaker& maker,
      const std::function<void(const Volume& volume)>& use) const;
  /// Nodes whose status lists this unique volume name as attached, by name.
  [[nodiscard]] std::vector<const Node*> attached_nodes(std::string_view unique_name) const;
  [[nodiscard]] std::vector<const Pod*> pods_of(const Owner& controller) const;
  /// ReplicaSets of a Deployment, by name.
  [[nodiscard]] std::vector<const Workload*> replica_sets_of(const Workload& deployment) const;
  [[nodiscard]] Ownership ownership(const Pod& pod) const;

  /// Pods that carry our annotation.
  [[nodiscard]] PodKeys annotated_pods() const;
  /// Pods that may have a verdict or carry our annotation: to be looked at after a start.
  [[nodiscard]] PodKeys concerned_pods() const;
  /// Whether an upsert of this pod would change anything or keep it.
  [[nodiscard]] bool has_use_for(const Pod& pod) const;
  /// Every (namespace, name) stored of one kind, sorted.
  template <class Record>
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> names() const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> names(WorkloadKind kind) const;
  /// For who has asked about very many records while nothing changed: ends the life of the pointers
  /// that were given out, as a change does, and frees what they point to.
  void forget_unpacked() const { begin_change(); }
  [[nodiscard]] std::size_t pod_count() const { return pods_.size(); }
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }

 private:
  class Affected;
  using Row = PackedTable<Pod>::Row;
  using Rows = std::vector<Row>;

  /// A PersistentVolume and the row it was unpacked from.
  struct Bound {
    PackedTable<Volume>::Row row;
    Volume volume;
  };

  void index(Row row, const Pod& pod);
  [[nodiscard]] std::optional<Bound> bound_to(std::string_view ns, std::string_view claim) const;
  void add_users_of_claim(std::string_view ns, std::string_view claim, Rows& rows) const;
  void add_users_inline(std::string_view driver, std::string_view disk, Rows& rows) const;
  void add_users_of_disk(std::string_view driver, std::string_view disk, Rows& rows) const;
  /// By namespace and name, each once.
  void sort(Rows& rows) const;
  [[nodiscard]] std::vector<const Pod*> unpacked(Rows rows) const;
  [[nodiscard]] Rows rows_of_owner(std::string_view uid) const;
  [[nodiscard]] const PackedTable<Workload>& table_of(WorkloadKind kind) const {
    return workloads_[static_cast<std::size_t>(kind)];
  }

  void note_row(Row row, Affected& affected) const;
  void note_sharers(const Pod& pod, Affected& affected) const;
  void note_claim(std::string_view ns, std::string_view claim, Affected& affected) const;
  void note_volume(const Volume& volume, Affected& affected) const;
  void note_nodes(Affected& affected) const;
  void note_workload(const Workload& workload, Affected& affected) const;

  void tell_claims_of(const Pod& pod) const;
  void tell_user(const Pod& before, const Pod& after) const;
  void tell_claim_of(const Volume& volume) const;
  void tell_claims_of(const Workload& workload) const;
  void tell_scaler(const Workload* before, const Workload& after) const;

  /// Ends the life of the pointers that were given out.
  void begin_change() const;

  PackedTable<Pod> pods_;
  PackedTable<Claim> claims_;
  PackedTable<Volume> volumes_;
  PackedTable<Attachment> attachments_;
  Table<Node> nodes_;
  std::array<PackedTable<Workload>, kWorkloadKinds> workloads_;
  EventStore events_;

  std::unordered_set<Row> concerned_;  ///< see Pod::concerned()
  OnClaim on_claim_;                   ///< may be empty
};

}  // namespace bso::cluster
