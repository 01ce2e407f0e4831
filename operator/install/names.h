// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace bso::install {

/// Value of the managed-by label, and the field manager of every apply.
inline constexpr std::string_view kOperatorName = "block-storage-operator";

inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kPartOfLabel = "app.kubernetes.io/part-of";  ///< the bundle
inline constexpr std::string_view kPluginLabel =
    "blockstorage.dev/plugin";  ///< the BlockStoragePlugin
inline constexpr std::string_view kHashAnnotation = "blockstorage.dev/applied-hash";
inline constexpr std::string_view kUninstallFinalizer = "blockstorage.dev/uninstall";

}  // namespace bso::install
