// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cluster/event_store.h"
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
/// Every change returns the waiting or annotated pods whose verdict may now be another one.
/// Pointers into the view live until the next change. One thread only. After a new LIST, upsert its
/// items and remove those of `names()` that it does not have.
class View {
 public:
  View() = default;
  explicit View(EventStore::Limits limits) : events_(limits) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

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
  /// By name.
  [[nodiscard]] std::vector<const Attachment*> attachments(const Volume& volume) const;
  /// Nodes whose status lists this unique volume name as attached, by name.
  [[nodiscard]] std::vector<const Node*> attached_nodes(std::string_view unique_name) const;
  [[nodiscard]] std::vector<const Pod*> pods_of(const Owner& controller) const;
  /// ReplicaSets of a Deployment, by name.
  [[nodiscard]] std::vector<const Workload*> replica_sets_of(const Workload& deployment) const;
  [[nodiscard]] Ownership ownership(const Pod& pod) const;

  /// Pods that carry our annotation: to be looked at again after a start.
  [[nodiscard]] PodKeys annotated_pods() const;
  /// Every (namespace, name) stored of one kind, sorted.
  template <class Record>
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> names() const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> names(WorkloadKind kind) const;
  [[nodiscard]] std::size_t pod_count() const { return pods_.size(); }
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }

 private:
  class Affected;
  using PodIndex = std::unordered_map<SymbolPair, std::vector<const Pod*>, SymbolPairHash>;

  void index(const Pod& pod);
  void unindex(const Pod& pod);
  void index(const Volume& volume);
  void unindex(const Volume& volume);

  void note_pod(const Pod& pod, Affected& affected) const;
  void note_sharers(const Pod& pod, Affected& affected) const;
  void note_claim(const Symbol& ns, const Symbol& claim, Affected& affected) const;
  void note_volume(const Volume& volume, Affected& affected) const;
  void note_node(std::string_view node, Affected& affected) const;
  void note_workload(const Workload& workload, Affected& affected) const;

  Table<Pod> pods_;
  Table<Claim> claims_;
  Table<Volume> volumes_;
  Table<Attachment> attachments_;
  Table<Node> nodes_;
  std::array<Table<Workload>, kWorkloadKinds> workloads_;
  EventStore events_;

  PodIndex pods_by_claim_;                                             ///< (namespace, claim)
  PodIndex pods_by_inline_;                                            ///< (driver, disk)
  std::unordered_map<std::string_view, const Pod*> pods_by_uid_;       ///< keys point into the pods
  std::unordered_map<Symbol, std::vector<const Pod*>> pods_by_owner_;  ///< owner's UID
  std::unordered_set<const Pod*> concerned_;                           ///< waiting or annotated
  std::unordered_map<SymbolPair, std::vector<const Volume*>, SymbolPairHash> volumes_by_disk_;
  std::unordered_map<Symbol, std::vector<const Attachment*>> attachments_by_volume_;
  std::unordered_map<Symbol, std::vector<const Workload*>> replica_sets_by_owner_;
};

}  // namespace bso::cluster
