// SPDX-License-Identifier: Apache-2.0
#include "install/overlay_uses.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/pod_parts.h"

namespace bso::install {
namespace {

using nlohmann::json;

bool lists(const std::vector<std::string>& names, const json& item, std::string_view field) {
  return std::find(names.begin(), names.end(), codec::string_at(item, {field})) != names.end();
}

std::string moved(std::string_view path, std::string_view from, const std::string& to) {
  const bool below = path.starts_with(from) &&
                     (path.size() == from.size() || path[from.size()] == '/' || from.empty());
  return below ? to + std::string(path.substr(from.size())) : to;
}

/// Calls `change` with what follows `prefix` in each argument that begins with it.
template <class Change>
void change_arguments(json& container, std::string_view prefix, Change change) {
  if (!container.contains("args") || !container["args"].is_array()) {
    return;
  }
  for (json& argument : container["args"]) {
    if (!argument.is_string()) {
      continue;
    }
    const auto text = argument.get<std::string>();
    if (text.starts_with(prefix)) {
      argument = std::string(prefix) + change(text.substr(prefix.size()));
    }
  }
}

void set_directory_in(json& container, const DirectoryUse& use, std::string_view from,
                      const std::string& to) {
  for (json* variable : objects_of(container, "env")) {
    if (lists(use.env, *variable, "name")) {
      (*variable)["value"] = moved(codec::string_at(*variable, {"value"}), from, to);
    }
  }
  for (json* mount : objects_of(container, "volumeMounts")) {
    if (lists(use.mounts, *mount, "name")) {
      (*mount)["mountPath"] = moved(codec::string_at(*mount, {"mountPath"}), from, to);
    }
  }
  for (const std::string& argument : use.arguments) {
    change_arguments(container, argument,
                     [&](const std::string& path) { return moved(path, from, to); });
  }
}

const std::string& value_of(const LogLevelUse& use, LogLevel level) {
  return level == LogLevel::trace ? use.trace : level == LogLevel::debug ? use.debug : use.normal;
}

void set_credentials_of_pod(json& pod, const CredentialsUse& use, const std::string& secret) {
  for (json* volume : objects_of(pod, "volumes")) {
    if (lists(use.volumes, *volume, "name")) {
      (*volume)["secret"]["secretName"] = secret;
    }
  }
  for (json* container : containers_of(pod)) {
    for (json* variable : objects_of(*container, "env")) {
      if (lists(use.env, *variable, "name")) {
        (*variable)["value"] = secret;
      }
    }
  }
}

bool admits(const VersionGate& gate, const ServerVersion& server) {
  return (!gate.minimum || server.minor >= gate.minimum->minor) &&
         (!gate.maximum || server.minor <= gate.maximum->minor);
}

void take_out(json& manifest, const std::vector<std::string>& field) {
  json* here = &manifest;
  for (std::size_t depth = 0; depth < field.size(); ++depth) {
    if (!here->is_object() || !here->contains(field[depth])) {
      return;
    }
    if (depth + 1 == field.size()) {
      here->erase(field[depth]);
      return;
    }
    here = &(*here)[field[depth]];
  }
}

}  // namespace

void set_directory(nlohmann::json& pod, const DirectoryUse& use, std::string_view default_directory,
                   const std::string& directory) {
  for (json* volume : objects_of(pod, "volumes")) {
    if (lists(use.host_paths, *volume, "name") && volume->contains("hostPath")) {
      json& path = (*volume)["hostPath"];
      path["path"] = moved(codec::string_at(path, {"path"}), default_directory, directory);
    }
  }
  for (json* container : containers_of(pod)) {
    set_directory_in(*container, use, default_directory, directory);
  }
}

void set_log_levels(nlohmann::json& pod, const Bundle& bundle, LogLevel level) {
  for (json* container : containers_of(pod)) {
    const auto found = bundle.log_levels.find(codec::string_at(*container, {"name"}));
    if (found == bundle.log_levels.end()) {
      continue;
    }
    const LogLevelUse& use = found->second;
    const std::string& value = value_of(use, level);
    if (!use.argument.empty()) {
      change_arguments(*container, use.argument, [&](const std::string&) { return value; });
      continue;
    }
    for (json* variable : objects_of(*container, "env")) {
      if (codec::string_at(*variable, {"name"}) == use.env) {
        (*variable)["value"] = value;
      }
    }
  }
}

void set_credentials(nlohmann::json& manifest, const CredentialsUse& use,
                     const std::string& secret) {
  if (json* pod = pod_spec_of(manifest); pod != nullptr) {
    set_credentials_of_pod(*pod, use, secret);
    return;
  }
  const std::string kind = codec::string_at(manifest, {"kind"});
  const bool is_role = kind == "Role" || kind == "ClusterRole";
  const std::string name = codec::string_at(manifest, {"metadata", "name"});
  if (!is_role || std::find(use.roles.begin(), use.roles.end(), name) == use.roles.end()) {
    return;
  }
  for (json* rule : objects_of(manifest, "rules")) {
    if (!rule->contains("resourceNames") || !(*rule)["resourceNames"].is_array()) {
      continue;
    }
    for (json& resource : (*rule)["resourceNames"]) {
      if (resource == use.secret) {
        resource = secret;
      }
    }
  }
}

bool pass_gates(nlohmann::json& manifest, const Bundle& bundle, const ServerVersion& server) {
  for (const VersionGate& gate : bundle.gates) {
    const bool meant = gate.kind == codec::string_at(manifest, {"kind"}) &&
                       gate.name == codec::string_at(manifest, {"metadata", "name"});
    if (!meant || admits(gate, server)) {
      continue;
    }
    if (gate.field.empty()) {
      return false;
    }
    take_out(manifest, gate.field);
  }
  return true;
}

}  // namespace bso::install
