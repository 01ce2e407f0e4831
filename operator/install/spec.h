// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
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

/// What a user sets for the pods of a workload.
struct PodSettings {
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

struct ClassSettings {
  std::vector<std::string> tiers;
  bool retain_variants = true;
  std::string billing_type;
  std::string fs_type;
  std::string volume_binding_mode;

  friend bool operator==(const ClassSettings&, const ClassSettings&) = default;
};

/// The spec of a BlockStoragePlugin, complete and judged good.
struct PluginSpec {
  std::string plugin;   ///< metadata.name of the BlockStoragePlugin
  bool managed = true;  ///< false: hands off
  std::string driver;   ///< name of the bundle
  std::string version;  ///< never "": the bundle's when the user names none
  std::string ns;
  std::string kubelet_root_dir;
  std::string flex_volume_plugin_dir;
  ImageSettings images;
  std::int64_t replicas = 1;
  PodSettings controller;
  PodSettings node;
  std::string max_unavailable;  ///< "1" or "10%"
  ClassSettings classes;

  friend bool operator==(const PluginSpec&, const PluginSpec&) = default;
};

struct ParsedSpec {
  /// What is (or is to be) installed; points into the given bundles. It is there with a faulty spec
  /// too, if the driver is known: a deletion needs it. nullptr otherwise.
  const Bundle* bundle = nullptr;
  std::optional<PluginSpec> spec;  ///< only without faults
  std::vector<SpecFault> faults;   ///< all that were found, not only the first
};

/// Reads and judges a whole BlockStoragePlugin. Defaults are those of the CRD. Status matters too:
/// driver.name and driver.namespace are locked while something is installed.
[[nodiscard]] ParsedSpec parse_spec(const nlohmann::json& plugin, std::span<const Bundle> bundles);

/// "the plug-in ... is not managed" needs no valid spec: hands off holds for a faulty one as well.
[[nodiscard]] bool is_managed(const nlohmann::json& plugin);

}  // namespace bso::install
