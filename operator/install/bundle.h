// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "install/server_version.h"

namespace bso::install {

/// One file of a bundle.
struct BundleFile {
  std::string_view path;  ///< "ibmc-block/bundle.yaml"
  std::string_view text;
};

/// The files below operator/bundles, put into the program when it was built.
[[nodiscard]] std::span<const BundleFile> embedded_bundles();

struct BundleImage {
  std::string repository;
  std::string tag;  ///< "" follows the version of the plug-in
};

/// What in the pods holds a directory of the node, or a path below it. The manifests name the
/// default directory; it is that beginning which is replaced.
struct DirectoryUse {
  std::vector<std::string> host_paths;  ///< names of hostPath volumes
  std::vector<std::string> mounts;      ///< names of volumes that are mounted at the node's path
  std::vector<std::string> env;         ///< names of variables
  std::vector<std::string> arguments;   ///< what an argument begins with: "--registration-path="
};

/// How a container is told how much to log: by an argument or by a variable, one of both.
struct LogLevelUse {
  std::string argument;  ///< what the argument begins with: "--v="
  std::string env;       ///< name of the variable
  std::string normal;
  std::string debug;
  std::string trace;
};

/// Where the manifests name the Secret with the plug-in's account.
struct CredentialsUse {
  std::string secret;                ///< its name in the manifests; "" when there is none
  std::vector<std::string> env;      ///< names of variables that hold the name
  std::vector<std::string> volumes;  ///< names of the volumes made of it
  std::vector<std::string> roles;    ///< Roles and ClusterRoles whose resourceNames list it
};

/// A manifest, or a field of one, that not every server knows or needs.
struct VersionGate {
  std::string kind;
  std::string name;
  std::vector<std::string> field;  ///< from the top; empty: the whole manifest
  std::optional<ServerVersion> minimum;
  std::optional<ServerVersion> maximum;
};

struct ClassTier {
  std::string name;                 ///< as a user lists it: "Gold"
  std::string class_name;           ///< reclaimPolicy Delete
  std::string retain_class;         ///< its twin with reclaimPolicy Retain; "" when it has none
  std::string volume_binding_mode;  ///< "": as the user sets it
  std::map<std::string, std::string> parameters;
};

struct ClassPresets {
  bool allow_volume_expansion = false;
  std::map<std::string, std::string> parameters;  ///< of every class
  std::string billing_type_parameter;             ///< "" when the plug-in has no such parameter
  std::string fs_type_parameter;
  std::string region_parameter;
  std::string zone_parameter;
  std::vector<ClassTier> tiers;
};

/// A plug-in as data; operator/bundles/README.md documents the files. Everything in it was checked:
/// rendering cannot fail.
struct Bundle {
  std::string name;
  std::string version;
  std::string driver;                         ///< as persistent volumes name it: "ibm/ibmc-block"
  std::string driver_kind;                    ///< "FlexVolume" or "CSI"
  std::string provisioner;                    ///< as StorageClasses name it: "ibm.io/ibmc-block"
  std::string access_granularity;             ///< "single-pod" or "single-node"
  std::string controller;                     ///< name of the workload; "" when there is none
  std::string controller_kind;                ///< "Deployment", "StatefulSet" or ""
  std::string node;                           ///< name of the DaemonSet
  std::vector<std::string> architectures;     ///< of its images, as nodes are labelled; empty: any
  std::map<std::string, BundleImage> images;  ///< by container
  DirectoryUse flex_volume_plugin_dir;
  DirectoryUse kubelet_root_dir;
  std::map<std::string, LogLevelUse> log_levels;  ///< by container
  CredentialsUse credentials;
  std::vector<VersionGate> gates;
  ClassPresets classes;
  std::vector<codec::JsonPtr> manifests;  ///< in the order of application
};

/// Reads and checks one bundle from all its files. Errors name the file and the field.
[[nodiscard]] Result<Bundle> load_bundle(std::span<const BundleFile> files);

/// Groups files by folder and loads each; the first fault ends it.
[[nodiscard]] Result<std::vector<Bundle>> load_bundles(std::span<const BundleFile> files);

/// nullptr when there is none of that name.
[[nodiscard]] const Bundle* find_bundle(std::span<const Bundle> bundles, std::string_view name);

/// "ibmc-block, other": for messages.
[[nodiscard]] std::string bundle_names(std::span<const Bundle> bundles);

}  // namespace bso::install
