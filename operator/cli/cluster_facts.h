// SPDX-License-Identifier: Apache-2.0
// What a plan depends on beyond the plug-in and its objects, asked for with the user's rights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "base/task.h"
#include "cli/session.h"
#include "install/bundle_map.h"
#include "install/driver_pods.h"
#include "install/plan.h"
#include "install/render.h"
#include "install/status.h"
#include "install/volumes.h"

namespace bso::cli {

/// What could not be asked for want of a right goes here, as a sentence.
using Notes = std::vector<std::string>;

/// The shipped bundles; and those of the ConfigMaps of `ns`, if one of the plug-ins names a driver
/// that does not ship. Fails when the server gives no answer.
Task<Result<install::Catalog>> read_catalog(Session& session, std::string ns,
                                            const std::vector<nlohmann::json>& plugins,
                                            Notes& notes);

/// Those that ship and those of the ConfigMaps of `ns`, as far as the user may read them.
Task<Result<std::vector<install::Bundle>>> read_bundles(Session& session, std::string ns);

/// The driver's pods, for the budget of a rollout. None before the first installation.
Task<Result<std::vector<install::DriverPod>>> read_driver_pods(
    Session& session, const nlohmann::json& plugin,
    const std::vector<install::DesiredObject>& desired, std::string daemon_set, Notes& notes);

/// The classes of the cluster, and what the status of the plug-in tells of them.
Task<Result<install::ClassFindings>> read_classes(Session& session, const nlohmann::json& plugin,
                                                  Notes& notes);

/// What is installed: by the status, and by the labels.
Task<Result<std::vector<install::InventoryEntry>>> read_installed(Session& session,
                                                                  const nlohmann::json& plugin,
                                                                  Notes& notes);

/// nullopt: the user may not look.
Task<Result<std::optional<install::VolumeUse>>> read_volumes(Session& session,
                                                             install::DriverNames names,
                                                             Notes& notes);

}  // namespace bso::cli
