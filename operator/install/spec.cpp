// SPDX-License-Identifier: Apache-2.0
#include "install/spec.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/driver_lock.h"
#include "install/image_reference.h"
#include "install/names.h"
#include "install/spec_checks.h"
#include "install/spec_parts.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

UpgradeSettings read_upgrade(FieldReader& reader) {
  const std::string path = "spec.upgrade.";
  return {
      .manual = reader.choice(path + "approval", "Automatic", {"Automatic", "Manual"}) == "Manual",
      .approved_version =
          reader.text(path + "approvedVersion", "", is_image_tag, "Write a version such as 2.5.26"),
      .progress_deadline_seconds =
          reader.integer(path + "progressDeadlineSeconds", 1800, 60, 86400),
      .roll_back = reader.choice(path + "onFailure", "Hold", {"Hold", "Rollback"}) == "Rollback"};
}

ReconcileSettings read_reconcile(FieldReader& reader) {
  const std::string path = "spec.reconcile.";
  const std::string mode = reader.choice(path + "mode", "Apply", {"Apply", "Plan", "Paused"});
  const std::string adopt =
      reader.choice(path + "adopt", "IfLabelled", {"IfLabelled", "Always", "Never"});
  return {.mode = mode == "Plan"     ? ReconcileMode::plan
                  : mode == "Paused" ? ReconcileMode::paused
                                     : ReconcileMode::apply,
          .repair_drift = reader.choice(path + "drift", "Repair", {"Repair", "Report"}) == "Repair",
          .adopt = adopt == "Always"  ? Adopt::always
                   : adopt == "Never" ? Adopt::never
                                      : Adopt::if_labelled,
          .resync_seconds = reader.integer(path + "resyncSeconds", 600, 30, 86400)};
}

DeletionSettings read_deletion(FieldReader& reader) {
  const std::string path = "spec.deletion.";
  const std::string when =
      reader.choice(path + "whenVolumesExist", "Block", {"Block", "Orphan", "Force"});
  return {.when_volumes_exist = when == "Orphan"  ? WhenVolumesExist::orphan
                                : when == "Force" ? WhenVolumesExist::force
                                                  : WhenVolumesExist::block,
          .retain_classes =
              reader.choice(path + "storageClasses", "Delete", {"Delete", "Retain"}) == "Retain"};
}

std::optional<CredentialsSettings> read_credentials(const json& plugin, FieldReader& reader) {
  const std::string path = "spec.driver.credentialsSecretRef";
  if (reader.at(path) == nullptr) {
    return std::nullopt;
  }
  reader.only(path, {"name", "onChange"});
  return CredentialsSettings{
      .name = reader.text(path + ".name", "storage-secret-store", is_dns_subdomain,
                          "Write the name of a Secret"),
      .restart = reader.choice(path + ".onChange", "Restart", {"Restart", "Ignore"}) == "Restart",
      .revision = codec::string_at(plugin, {"status", "credentials", "revision"})};
}

LogLevel read_log_level(FieldReader& reader) {
  const std::string word = reader.choice("spec.logLevel", "Normal", {"Normal", "Debug", "Trace"});
  return word == "Debug" ? LogLevel::debug : word == "Trace" ? LogLevel::trace : LogLevel::normal;
}

PluginSpec read_spec(const json& plugin, FieldReader& reader) {
  PluginSpec spec;
  spec.plugin = reader.text("metadata.name", "");
  reader.choice("spec.managementState", "Managed", {"Managed", "Unmanaged", "Removed"});
  spec.management = management_of(plugin);
  spec.driver = reader.text("spec.driver.name", "");
  spec.external =
      reader.choice("spec.driver.install", "Managed", {"Managed", "External"}) == "External";
  spec.external_csi_name = reader.text("spec.driver.csiDriverName", "");
  spec.version = reader.text("spec.driver.version", "", is_image_tag,
                             "Write a version such as 2.5.26; it becomes the tag of the images");
  spec.ns = reader.text("spec.driver.namespace", "kube-system", is_dns_label,
                        "Write the name of an existing namespace");
  spec.kubelet_root_dir =
      reader.text("spec.driver.kubeletRootDir", kKubeletRootDir, is_absolute_path,
                  "Write an absolute path without a slash at the end");
  spec.flex_volume_plugin_dir =
      reader.text("spec.driver.flexVolumePluginDir", kFlexVolumePluginDir, is_absolute_path,
                  "Write an absolute path without a slash at the end");
  spec.credentials = read_credentials(plugin, reader);
  spec.images = read_images(reader);
  spec.log_level = read_log_level(reader);
  spec.replicas = reader.integer("spec.controller.replicas", 1, 0, 5);
  spec.controller = read_pods(reader, "spec.controller");
  spec.node = read_pods(reader, "spec.node");
  spec.update_on_delete = reader.choice("spec.node.updateStrategy.type", "RollingUpdate",
                                        {"RollingUpdate", "OnDelete"}) == "OnDelete";
  spec.max_unavailable = reader.text("spec.node.updateStrategy.maxUnavailable", "10%",
                                     is_max_unavailable, "Write \"1\" or \"10%\", in quotes");
  spec.startup_taint = {
      .remove = reader.flag("spec.node.startupTaint.remove", false),
      .key = reader.text("spec.node.startupTaint.key", "", is_label_key, "Write a label's key")};
  spec.classes = read_classes(reader);
  spec.upgrade = read_upgrade(reader);
  spec.reconcile = read_reconcile(reader);
  spec.deletion = read_deletion(reader);
  return spec;
}

}  // namespace

Management management_of(const nlohmann::json& plugin) {
  const std::string word = codec::string_at(plugin, {"spec", "managementState"});
  return word == "Removed"                   ? Management::removed
         : word.empty() || word == "Managed" ? Management::managed
                                             : Management::unmanaged;
}

bool is_managed(const nlohmann::json& plugin) {
  return management_of(plugin) != Management::unmanaged;
}

ParsedSpec parse_spec(const nlohmann::json& plugin, std::span<const Bundle> bundles,
                      std::span<const BundleFault> broken) {
  FieldReader reader(plugin);
  PluginSpec spec = read_spec(plugin, reader);
  ParsedSpec parsed;
  check_locks(spec, plugin, reader);
  choose_bundle(spec, plugin, bundles, broken, reader, parsed);
  if (parsed.bundle != nullptr && !parsed.remembered && parsed.bundle->name == spec.driver) {
    check_spec(spec, *parsed.bundle, reader);
  }
  parsed.faults = reader.take_faults();
  if (parsed.faults.empty()) {
    if (spec.version.empty()) {
      spec.version = parsed.bundle->version;
    }
    parsed.spec = std::move(spec);
  }
  return parsed;
}

}  // namespace bso::install
