// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace bso::install {

/// What a user's bundle may grant, and to whom. A role: no wildcard, none of the verbs by which one
/// gets rights that are not listed (escalate, bind, impersonate), no aggregation of other roles.
/// The API server lets nobody grant more than they hold, but a wildcard is refused even by an
/// operator that holds it. Manifests of other kinds pass.
[[nodiscard]] Result<void> check_role(const nlohmann::json& manifest);

/// Bindings give roles of the same bundle to ServiceAccounts of the same bundle, and to nobody
/// else.
[[nodiscard]] Result<void> check_bindings(std::span<const nlohmann::json> manifests);

}  // namespace bso::install
