// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace bso::install {

/// Value of the managed-by label, and the field manager of every apply.
inline constexpr std::string_view kOperatorName = "block-storage-operator";

inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kPartOfLabel = "app.kubernetes.io/part-of";  ///< the bundle
inline constexpr std::string_view kPluginLabel =
    "blockstorage.dev/plugin";                                       ///< the BlockStoragePlugin
inline constexpr std::string_view kOurPrefix = "blockstorage.dev/";  ///< of all our marks
inline constexpr std::string_view kHashAnnotation = "blockstorage.dev/applied-hash";
/// On an object that its BlockStoragePlugin (its name is the value) made and gave up. It is
/// nobody's, and that plug-in takes it back when its spec wants the object again.
inline constexpr std::string_view kOrphanedFrom = "blockstorage.dev/orphaned-from";
/// On pods: of which state of the Secret with the account they are.
inline constexpr std::string_view kCredentialsRevision = "blockstorage.dev/credentials-revision";
/// Either marks a StorageClass as the default one (kubernetes/kubernetes,
/// pkg/apis/storage/util/helpers.go); the beta name still counts.
inline constexpr std::string_view kDefaultClassMark = "storageclass.kubernetes.io/is-default-class";
inline constexpr std::string_view kDefaultClassBetaMark =
    "storageclass.beta.kubernetes.io/is-default-class";
/// Where kubelets keep things unless they are told otherwise; what the manifests of bundles name.
inline constexpr std::string_view kKubeletRootDir = "/var/lib/kubelet";
inline constexpr std::string_view kFlexVolumePluginDir =
    "/usr/libexec/kubernetes/kubelet-plugins/volume/exec";
/// On a BlockStoragePlugin: "removed" says that status.leftovers has been seen to.
inline constexpr std::string_view kLeftoversAnnotation = "blockstorage.dev/leftovers";
inline constexpr std::string_view kUninstallFinalizer = "blockstorage.dev/uninstall";

}  // namespace bso::install
