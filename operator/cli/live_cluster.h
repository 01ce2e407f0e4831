// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "cli/session.h"
#include "inspect/snapshot.h"

namespace bso::cli {

/// Fills a snapshot from the cluster, page by page, with the user's rights. Both outlive it.
class LiveCluster {
 public:
  /// `rules_namespace` is the operator's, where bundles and rules for drivers are.
  LiveCluster(Session& session, inspect::Snapshot& snapshot, inspect::PodName asked,
              std::string rules_namespace)
      : session_(session),
        snapshot_(snapshot),
        asked_(std::move(asked)),
        rules_ns_(std::move(rules_namespace)) {}

  /// The pods of the namespace ("" is all). Who may not list them, but read the one asked for, gets
  /// that one. An error when there is none to look at.
  Task<Result<void>> take_pods();
  /// All else that concerns them, events included.
  Task<Result<void>> take_surroundings();
  /// Those about the pod asked for; without one, those about volumes.
  Task<Result<void>> take_events();
  /// The pods of the other namespaces, too.
  Task<Result<void>> take_other_pods();

  /// No pod that could matter was kept from the user.
  [[nodiscard]] bool has_all_pods() const { return all_pods_; }
  /// What was refused, and what that costs; whole sentences.
  [[nodiscard]] std::vector<std::string>& warnings() { return warnings_; }
  /// What an administrator says of drivers could not be read; a whole sentence, or "".
  [[nodiscard]] const std::string& without_rules() const { return without_rules_; }

 private:
  /// True when it was allowed. Without the right a warning is added, unless `cost` is "".
  Task<Result<bool>> take(kube::Resource resource, std::string ns, std::string selector,
                          std::string cost);
  Task<Result<void>> take_driver_facts();
  Task<Result<bool>> take_pages(kube::Resource resource, std::string ns, std::string selector);
  void take_items(const kube::Resource& resource, const nlohmann::json& page);

  Session& session_;
  inspect::Snapshot& snapshot_;
  inspect::PodName asked_;
  std::string rules_ns_;
  std::string without_rules_;
  std::vector<std::string> warnings_;
  bool all_pods_ = true;
};

}  // namespace bso::cli
