// SPDX-License-Identifier: Apache-2.0
// What a plan consists of beyond the objects that a spec asks for: whose an object is, which
// StorageClass is the default one, and a plug-in that is taken away.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/observe.h"
#include "install/plan.h"
#include "install/plan_report.h"
#include "install/spec.h"
#include "install/status.h"
#include "install/volumes.h"

namespace bso::install {

/// What stands beside the desired objects and is to be looked at too: what the inventory lists, and
/// the classes that the spec names.
[[nodiscard]] std::vector<ObjectRef> refs_beyond(const nlohmann::json& plugin,
                                                 const ParsedSpec& parsed);

/// Everything that the plan of an installation is made from. All of it outlives the trials.
struct InstallScene {
  const nlohmann::json& plugin;
  const ParsedSpec& parsed;  ///< with a bundle and a spec
  std::span<const DesiredObject> desired;
  std::span<const ObservedObject> observed;  ///< those desired and refs_beyond()
  const ClassFindings& classes;
};

/// All that an application would send, in its order: classes are given up and taken back, then
/// come trials_for(), then the mark of the default class as it will be needed by then.
[[nodiscard]] Trials installation_trials(const InstallScene& scene);

/// Everything that the plan of a removal is made from.
struct RemovalScene {
  const nlohmann::json& plugin;
  const ParsedSpec& parsed;
  std::span<const InventoryEntry> inventory;  ///< also what only its labels tell of
  std::span<const ObservedObject> observed;   ///< all of it
  std::optional<VolumeUse> volumes;           ///< nullopt: not known
};

/// What would be deleted, or given up, in mode Apply, in its order. When volumes block it the
/// trials are those of the time after, and `blocked` says so.
[[nodiscard]] Trials removal_trials(const RemovalScene& scene);

}  // namespace bso::install
