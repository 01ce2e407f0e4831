// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controllers/plugin/children.h"
#include "install/bundle.h"
#include "install/image_pull.h"
#include "install/plan.h"
#include "install/spec.h"
#include "install/status.h"
#include "install/trouble.h"
#include "install/uninstall.h"
#include "runtime/controller.h"
#include "runtime/event_recorder.h"

namespace bso::controllers {

/// Brings one BlockStoragePlugin and the cluster together: fetches, asks the rules of install/, and
/// writes. It holds no rule itself.
class PluginReconciler {
 public:
  /// All references outlive it.
  PluginReconciler(kube::Client& client, Children& children, runtime::EventRecorder& recorder,
                   std::vector<install::Bundle> bundles, std::string operator_version);

  /// `plugin` is the object as the watch last showed it.
  Task<Result<runtime::Outcome>> reconcile(codec::JsonPtr plugin);

 private:
  /// What one pass has found and done.
  struct Pass {
    codec::JsonPtr plugin;
    std::string name;
    install::ParsedSpec parsed;
    std::vector<install::DesiredObject> desired;
    std::vector<install::ObservedObject> observed;
    std::vector<install::WriteFault> write_faults;
    std::vector<install::ImagePullFault> image_pull_faults;
    std::optional<std::vector<std::string>> blocking_volumes;
    bool outdated = false;  ///< the plug-in has changed meanwhile: nothing more is to be written
    std::optional<Error> failure;  ///< no answer from the server: try the whole pass again
  };

  Task<Result<runtime::Outcome>> install(Pass pass);
  Task<Result<runtime::Outcome>> uninstall(Pass pass);

  Task<void> observe_all(Pass& pass);
  Task<void> carry_out(Pass& pass);
  Task<void> prune(Pass& pass);
  Task<void> check_current(Pass& pass, std::string_view doing);
  Task<void> find_image_faults(Pass& pass);
  Task<void> delete_object(Pass& pass, install::InventoryEntry entry);
  Task<Result<std::vector<install::VolumeSummary>>> list_volumes();
  Task<Result<void>> set_finalizer(Pass& pass, bool wanted);
  Task<Result<runtime::Outcome>> conclude(Pass pass);
  void record_changes(const nlohmann::json& plugin, const nlohmann::json& status);
  void note(Pass& pass, const install::ObjectRef& ref, Error error);

  kube::Client& client_;
  Children& children_;
  runtime::EventRecorder& recorder_;
  std::vector<install::Bundle> bundles_;
  std::string operator_version_;
  std::map<std::string, std::string>
      refusals_;  ///< last message by plug-in and object, for the log
};

}  // namespace bso::controllers
