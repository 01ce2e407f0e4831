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
#include "install/field_reader.h"
#include "install/observe.h"
#include "install/render.h"
#include "install/spec.h"
#include "install/trouble.h"

namespace bso::install {

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
  /// Only while it is being deleted: volumes_blocking_deletion(), nullopt when they could not be
  /// listed.
  std::optional<std::vector<std::string>> blocking_volumes = std::nullopt;
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
