// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "codec/json.h"
#include "install/bundle.h"
#include "install/default_class.h"
#include "install/drift.h"
#include "install/driver_pods.h"
#include "install/field_reader.h"
#include "install/observe.h"
#include "install/plan_report.h"
#include "install/prerequisites.h"
#include "install/recreate.h"
#include "install/render.h"
#include "install/rollout.h"
#include "install/spec.h"
#include "install/trouble.h"
#include "install/uninstall.h"

namespace bso::install {

/// What the part of a pass that cares for classes has found out and done.
struct ClassFindings {
  std::vector<ClassView> cluster;       ///< all StorageClasses of the cluster
  std::vector<MarkCount> mark_counts;   ///< read_mark_counts() and what this pass added
  std::vector<CarriedOver> recreating;  ///< what is still to be carried over
};

/// All that a status is made of. References and spans live as long as the call.
struct StatusInput {
  const nlohmann::json& plugin;  ///< the BlockStoragePlugin as read, with its previous status
  const ParsedSpec& parsed;
  std::span<const DesiredObject>
      desired{};  ///< empty when the spec is faulty or it is being deleted
  /// What was found: one for each desired object, and one for each inventory entry beyond them.
  /// Those that could not be read are left out.
  std::span<const ObservedObject> observed{};
  std::span<const WriteFault> write_faults{};
  std::span<const ImagePullFault> image_pull_faults{};
  RolloutChoice rollout{};                   ///< how `desired` was chosen; version "": the spec's
  std::span<const DriverPod> driver_pods{};  ///< of the node driver
  /// External only: whether the CSIDriver of that name is there. nullopt: not known.
  std::optional<bool> driver_registered = std::nullopt;
  const PlanReport* plan = nullptr;    ///< in mode Plan, once it is made
  const DriftLedger* drift = nullptr;  ///< nullptr: as the status has it
  std::span<const Release> adopted_from{};
  ClassFindings classes{};
  const Removal* removal = nullptr;                 ///< only while it is to be taken away
  std::optional<VolumeUse> volumes = std::nullopt;  ///< nullopt: not counted yet
  const Needs* needs = nullptr;                     ///< nullptr: they were not looked at
  CredentialsState credentials = {};
  std::string_view operator_version;
  std::string_view now;  ///< RFC 3339
};

/// The whole status. All conditions are always in it; lastTransitionTime moves only with a
/// condition's status; `now` shows up nowhere else. So the same findings give the same bytes, and
/// an unchanged status need not be written.
[[nodiscard]] codec::JsonPtr compute_status(const StatusInput& input);

/// Whether `plugin` already carries exactly this status.
[[nodiscard]] bool has_status(const nlohmann::json& plugin, const nlohmann::json& status);

}  // namespace bso::install
