// SPDX-License-Identifier: Apache-2.0
// What is laid over the places that bundle.yaml names: directories of the node, log levels, the
// name of the Secret, and what the server's version takes away. Only overlay.cpp and render.cpp use
// it.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle.h"
#include "install/spec.h"

namespace bso::install {

/// Replaces the default directory at the beginning of each of the places by `directory`; a place
/// that does not begin with it becomes `directory` itself.
void set_directory(nlohmann::json& pod, const DirectoryUse& use, std::string_view default_directory,
                   const std::string& directory);

void set_log_levels(nlohmann::json& pod, const Bundle& bundle, LogLevel level);

/// A workload's pods, or the rules of a Role or ClusterRole.
void set_credentials(nlohmann::json& manifest, const CredentialsUse& use,
                     const std::string& secret);

/// Takes out what this server does not know or need. False: the whole manifest falls away.
[[nodiscard]] bool pass_gates(nlohmann::json& manifest, const Bundle& bundle,
                              const ServerVersion& server);

}  // namespace bso::install
