// SPDX-License-Identifier: Apache-2.0
#include "cli/status_command.h"

#include <memory>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/live_names.h"
#include "cli/status_view.h"
#include "codec/yaml_text.h"
#include "controllers/plugin/resource.h"

namespace bso::cli {
namespace {

using controllers::block_storage_plugins;

std::string explain_lookup(const Session& session, const std::string& name, const Error& error) {
  if (error.code != 404) return explain_failure(session.source(), error);
  const bool known = !name.empty() &&
                     error.message.find(fmt::format("\"{}\" not found", name)) != std::string::npos;
  return known ? fmt::format(
                     "There is no BlockStoragePlugin {}. kubectl blockstorage status lists all.",
                     name)
               : "The cluster does not know BlockStoragePlugins. Install the operator: kubectl "
                 "apply -f crds/ -f manifests/";
}

/// The object as a person wants to read it in JSON or YAML.
nlohmann::json without_managers(nlohmann::json object) {
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) metadata->erase("managedFields");
  return object;
}

}  // namespace

Task<int> status_command(Session& session, const Options& options) {
  session.progress().at("asking for BlockStoragePlugins");
  Result<codec::JsonPtr> answer;
  if (options.name.empty()) {
    answer = co_await session.client().list(block_storage_plugins, "", kube::Query());
  } else {
    answer = co_await session.client().get(block_storage_plugins, "", options.name);
  }
  session.progress().end();
  if (!answer) {
    complain(explain_lookup(session, options.name, answer.error()));
    co_return exit_error;
  }
  auto plugins = nlohmann::json::array();
  const auto* items = codec::find(**answer, {"items"});
  if (!options.name.empty()) {
    plugins.push_back(without_managers(**answer));
  } else if (items != nullptr && items->is_array()) {
    for (const auto& item : *items) plugins.push_back(without_managers(item));
  }
  if (options.output == Output::table) {
    std::string text;
    for (const auto& plugin : plugins) text += (text.empty() ? "" : "\n") + status_text(plugin);
    print(text.empty() ? "There is no BlockStoragePlugin in the cluster.\n" : text);
    co_return exit_ok;
  }
  const auto whole =
      options.name.empty()
          ? nlohmann::json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(plugins)}}
          : plugins.front();
  print(options.output == Output::json ? whole.dump(2) + "\n" : codec::json_to_yaml(whole));
  co_return exit_ok;
}

Task<int> print_plugin_names(Session& session, std::string begun) {
  return print_names(session, block_storage_plugins, "", kube::Query(), std::move(begun));
}

}  // namespace bso::cli
