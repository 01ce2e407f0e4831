// SPDX-License-Identifier: Apache-2.0
#include "inspect/gaps.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "diagnosis/sentence.h"

namespace bso::inspect {
namespace {

using cluster::WorkloadKind;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kCosts{
    {{"PersistentVolumeClaim", "it is not known which volume a pod uses, so no conflict is found"},
     {"PersistentVolume",
      "drivers are taken from the claims, and two volumes of one disk are not noticed"},
     {"VolumeAttachment", "a volume that is still attached to another node is not noticed"},
     {"Node", "a node that no longer reports is not noticed"},
     {"Deployment",
      "a rollout that waits for itself is not told from replicas that share a volume"},
     {"ReplicaSet", "pods are not known to be of a Deployment, nor of which of its revisions"},
     {"Event",
      "the words of kubelet and driver are missing: what is told follows from the other "
      "objects, and orphaned mounts are not noticed"}}};

}  // namespace

std::string_view cost_of_missing(std::string_view kind) {
  const auto found = std::find_if(kCosts.begin(), kCosts.end(),
                                  [kind](const auto& one) { return one.first == kind; });
  return found == kCosts.end() ? std::string_view{} : found->second;
}

std::vector<std::string> gaps(const Snapshot& snapshot) {
  const auto& view = snapshot.view();
  bool uses_claims = false;
  bool waits = false;
  bool of_sets = false;
  bool of_deployments = false;
  bool uses_csi = false;
  for (const auto& [ns, name] : view.names<cluster::Pod>()) {
    const auto* pod = view.pod(ns, name);
    if (pod == nullptr) continue;
    waits = waits || pod->waiting();
    const bool of_set = pod->owner.kind == "ReplicaSet";
    of_sets = of_sets || of_set;
    for (const auto& volume : pod->volumes) {
      uses_claims = uses_claims || !volume.claim.empty();
      const auto* bound = view.volume_of(*pod, volume);
      uses_csi = uses_csi || (bound != nullptr && bound->kind == cluster::VolumeKind::csi);
    }
  }
  for (const auto& [ns, name] : view.names(WorkloadKind::replica_set)) {
    const auto* set = view.workload(WorkloadKind::replica_set, ns, name);
    of_deployments = of_deployments || (set != nullptr && set->owner.kind == "Deployment");
  }
  const std::array<std::pair<std::string_view, bool>, 7> expected{
      {{"PersistentVolumeClaim", uses_claims},
       {"PersistentVolume", snapshot.stand_ins() != 0},
       {"VolumeAttachment", waits && uses_csi},
       {"Node", waits},
       {"Deployment", waits && of_deployments},
       {"ReplicaSet", waits && of_sets},
       {"Event", waits}}};
  std::vector<std::string> found;
  for (const auto& [kind, wanted] : expected) {
    if (!wanted || (snapshot.count(kind) != 0 && kind != "PersistentVolume")) continue;
    if (kind == "PersistentVolume" && snapshot.count(kind) != 0) {
      found.push_back(fmt::format("The PersistentVolumes of {} claims are missing: for them {}.",
                                  snapshot.stand_ins(), cost_of_missing(kind)));
      continue;
    }
    found.push_back(fmt::format("There is no {}: {}.", kind, cost_of_missing(kind)));
  }
  return found;
}

std::vector<std::string> doubts(const Snapshot& snapshot, const Answers& answers) {
  std::size_t without_holder = 0;
  std::set<std::string> nodes;
  for (const auto& answer : answers.pods) {
    if (!answer.verdict) continue;
    const auto& verdict = *answer.verdict;
    const bool held = !verdict.holders.empty() || verdict.holders_elsewhere;
    if (!held) ++without_holder;
    const auto& node = verdict.holder_node;
    if (!node.empty() && snapshot.view().node(node) == nullptr) nodes.insert(node);
  }
  std::vector<std::string> found;
  if (without_holder != 0) {
    found.push_back(
        fmt::format("No pod here is known to hold the volume that {} of them {} for. If these are "
                    "not all pods of the cluster, one that is missing may have it.",
                    without_holder, without_holder == 1 ? "waits" : "wait"));
  }
  for (const auto& node : nodes) {
    found.push_back(
        fmt::format("Node {} is not here and counts as gone. If these are not all nodes "
                    "of the cluster, it may be well.",
                    diagnosis::printable(node, 253)));
  }
  return found;
}

}  // namespace bso::inspect
