// SPDX-License-Identifier: Apache-2.0
#include "install/bundle.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/yaml.h"
#include "install/bundle_check.h"
#include "install/bundle_uses.h"
#include "install/field_reader.h"
#include "install/kinds.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

constexpr std::string_view kBundleFile = "bundle.yaml";

std::string_view folder_of(std::string_view path) { return path.substr(0, path.find('/')); }
std::string_view file_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::map<std::string, BundleImage> read_images(FieldReader& reader) {
  std::map<std::string, BundleImage> images;
  for (const auto& [container, unused] : reader.object("images").items()) {
    const std::string path = "images." + container;
    reader.only(path, {"repository", "tag"});
    images.emplace(container, BundleImage{.repository = reader.text(path + ".repository", ""),
                                          .tag = reader.text(path + ".tag", "")});
  }
  return images;
}

ClassPresets read_classes(FieldReader& reader, std::string_view file) {
  reader.only("storageClasses", {"allowVolumeExpansion", "parameters", "settings", "tiers"});
  reader.only("storageClasses.settings", {"billingType", "fsType", "region", "zone"});
  ClassPresets presets{
      .allow_volume_expansion = reader.flag("storageClasses.allowVolumeExpansion", false),
      .parameters = reader.text_map("storageClasses.parameters"),
      .billing_type_parameter = reader.text("storageClasses.settings.billingType", ""),
      .fs_type_parameter = reader.text("storageClasses.settings.fsType", ""),
      .region_parameter = reader.text("storageClasses.settings.region", ""),
      .zone_parameter = reader.text("storageClasses.settings.zone", ""),
      .tiers = {}};
  for (const nlohmann::json& item : reader.list("storageClasses.tiers")) {
    FieldReader tier(item);
    tier.only("", {"name", "class", "retainClass", "volumeBindingMode", "parameters"});
    presets.tiers.push_back({.name = tier.text("name", ""),
                             .class_name = tier.text("class", ""),
                             .retain_class = tier.text("retainClass", ""),
                             .volume_binding_mode = tier.choice(
                                 "volumeBindingMode", "", {"Immediate", "WaitForFirstConsumer"}),
                             .parameters = tier.text_map("parameters")});
    const ClassTier& read = presets.tiers.back();
    const bool no_twin = read.retain_class.empty() || is_dns_subdomain(read.retain_class);
    if (read.name.empty() || !is_dns_subdomain(read.class_name) || !no_twin) {
      tier.add({.field = fmt::format("storageClasses.tiers[{}]", presets.tiers.size() - 1),
                .message = fmt::format("{}: a tier lacks its names", file),
                .remedy = "Give name and class, and retainClass if it has such a twin"});
    }
    for (SpecFault& fault : tier.take_faults()) {
      reader.add(std::move(fault));
    }
  }
  return presets;
}

Result<Bundle> read_bundle(const BundleFile& file) {
  auto document = codec::yaml_document_to_json(file.text);
  if (!document) {
    return fail(std::move(document.error()).with_context(file.path));
  }
  FieldReader reader(*document);
  reader.only(
      "", {"apiVersion", "kind", "name", "version", "driver", "workloads", "images",
           "architectures", "directories", "logLevels", "credentials", "gates", "storageClasses"});
  reader.only("driver", {"name", "kind", "provisioner", "accessGranularity"});
  reader.only("workloads", {"controller", "node"});
  reader.only("directories", {"flexVolumePluginDir", "kubeletRootDir"});
  // "" as the only fallback: whatever is missing is among the faults below.
  reader.choice("apiVersion", "", {"blockstorage.dev/v1alpha1"});
  reader.choice("kind", "", {"Bundle"});
  Bundle bundle;
  bundle.name = reader.text("name", "", is_dns_label, "Write a DNS label");
  bundle.version = reader.text("version", "");
  bundle.driver = reader.text("driver.name", "");
  bundle.driver_kind = reader.choice("driver.kind", "", {"FlexVolume", "CSI"});
  bundle.provisioner = reader.text("driver.provisioner", "");
  bundle.access_granularity =
      reader.choice("driver.accessGranularity", "", {"single-pod", "single-node"});
  bundle.controller = reader.text("workloads.controller", "", is_dns_subdomain, "Write a name");
  bundle.node = reader.text("workloads.node", "", is_dns_subdomain, "Write a name");
  bundle.images = read_images(reader);
  bundle.architectures = reader.text_list("architectures", {});
  bundle.flex_volume_plugin_dir = read_directory(reader, "directories.flexVolumePluginDir");
  bundle.kubelet_root_dir = read_directory(reader, "directories.kubeletRootDir");
  bundle.log_levels = read_log_levels(reader);
  bundle.credentials = read_credentials(reader);
  bundle.gates = read_gates(reader);
  bundle.classes = read_classes(reader, file.path);
  for (const std::string_view required :
       {"apiVersion", "kind", "name", "version", "driver.name", "driver.kind", "driver.provisioner",
        "driver.accessGranularity", "workloads.node"}) {
    if (reader.text(required, "").empty()) {
      reader.add({.field = std::string(required), .message = "it is missing", .remedy = "Add it"});
    }
  }
  if (!reader.faults().empty()) {
    return fail(
        invalid_input(fmt::format("{}: {}", file.path, reader.faults().front().sentence())));
  }
  return bundle;
}

}  // namespace

Result<Bundle> load_bundle(std::span<const BundleFile> files) {
  const auto head = std::find_if(files.begin(), files.end(), [](const BundleFile& file) {
    return file_of(file.path) == kBundleFile;
  });
  if (head == files.end()) {
    return fail(invalid_input(fmt::format("{}: there is no {}",
                                          files.empty() ? "bundle" : folder_of(files.front().path),
                                          kBundleFile)));
  }
  auto bundle = read_bundle(*head);
  if (!bundle) {
    return bundle;
  }
  std::vector<nlohmann::json> manifests;
  for (const BundleFile& file : files) {
    if (file_of(file.path) == kBundleFile) {
      continue;
    }
    auto documents = codec::yaml_to_json(file.text);
    if (!documents) {
      return fail(std::move(documents.error()).with_context(file.path));
    }
    for (nlohmann::json& document : *documents) {
      if (auto checked = check_manifest(document); !checked) {
        return fail(std::move(checked.error()).with_context(file.path));
      }
      manifests.push_back(std::move(document));
    }
  }
  if (auto checked = check_bundle(*bundle, manifests); !checked) {
    return fail(std::move(checked.error()).with_context(head->path));
  }
  bundle->controller_kind = controller_kind(*bundle, manifests);
  std::stable_sort(manifests.begin(), manifests.end(),
                   [](const nlohmann::json& left, const nlohmann::json& right) {
                     return manifest_rank(left) < manifest_rank(right);
                   });
  for (nlohmann::json& document : manifests) {
    bundle->manifests.push_back(std::make_shared<const nlohmann::json>(std::move(document)));
  }
  return bundle;
}

Result<std::vector<Bundle>> load_bundles(std::span<const BundleFile> files) {
  std::map<std::string_view, std::vector<BundleFile>> by_folder;
  for (const BundleFile& file : files) {
    by_folder[folder_of(file.path)].push_back(file);
  }
  std::vector<Bundle> bundles;
  for (const auto& [folder, group] : by_folder) {
    auto bundle = load_bundle(group);
    if (!bundle) {
      return fail(std::move(bundle.error()));
    }
    if (bundle->name != folder) {
      return fail(
          invalid_input(fmt::format("{}/{}: name: \"{}\" is not the folder's name. Write {}.",
                                    folder, kBundleFile, bundle->name, folder)));
    }
    bundles.push_back(std::move(*bundle));
  }
  return bundles;
}

const Bundle* find_bundle(std::span<const Bundle> bundles, std::string_view name) {
  const auto found = std::find_if(bundles.begin(), bundles.end(),
                                  [&](const Bundle& bundle) { return bundle.name == name; });
  return found == bundles.end() ? nullptr : &*found;
}

std::string bundle_names(std::span<const Bundle> bundles) {
  std::string names;
  for (const Bundle& bundle : bundles) {
    names += (names.empty() ? "" : ", ") + bundle.name;
  }
  return names;
}

}  // namespace bso::install
