// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cluster/view.h"
#include "diagnosis/diagnose.h"
#include "diagnosis/sentence.h"

namespace bso::test {

inline WallTime at(int seconds) { return WallTime{std::chrono::seconds{1'777'864'329 + seconds}}; }

/// A small cluster to put pods on. Pods are placed at at(0) unless told otherwise.
class World {
 public:
  std::string ns = "default";
  cluster::View view;
  diagnosis::SemanticsOverrides overrides;
  bool mute = false;  ///< events get lost

  void node(const std::string& name, cluster::Readiness readiness = cluster::Readiness::ready,
            const std::string& provider_id = {}) {
    cluster::Node node;
    node.name = name;
    node.provider_id = provider_id;
    node.readiness = readiness;
    view.upsert(std::move(node));
  }

  /// A bound claim with its volume.
  void claim(const std::string& name, const std::string& pv, const std::string& driver,
             cluster::AccessModes modes = cluster::kReadWriteOnce) {
    cluster::Claim claim;
    claim.ns = cluster::Symbol{ns};
    claim.name = name;
    claim.volume = cluster::Symbol{pv};
    claim.uid = "claim-" + name;
    view.upsert(claim);
    cluster::Volume volume;
    volume.name = pv;
    volume.kind = driver.find('/') == std::string::npos ? cluster::VolumeKind::csi
                                                        : cluster::VolumeKind::flex_volume;
    volume.driver = cluster::Symbol{driver};
    volume.claim_ns = cluster::Symbol{ns};
    volume.claim = cluster::Symbol{name};
    volume.modes = modes;
    view.upsert(volume);
  }

  [[nodiscard]] cluster::Pod make_pod(const std::string& name, const std::string& claim_name,
                                      const std::string& node_name, bool running) const {
    cluster::Pod pod;
    pod.ns = cluster::Symbol{ns};
    pod.name = name;
    pod.uid = "uid-" + ns + "-" + name;
    pod.node = cluster::Symbol{node_name};
    pod.created = pod.scheduled = at(0);
    pod.phase = running ? cluster::Phase::running : cluster::Phase::pending;
    pod.any_running = pod.any_started = pod.ready = running;
    cluster::PodVolume volume;
    volume.name = cluster::Symbol{"data"};
    volume.claim = cluster::Symbol{claim_name};
    pod.volumes.push_back(volume);
    return pod;
  }

  static cluster::Owner owner(const std::string& kind, const std::string& name) {
    cluster::Owner result;
    result.kind = cluster::Symbol{kind};
    result.name = cluster::Symbol{name};
    result.uid = cluster::Symbol{"uid-" + name};
    return result;
  }

  cluster::Workload workload(cluster::WorkloadKind kind, const std::string& name, int replicas,
                             cluster::Owner by = {}) {
    cluster::Workload result;
    result.kind = kind;
    result.ns = cluster::Symbol{ns};
    result.name = name;
    result.uid = "uid-" + name;
    result.replicas = replicas;
    result.owner = std::move(by);
    return result;
  }

  /// A Deployment with one ReplicaSet per revision, called <name>-<revision>.
  void deployment(const std::string& name, int replicas, std::vector<int> replicas_by_revision) {
    view.upsert(workload(cluster::WorkloadKind::deployment, name, replicas));
    int revision = 0;
    for (const int count : replicas_by_revision) {
      ++revision;
      auto set = workload(cluster::WorkloadKind::replica_set, name + "-" + std::to_string(revision),
                          count, owner("Deployment", name));
      set.revision = revision;
      view.upsert(set);
    }
  }

  void attachment(const std::string& name, const std::string& pv, const std::string& node_name,
                  bool attached = true) {
    cluster::Attachment result;
    result.name = name;
    result.volume = cluster::Symbol{pv};
    result.node = cluster::Symbol{node_name};
    result.attached = attached;
    view.upsert(result);
  }

  void event(const std::string& pod, std::string message, int seconds,
             const std::string& reason = "FailedMount", std::string uid = {}) {
    if (mute) return;
    cluster::EventHint hint;
    hint.kind = cluster::Symbol{"Pod"};
    hint.ns = cluster::Symbol{ns};
    hint.pod = pod;
    hint.pod_uid = uid.empty() ? "uid-" + ns + "-" + pod : std::move(uid);
    hint.reason = cluster::Symbol{reason};
    hint.component =
        cluster::Symbol{reason == "FailedAttachVolume" ? "attachdetach-controller" : "kubelet"};
    hint.message = std::move(message);
    hint.last = at(seconds);
    view.add(hint);
  }

  [[nodiscard]] diagnosis::Diagnosis look(const std::string& pod, int seconds) const {
    const auto* found = view.pod(ns, pod);
    if (found == nullptr) return {};
    return diagnosis::diagnose(view, *found, at(seconds), overrides);
  }

  /// Writes the verdict to the pod as the operator does; false when there is none.
  bool annotate(const std::string& pod, int seconds) {
    const auto found = look(pod, seconds);
    auto copy = *view.pod(ns, pod);
    copy.conflict = found.verdict ? diagnosis::sentence(*found.verdict) : "";
    copy.conflict_detail = found.verdict ? diagnosis::detail(*found.verdict) : "";
    view.upsert(copy);
    return found.verdict.has_value();
  }
};

}  // namespace bso::test
