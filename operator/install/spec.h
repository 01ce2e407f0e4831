// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
#include "install/bundle_map.h"
#include "install/field_reader.h"

namespace bso::install {

struct Toleration {
  std::string key;
  std::string op;  ///< "Exists", "Equal" or ""
  std::string value;
  std::string effect;
  std::optional<std::int64_t> seconds;

  friend bool operator==(const Toleration&, const Toleration&) = default;
};

struct ContainerResources {
  std::map<std::string, std::string> requests;
  std::map<std::string, std::string> limits;

  friend bool operator==(const ContainerResources&, const ContainerResources&) = default;
};

/// What a user sets for the pods of a workload. Affinity is kept as compact JSON text.
struct PodSettings {
  std::string priority_class;  ///< "": the bundle's
  std::string affinity;        ///< "": the bundle's
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> node_selector;
  std::optional<std::vector<Toleration>> tolerations;   ///< nullopt: the bundle's own
  std::map<std::string, ContainerResources> resources;  ///< by container

  friend bool operator==(const PodSettings&, const PodSettings&) = default;
};

struct ImageSettings {
  std::string registry;  ///< "" as the bundle names them
  std::string pull_policy;
  std::vector<std::string> pull_secrets;
  std::map<std::string, std::string> overrides;  ///< by container

  friend bool operator==(const ImageSettings&, const ImageSettings&) = default;
};

/// The Secret with the plug-in's account.
struct CredentialsSettings {
  std::string name;
  bool restart = true;  ///< when it changes
  /// What the pods are marked with, from the status: another mark rolls them. "": no mark.
  std::string revision = {};

  friend bool operator==(const CredentialsSettings&, const CredentialsSettings&) = default;
};

struct StartupTaint {
  bool remove = false;
  std::string key;

  friend bool operator==(const StartupTaint&, const StartupTaint&) = default;
};

enum class ClassPolicy { managed, create_only, unmanaged, removed };

/// A StorageClass of the user's own. Topologies are kept as compact JSON text.
struct OwnClass {
  std::string name;
  std::optional<ClassPolicy> policy;  ///< nullopt: that of all classes
  std::string reclaim_policy;
  std::string volume_binding_mode;
  bool allow_volume_expansion = true;
  std::vector<std::string> mount_options;
  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::string allowed_topologies;  ///< "": none

  friend bool operator==(const OwnClass&, const OwnClass&) = default;
};

enum class DefaultMode { preserve, enforce, never };

struct DefaultClass {
  DefaultMode mode = DefaultMode::preserve;
  std::string name;  ///< "" names none

  friend bool operator==(const DefaultClass&, const DefaultClass&) = default;
};

struct ClassSettings {
  ClassPolicy policy = ClassPolicy::managed;
  bool recreate_immutable = true;  ///< else report
  bool delete_removed = true;      ///< else orphan
  DefaultClass default_class;
  std::optional<std::vector<std::string>> tiers;  ///< nullopt: all that the bundle knows
  bool retain_variants = true;
  std::string billing_type;
  std::string fs_type;
  std::string volume_binding_mode;
  std::string region;
  std::string zone;
  std::vector<OwnClass> own;

  friend bool operator==(const ClassSettings&, const ClassSettings&) = default;
};

struct UpgradeSettings {
  bool manual = false;
  std::string approved_version;
  std::int64_t progress_deadline_seconds = 0;
  bool roll_back = false;  ///< else hold

  friend bool operator==(const UpgradeSettings&, const UpgradeSettings&) = default;
};

enum class ReconcileMode { apply, plan, paused };
enum class Adopt { if_labelled, always, never };

struct ReconcileSettings {
  ReconcileMode mode = ReconcileMode::apply;
  bool repair_drift = true;  ///< else report
  Adopt adopt = Adopt::if_labelled;
  std::int64_t resync_seconds = 0;

  friend bool operator==(const ReconcileSettings&, const ReconcileSettings&) = default;
};

enum class WhenVolumesExist { block, orphan, force };

struct DeletionSettings {
  WhenVolumesExist when_volumes_exist = WhenVolumesExist::block;
  bool retain_classes = false;

  friend bool operator==(const DeletionSettings&, const DeletionSettings&) = default;
};

enum class LogLevel { normal, debug, trace };

enum class Management {
  managed,
  unmanaged,  ///< hands off
  removed     ///< uninstalled, but the object stays
};

/// The spec of a BlockStoragePlugin, complete and judged good.
struct PluginSpec {
  std::string plugin;  ///< metadata.name of the BlockStoragePlugin
  Management management = Management::managed;
  std::string driver;             ///< name of the bundle
  bool external = false;          ///< somebody else installs the driver
  std::string external_csi_name;  ///< "": the bundle's
  std::string version;            ///< never "": the bundle's when the user names none
  std::string ns;
  std::string kubelet_root_dir;
  std::string flex_volume_plugin_dir;
  std::optional<CredentialsSettings> credentials;
  ImageSettings images;
  LogLevel log_level = LogLevel::normal;
  std::int64_t replicas = 1;
  PodSettings controller;
  PodSettings node;
  bool update_on_delete = false;  ///< else rolling
  std::string max_unavailable;    ///< "1" or "10%"
  StartupTaint startup_taint;
  ClassSettings classes;
  UpgradeSettings upgrade;
  ReconcileSettings reconcile;
  DeletionSettings deletion;

  friend bool operator==(const PluginSpec&, const PluginSpec&) = default;
};

struct ParsedSpec {
  /// What is (or is to be) installed; points into the given bundles. It is there with a faulty spec
  /// too, if the driver is known: a deletion needs it. nullptr otherwise.
  const Bundle* bundle = nullptr;
  /// What `bundle` points to when the bundle that was installed is gone, broken or for another
  /// driver now: remembered_bundle(). There is no spec then.
  std::shared_ptr<const Bundle> remembered;
  std::optional<PluginSpec> spec;  ///< only without faults
  std::vector<SpecFault> faults;   ///< all that were found, not only the first
};

/// Reads and judges a whole BlockStoragePlugin. Defaults are those of the CRD. Status matters too:
/// driver.name, driver.install and driver.namespace are locked while something is installed, and so
/// is the driver that the bundle stands for. `broken`: bundles that a user has made and that cannot
/// be used.
[[nodiscard]] ParsedSpec parse_spec(const nlohmann::json& plugin, std::span<const Bundle> bundles,
                                    std::span<const BundleFault> broken = {});

/// spec.managementState. It needs no valid spec: hands off holds for a faulty one as well. A word
/// that is not known counts as Unmanaged.
[[nodiscard]] Management management_of(const nlohmann::json& plugin);
/// Whether the operator may write anything for it: not Unmanaged.
[[nodiscard]] bool is_managed(const nlohmann::json& plugin);

}  // namespace bso::install
