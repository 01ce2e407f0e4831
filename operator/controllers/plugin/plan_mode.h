// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "controllers/plugin/dry_run.h"
#include "controllers/plugin/look.h"
#include "install/plan_report.h"
#include "kube/client.h"

namespace bso::controllers {

/// The plans of BlockStoragePlugins in mode Plan. Each is remembered together with a digest of what
/// it was made from, so that the server is asked again only when something has changed; after a
/// restart once. A plan with refusals is also made anew when it has aged: what helps against them
/// (a right, an admission rule) is not watched.
class PlanMode {
 public:
  /// `client` outlives it.
  explicit PlanMode(kube::Client& client) : client_(client) {}

  /// Everything that a plan is made from.
  struct Input {
    const nlohmann::json& plugin;
    const install::Trials& trials;
    std::chrono::seconds retry_refused_after;
  };
  /// The plan. Fails when the server gave no verdict. `look` and all that the input refers to
  /// outlive the call.
  Task<Result<install::PlanReport>> plan(Look& look, const Input& input);

  /// For a plug-in that is not in mode Plan (any more).
  void forget(const std::string& name) { kept_.erase(name); }

 private:
  struct Kept {
    std::string digest;
    install::PlanReport report;
    std::chrono::steady_clock::time_point made;
  };
  static Task<Result<std::string>> digest_of(Look& look, const Input& input);

  kube::Client& client_;
  std::map<std::string, Kept> kept_;  ///< by name of the BlockStoragePlugin
};

}  // namespace bso::controllers
