// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

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

/// What in the pods holds a directory of the node.
struct DirectoryUse {
  std::vector<std::string> host_paths;  ///< names of hostPath volumes
  std::vector<std::string> env;         ///< names of variables
};

struct ClassTier {
  std::string name;          ///< as a user lists it: "Gold"
  std::string class_name;    ///< reclaimPolicy Delete
  std::string retain_class;  ///< its twin with reclaimPolicy Retain
  std::map<std::string, std::string> parameters;
};

struct ClassPresets {
  bool allow_volume_expansion = false;
  std::map<std::string, std::string> parameters;  ///< of every class
  std::string billing_type_parameter;             ///< "" when the plug-in has no such parameter
  std::string fs_type_parameter;
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
  std::string controller;                     ///< name of the Deployment
  std::string node;                           ///< name of the DaemonSet
  std::map<std::string, BundleImage> images;  ///< by container
  DirectoryUse flex_volume_plugin_dir;
  DirectoryUse kubelet_root_dir;
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
