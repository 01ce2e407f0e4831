// SPDX-License-Identifier: Apache-2.0
#include "install/driver_lock.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/kinds.h"
#include "install/plan.h"

namespace bso::install {
namespace {

using nlohmann::json;

SpecFault no_such_bundle(const std::string& name, bool installed, std::span<const Bundle> bundles,
                         std::span<const BundleFault> broken) {
  if (const BundleFault* fault = find_fault(broken, name); fault != nullptr) {
    return {.field = "spec.driver.name",
            .message = fault->message,
            .remedy = fault->remedy,
            .reason = "BundleInvalid"};
  }
  if (installed) {
    return {
        .field = "spec.driver.name",
        .message = fmt::format("the bundle \"{}\" is gone; what was installed from it stays as "
                               "it is and can be deleted",
                               name),
        .remedy = fmt::format("Make the ConfigMap with the label {}={} again, in the operator's "
                              "namespace, or delete this object",
                              kBundleLabel, name),
        .reason = "BundleMissing"};
  }
  return {
      .field = "spec.driver.name",
      .message = name.empty() ? "it is missing" : fmt::format("there is no bundle \"{}\"", name),
      .remedy = fmt::format("Write one of: {}; or make a bundle of your own: a ConfigMap with "
                            "the label {} in the operator's namespace",
                            bundle_names(bundles), kBundleLabel)};
}

SpecFault other_driver(const DriverIdentity& now, const DriverIdentity& locked) {
  return {
      .field = "spec.driver",
      .message = fmt::format("it stands for the {} driver {} (provisioner {}), but {} driver {} "
                             "(provisioner {}) is installed, and its volumes need it",
                             now.kind, now.driver, now.provisioner, locked.kind, locked.driver,
                             locked.provisioner),
      .remedy =
          "Give the bundle its driver back, or delete this object, wait for its end and "
          "create it anew",
      .reason = "ImmutableFieldChanged"};
}

}  // namespace

DriverIdentity identity_of(const Bundle& bundle, const std::string& external_name) {
  const bool renamed = bundle.driver_kind == "CSI" && !external_name.empty();
  return {.kind = bundle.driver_kind,
          .driver = renamed ? external_name : bundle.driver,
          .provisioner = bundle.provisioner};
}

DriverIdentity locked_identity(const nlohmann::json& plugin) {
  return {.kind = codec::string_at(plugin, {"status", "lockedDriverKind"}),
          .driver = codec::string_at(plugin, {"status", "lockedVolumeDriver"}),
          .provisioner = codec::string_at(plugin, {"status", "lockedProvisioner"})};
}

std::shared_ptr<const Bundle> remembered_bundle(const nlohmann::json& plugin) {
  const DriverIdentity locked = locked_identity(plugin);
  if (!locked.known()) {
    return nullptr;
  }
  Bundle bundle;
  bundle.name = codec::string_at(plugin, {"status", "lockedDriverName"});
  bundle.version = codec::string_at(plugin, {"status", "version"});
  bundle.driver_kind = locked.kind;
  bundle.driver = locked.driver;
  bundle.provisioner = locked.provisioner;
  for (const InventoryEntry& entry : read_inventory(plugin)) {
    if (entry.ref.kind == "DaemonSet" && bundle.node.empty()) {
      bundle.node = entry.ref.name;
    } else if (is_workload(entry.ref.kind) && entry.ref.kind != "DaemonSet" &&
               bundle.controller.empty()) {
      bundle.controller = entry.ref.name;
      bundle.controller_kind = entry.ref.kind;
    }
  }
  return std::make_shared<const Bundle>(std::move(bundle));
}

void choose_bundle(const PluginSpec& spec, const nlohmann::json& plugin,
                   std::span<const Bundle> bundles, std::span<const BundleFault> broken,
                   FieldReader& reader, ParsedSpec& parsed) {
  const std::string installed = codec::string_at(plugin, {"status", "lockedDriverName"});
  const DriverIdentity locked = locked_identity(plugin);
  parsed.bundle = find_bundle(bundles, installed.empty() ? spec.driver : installed);
  if (find_bundle(bundles, spec.driver) == nullptr) {
    reader.add(no_such_bundle(spec.driver, !spec.driver.empty() && spec.driver == installed,
                              bundles, broken));
  }
  if (!locked.known()) {
    return;
  }
  const bool same =
      parsed.bundle != nullptr && identity_of(*parsed.bundle, spec.external_csi_name) == locked;
  if (same) {
    return;
  }
  if (parsed.bundle != nullptr && spec.driver == installed) {
    reader.add(other_driver(identity_of(*parsed.bundle, spec.external_csi_name), locked));
  }
  parsed.remembered = remembered_bundle(plugin);
  parsed.bundle = parsed.remembered.get();
}

void lock_identity(nlohmann::json& status, const nlohmann::json& plugin, const ParsedSpec& parsed) {
  DriverIdentity identity = locked_identity(plugin);
  if (parsed.spec) {
    identity = identity_of(*parsed.bundle, parsed.spec->external_csi_name);
  } else if (!identity.known() && parsed.bundle != nullptr) {
    identity = identity_of(*parsed.bundle, "");
  }
  // Empty texts are left out, as everywhere in the status.
  const auto set = [&](const char* field, const std::string& text) {
    if (!text.empty()) {
      status[field] = text;
    }
  };
  set("lockedDriverKind", identity.kind);
  set("lockedVolumeDriver", identity.driver);
  set("lockedProvisioner", identity.provisioner);
}

}  // namespace bso::install
