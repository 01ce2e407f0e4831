// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kube/document_store.h"

namespace bso::controllers {

/// Whether a resourceVersion that was seen is the one of `live`, or a later one of the same kind.
/// False when the two cannot be compared.
[[nodiscard]] bool not_older(const std::string& seen, const std::string& live);

/// Whether `store` shows every object of `list` (a List as the server answered) in that state or a
/// newer one, and none that `list` lacks. False also when resourceVersions cannot be compared: then
/// the store has to show the very same ones.
[[nodiscard]] bool is_as_new_as(const kube::DocumentStore& store, const nlohmann::json& list);

}  // namespace bso::controllers
