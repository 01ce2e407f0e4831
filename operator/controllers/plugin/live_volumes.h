// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "install/volumes.h"
#include "kube/client.h"

namespace bso::controllers {

/// On which nodes the volume of that name is in use, for those who can tell.
using NodesOfVolume = std::function<std::vector<std::string>(const std::string& volume)>;

/// The volumes of a driver, asked for live and from etcd. `client` outlives the call.
Task<Result<install::VolumeUse>> list_volumes(kube::Client& client, install::DriverNames names,
                                              NodesOfVolume nodes_of);

}  // namespace bso::controllers
