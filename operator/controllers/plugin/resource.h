// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kube/resource.h"

namespace bso::controllers {

inline constexpr kube::Resource block_storage_plugins{
    "blockstorage.dev", "v1alpha1", "blockstorageplugins", "BlockStoragePlugin", false, false};

}  // namespace bso::controllers
