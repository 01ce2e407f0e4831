// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "install/bundle.h"
#include "install/observe.h"
#include "install/render.h"
#include "install/spec.h"

namespace bso::install::test {

/// The bundles in the program, ibmc-block first; ends the test when they do not load.
const std::vector<Bundle>& shipped();

/// A file of the repository.
std::string read_file(const std::string& path);

/// A BlockStoragePlugin named ibmc-block; `spec` is merged over {driver: {name: ibmc-block}}.
nlohmann::json plugin(const nlohmann::json& spec = nlohmann::json::object());

/// Parses and demands a valid spec.
PluginSpec valid_spec(const nlohmann::json& spec = nlohmann::json::object());

std::vector<DesiredObject> rendered(const nlohmann::json& spec = nlohmann::json::object());

const DesiredObject& object_named(const std::vector<DesiredObject>& objects, std::string_view kind,
                                  std::string_view name);

/// The object as a server returns it after the apply: with uid, generation, defaults and a status
/// in which everything runs (three nodes).
nlohmann::json live(const DesiredObject& desired);

/// Everything applied and running.
std::vector<ObservedObject> all_running(const std::vector<DesiredObject>& desired);

ObservedObject& observed_named(std::vector<ObservedObject>& observed, std::string_view kind,
                               std::string_view name);

inline constexpr std::string_view kController = "ibmcloud-block-storage-plugin";
inline constexpr std::string_view kNode = "ibmcloud-block-storage-driver";

}  // namespace bso::install::test
