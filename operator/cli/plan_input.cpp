// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_input.h"

#include <cerrno>
#include <cstdio>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "controllers/plugin/resource.h"

namespace bso::cli {
namespace {

using controllers::block_storage_plugins;

/// More than any file of BlockStoragePlugins; the server takes 3 MiB.
constexpr std::size_t kMaxFile = 3U << 20U;

Result<std::string> read_whole(const std::string& name) {
  const Stream file(name == "-" ? stdin : std::fopen(name.c_str(), "rbe"));
  const auto why = [&] { return std::generic_category().message(errno); };
  if (file == nullptr) return fail(invalid_input(fmt::format("{}: {}", name, why())));
  std::string text;
  switch (read_to_end(file.get(), kMaxFile, text)) {
    case StreamEnd::complete:
      break;
    case StreamEnd::too_large:
      return fail(invalid_input(fmt::format("{}: larger than {} bytes", name, kMaxFile)));
    case StreamEnd::failed:
      return fail(invalid_input(fmt::format("{}: {}", name, why())));
  }
  return text;
}

}  // namespace

Result<std::vector<nlohmann::json>> read_plugins(std::string_view text, std::string_view source) {
  auto documents = codec::yaml_to_json(text);
  if (!documents) return fail(std::move(documents.error()).with_context(source));
  std::set<std::string> names;
  for (const auto& document : *documents) {
    const auto kind = codec::string_at(document, {"kind"});
    const auto version = codec::string_at(document, {"apiVersion"});
    if (kind != block_storage_plugins.kind || version != block_storage_plugins.api_version()) {
      return fail(invalid_input(
          fmt::format("{}: kind \"{}\" of apiVersion \"{}\" cannot be planned; give it "
                      "BlockStoragePlugins of {} only",
                      source, kind, version, block_storage_plugins.api_version())));
    }
    const auto name = codec::string_at(document, {"metadata", "name"});
    if (name.empty()) {
      return fail(invalid_input(
          fmt::format("{}: a BlockStoragePlugin has no metadata.name; give it one", source)));
    }
    if (!names.insert(name).second) {
      return fail(invalid_input(
          fmt::format("{}: BlockStoragePlugin {} is there twice; keep one", source, name)));
    }
  }
  if (documents->empty()) {
    return fail(invalid_input(fmt::format("{}: no BlockStoragePlugin in it", source)));
  }
  return documents;
}

Result<std::vector<nlohmann::json>> read_plugins_of(const std::string& file) {
  const auto text = read_whole(file);
  if (!text) return fail(text.error());
  return read_plugins(*text, file == "-" ? "standard input" : file);
}

}  // namespace bso::cli
