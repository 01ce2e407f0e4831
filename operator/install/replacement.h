// SPDX-License-Identifier: Apache-2.0
// A version of a bundle may rename a workload or make it another kind. In which order the old one
// goes and the new one comes.
#pragma once

#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
#include "install/observe.h"
#include "install/plan.h"

namespace bso::install {

/// Of what is no longer desired, in the order of deletion: what may go now. An old node driver
/// stays until the new one runs on every node that should have it, or nodes would be without a
/// driver meanwhile; and with it stays all that it needs, which goes after it: rights, accounts,
/// settings, the CSIDriver.
[[nodiscard]] std::vector<InventoryEntry> may_go_now(std::vector<InventoryEntry> gone,
                                                     std::span<const ObservedObject> observed,
                                                     const Bundle& bundle);

/// Workloads of an older version that are still there, as components of the status: they say what
/// they wait for. None while nothing is desired.
[[nodiscard]] nlohmann::json old_components(std::span<const DesiredObject> desired,
                                            std::span<const ObservedObject> observed,
                                            const Bundle& bundle);

/// Whether a workload is not to be applied yet: it is the controller, and the one that it replaces
/// is still there. Two of different names or kinds know nothing of each other, and both would make
/// and delete volumes.
[[nodiscard]] bool waits_for_old_controller(const ObjectRef& wanted,
                                            std::span<const InventoryEntry> gone,
                                            std::span<const ObservedObject> observed,
                                            const Bundle& bundle);

}  // namespace bso::install
