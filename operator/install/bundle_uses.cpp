// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_uses.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bso::install {
namespace {

using nlohmann::json;

std::optional<ServerVersion> read_version(FieldReader& reader, std::string_view path) {
  const auto is_version = [](std::string_view text) {
    return parse_server_version(text).has_value();
  };
  return parse_server_version(reader.text(path, "", is_version, "Write it in quotes: \"1.25\""));
}

/// "spec.fsGroupPolicy" in its parts; an empty part makes the whole path bad.
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    parts.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return parts;
}

VersionGate read_gate(FieldReader& gate) {
  gate.only("", {"kind", "name", "field", "minimum", "maximum"});
  VersionGate read{.kind = gate.text("kind", ""),
                   .name = gate.text("name", ""),
                   .field = split_path(gate.text("field", "")),
                   .minimum = read_version(gate, "minimum"),
                   .maximum = read_version(gate, "maximum")};
  if (read.kind.empty() || read.name.empty()) {
    gate.add(
        {.field = "kind", .message = "what is meant is not said", .remedy = "Write kind, name"});
  }
  if (!read.minimum && !read.maximum) {
    gate.add({.field = "minimum", .message = "no version is named", .remedy = "Write \"1.25\""});
  }
  // Without these an object has no address.
  static constexpr std::array<std::string_view, 3> kNeeded{"apiVersion", "kind", "metadata"};
  if (!read.field.empty() &&
      std::find(kNeeded.begin(), kNeeded.end(), read.field.front()) != kNeeded.end()) {
    gate.add({.field = "field",
              .message = "every object needs it",
              .remedy = "Name a field below spec or data"});
  }
  return read;
}

}  // namespace

DirectoryUse read_directory(FieldReader& reader, std::string_view path) {
  reader.only(path, {"hostPaths", "mounts", "env", "arguments"});
  return {.host_paths = reader.text_list(fmt::format("{}.hostPaths", path), {}),
          .mounts = reader.text_list(fmt::format("{}.mounts", path), {}),
          .env = reader.text_list(fmt::format("{}.env", path), {}),
          .arguments = reader.text_list(fmt::format("{}.arguments", path), {})};
}

std::map<std::string, LogLevelUse> read_log_levels(FieldReader& reader) {
  std::map<std::string, LogLevelUse> uses;
  for (const auto& [container, unused] : reader.object("logLevels").items()) {
    const std::string path = "logLevels." + container;
    reader.only(path, {"argument", "env", "Normal", "Debug", "Trace"});
    LogLevelUse use{.argument = reader.text(path + ".argument", ""),
                    .env = reader.text(path + ".env", ""),
                    .normal = reader.text(path + ".Normal", ""),
                    .debug = reader.text(path + ".Debug", ""),
                    .trace = reader.text(path + ".Trace", "")};
    if (use.argument.empty() == use.env.empty()) {
      reader.add({.field = path,
                  .message = "how the container is told has to be said in one way",
                  .remedy = "Write argument, e.g. --v=, or env, the name of a variable"});
    }
    if (use.normal.empty() || use.debug.empty() || use.trace.empty()) {
      reader.add({.field = path,
                  .message = "a level has no value",
                  .remedy = "Write Normal, Debug and Trace, numbers in quotes"});
    }
    uses.emplace(container, std::move(use));
  }
  return uses;
}

CredentialsUse read_credentials(FieldReader& reader) {
  reader.only("credentials", {"secret", "env", "volumes", "roles"});
  CredentialsUse use{.secret = reader.text("credentials.secret", ""),
                     .env = reader.text_list("credentials.env", {}),
                     .volumes = reader.text_list("credentials.volumes", {}),
                     .roles = reader.text_list("credentials.roles", {})};
  const bool used = !use.env.empty() || !use.volumes.empty() || !use.roles.empty();
  if (used == use.secret.empty()) {
    reader.add({.field = "credentials",
                .message = "secret, and what holds its name, belong together",
                .remedy = "Write secret and at least one of env, volumes and roles"});
  }
  return use;
}

std::vector<VersionGate> read_gates(FieldReader& reader) {
  std::vector<VersionGate> gates;
  for (const json& item : reader.list("gates")) {
    FieldReader gate(item);
    gates.push_back(read_gate(gate));
    for (SpecFault& fault : gate.take_faults()) {
      fault.field = fmt::format("gates[{}].{}", gates.size() - 1, fault.field);
      reader.add(std::move(fault));
    }
  }
  return gates;
}

}  // namespace bso::install
