// SPDX-License-Identifier: Apache-2.0
// What a file stands for in the cluster, asked by dry runs and looks alone.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "base/task.h"
#include "cli/plan_view.h"
#include "cli/session.h"
#include "codec/json.h"

namespace bso::cli {

/// What is there of that name now, and whether its kind is known at all.
struct Present {
  bool crd = true;
  codec::JsonPtr plugin;  ///< nullptr: none
};

Task<Result<Present>> find_present(Session& session, std::string name);

/// Lets the server judge the object by the CRD's schema; fills in what is to be told.
Task<Result<void>> check_schema(Session& session, nlohmann::json document, PluginPlan& plan);

/// The object as it would be once the file is applied: its spec, and what the operator keeps in the
/// status of the one there. Its generation matters: with another one a version that has failed is
/// tried again. Whether the file brings another one only the server knows, which fills in defaults.
Task<Result<nlohmann::json>> as_applied(Session& session, const nlohmann::json& document,
                                        const codec::JsonPtr& present);

}  // namespace bso::cli
