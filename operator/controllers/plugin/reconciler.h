// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/view.h"
#include "controllers/plugin/bundle_catalog.h"
#include "controllers/plugin/children.h"
#include "controllers/plugin/needed_objects.h"
#include "controllers/plugin/neighbours.h"
#include "controllers/plugin/plan_mode.h"
#include "controllers/plugin/plugin_pods.h"
#include "controllers/plugin/volume_census.h"
#include "install/bundle.h"
#include "install/drift.h"
#include "install/plan.h"
#include "install/rollout.h"
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
  PluginReconciler(kube::Client& client, Children& children, const PluginPods& pods,
                   VolumeCensus& census, NeededObjects& needed, const cluster::View& view,
                   runtime::EventRecorder& recorder, const BundleCatalog& bundles,
                   Neighbours& neighbours, std::string operator_version);

  /// What is rendered from now on is for this server.
  void serve(install::ServerVersion server) { server_ = server; }

  /// `plugin` is the object as the watch last showed it.
  Task<Result<runtime::Outcome>> reconcile(codec::JsonPtr plugin);
  /// The BlockStoragePlugin is no longer there.
  void forget(const std::string& name);

 private:
  /// What one pass has found and done.
  struct Pass {
    codec::JsonPtr plugin;
    std::string name;
    std::shared_ptr<const install::Catalog> catalog;  ///< what `parsed` points into
    install::ParsedSpec parsed;
    std::vector<install::DesiredObject> desired;
    install::RolloutChoice rollout;               ///< how `desired` was chosen
    std::vector<install::DriverPod> driver_pods;  ///< of the node driver
    std::vector<install::ObservedObject> observed;
    std::vector<install::WriteFault> write_faults;
    std::vector<install::ImagePullFault> image_pull_faults;
    std::optional<install::Needs> needs;
    install::CredentialsState credentials;
    std::optional<install::Removal> removal;  ///< while the plug-in is to be taken away
    std::optional<install::PlanReport> plan;  ///< in mode Plan
    std::chrono::seconds answer_holds{0};     ///< as Children::look()
    install::DriftLedger drift;               ///< counts of this pass included
    std::vector<install::Release> adopted_from;
    install::ClassFindings classes;
    bool current = false;   ///< the plug-in was asked for live, and is as this pass began
    bool outdated = false;  ///< the plug-in has changed meanwhile: nothing more is to be written
    std::optional<Error> failure;  ///< no answer from the server: try the whole pass again
  };

  Task<Result<runtime::Outcome>> install(Pass pass);
  Task<Result<runtime::Outcome>> uninstall(Pass pass);

  Task<void> look_at_needs(Pass& pass);  // needs.cpp
  Task<void> observe_all(Pass& pass);
  Task<void> carry_out(Pass& pass);
  static void hold_controllers(const Pass& pass, std::vector<install::Step>& steps);
  Task<void> prune(Pass& pass);
  // In planning.cpp.
  Task<void> make_plan(Pass& pass);
  Task<void> plan_removal(Pass& pass, std::vector<install::InventoryEntry> inventory);
  Task<void> make_plan_of(Pass& pass, install::Trials trials);
  Task<void> apply_object(Pass& pass, install::Step step);
  Task<Result<codec::JsonPtr>> write(Pass& pass, const install::Step& step);
  Task<codec::JsonPtr> look_live(Pass& pass, const install::DesiredObject& desired);

  // drift.cpp
  Task<void> settle_drift(Pass& pass, std::vector<install::Step>* steps);
  Task<std::optional<install::DriftVerdict>> judge_drifted(Pass& pass,
                                                           const install::Drifted& object,
                                                           install::DriftRules rules);
  void carry_verdict(Pass& pass, const install::Drifted& object, install::DriftVerdict verdict,
                     install::Step* step);
  Task<void> write_ledger(Pass& pass);
  Task<Result<codec::JsonPtr>> apply_by_force(Pass& pass, const install::Step& step);
  Task<Result<codec::JsonPtr>> contest(Pass& pass, const install::Step& step, Error conflict);
  void record_repairs(const Pass& pass, const install::ObjectRef& ref);

  // adopt.cpp
  Task<Result<codec::JsonPtr>> adopt(Pass& pass, const install::Step& step);
  Task<void> strip_release_marks(Pass& pass);
  Task<Result<codec::JsonPtr>> take_off(install::ObjectRef ref, nlohmann::json patch,
                                        codec::JsonPtr live);

  Task<bool> may_write(Pass& pass);
  Task<void> check_current(Pass& pass, std::string_view doing);
  void render_desired(Pass& pass);
  void find_image_faults(Pass& pass);
  Task<void> remove_startup_taints(Pass& pass);

  // In classes.cpp.
  void observe_classes(Pass& pass);
  Task<void> hand_over_classes(Pass& pass);
  Task<void> settle_default(Pass& pass);
  Task<bool> write_mark(Pass& pass, install::MarkStep step);
  // In recreation.cpp.
  Task<void> finish_recreations(Pass& pass);
  Task<void> recreate(Pass& pass, install::Step step);
  Task<bool> write_down(Pass& pass, install::CarriedOver carried);
  Task<void> make_anew(Pass& pass, const install::DesiredObject& desired,
                       install::CarriedOver carried);
  Task<bool> hand_on(Pass& pass, const install::DesiredObject& desired,
                     install::CarriedOver carried);
  codec::JsonPtr latest(codec::JsonPtr seen);
  void wrote_plugin(Pass& pass, codec::JsonPtr answer);
  void took(Pass& pass, const install::DesiredObject* desired, const install::ObjectRef& ref,
            codec::JsonPtr answer);
  void tell(const Pass& pass, std::string reason, std::string text, bool warning = false);

  Task<void> delete_object(Pass& pass, install::InventoryEntry entry);
  Task<Result<void>> set_finalizer(Pass& pass, bool wanted);
  Task<Result<runtime::Outcome>> conclude(Pass pass);
  Task<Result<void>> write_status(Pass& pass);
  Task<void> strike_orphan_mark(Pass& pass, install::ObjectRef ref, codec::JsonPtr answer);

  // uninstall.cpp
  using Inventory = std::vector<install::InventoryEntry>;
  Inventory known_inventory(Pass& pass);
  [[nodiscard]] install::UninstallFacts facts_of(const Pass& pass,
                                                 const Inventory& inventory) const;
  Task<Result<Inventory>> live_inventory(Pass& pass, Inventory known);
  Task<Result<runtime::Outcome>> take_away(Pass pass, Inventory inventory);
  Task<Result<runtime::Outcome>> wait_blocked(Pass pass, Inventory inventory);
  Task<Result<runtime::Outcome>> let_go(Pass pass);
  Task<bool> node_driver_may_go(Pass& pass, Inventory inventory);

  // removal_steps.cpp
  Task<Result<install::VolumeUse>> list_volumes(install::DriverNames names);
  Task<Result<std::vector<std::string>>> list_provisioner_pods(Inventory inventory,
                                                               std::string plugin);
  Task<void> orphan_object(Pass& pass, install::InventoryEntry entry);
  Task<void> restore_provisioner(Pass& pass, Inventory inventory);
  void record_changes(const nlohmann::json& plugin, const nlohmann::json& status);
  static void see(Pass& pass, install::ObservedObject observed);
  void note(Pass& pass, const install::ObjectRef& ref, Error error);

  kube::Client& client_;
  Children& children_;
  const PluginPods& pods_;
  VolumeCensus& census_;
  NeededObjects& needed_;
  const cluster::View& view_;
  runtime::EventRecorder& recorder_;
  const BundleCatalog& bundles_;
  Neighbours& neighbours_;
  std::string operator_version_;
  install::ServerVersion server_;
  PlanMode plan_mode_;
  std::map<std::string, codec::JsonPtr> written_;  ///< by name, until the watch shows it
  std::set<std::string> refused_creations_;        ///< by plug-in and object, while it is so
  std::map<std::string, std::string>
      refusals_;                  ///< last message by plug-in and object, for the log
  bool marking_ = false;          ///< one pass at a time decides on the default class
  std::set<std::string> futile_;  ///< UIDs of objects made anew that came out wrong again
};

}  // namespace bso::controllers
