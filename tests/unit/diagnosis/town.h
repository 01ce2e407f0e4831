// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "diagnosis/outlook.h"
#include "unit/diagnosis/world.h"

namespace bso::test {

inline constexpr const char* kOnePod = "ibm/ibmc-block";
inline constexpr const char* kOneNode = "ebs.csi.aws.com";

/// A claim "data" and those who use it.
struct Town : World {
  explicit Town(const std::string& driver = kOnePod,
                cluster::AccessModes modes = cluster::kReadWriteOnce) {
    claim("data", "pv-1", driver, modes);
  }

  void pod(const std::string& name, cluster::Owner by, const std::string& claim_name = "data") {
    auto made = make_pod(name, claim_name, "", false);
    made.owner = std::move(by);
    view.upsert(std::move(made));
  }
  /// A Deployment with one of its pods.
  void deploy(const std::string& name, int replicas) {
    deployment(name, replicas, {replicas});
    pod(name + "-1-abcde", owner("ReplicaSet", name + "-1"));
  }
  void change(const std::string& name, const std::function<void(cluster::Workload&)>& how) {
    auto record = *view.workload(cluster::WorkloadKind::deployment, ns, name);
    how(record);
    view.upsert(std::move(record));
  }
  void change_pod(const std::string& name, const std::function<void(cluster::Pod&)>& how) {
    auto record = *view.pod(ns, name);
    how(record);
    view.upsert(std::move(record));
  }
  void stateful_set(const std::string& name, int replicas) {
    view.upsert(workload(cluster::WorkloadKind::stateful_set, name, replicas));
  }
  [[nodiscard]] std::optional<diagnosis::Outlook> ahead(
      const std::string& claim_name = "data") const {
    return diagnosis::outlook(view, ns, claim_name, overrides);
  }
  [[nodiscard]] std::optional<diagnosis::Risk> risk(const std::string& claim_name = "data") const {
    const auto found = ahead(claim_name);
    return found ? std::optional(found->risk) : std::nullopt;
  }
};

}  // namespace bso::test
