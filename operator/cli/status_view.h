// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace bso::cli {

/// A BlockStoragePlugin with its status, for people. What is not there is left out.
[[nodiscard]] std::string status_text(const nlohmann::json& plugin);

}  // namespace bso::cli
