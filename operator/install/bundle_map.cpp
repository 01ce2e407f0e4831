// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_map.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/yaml.h"
#include "install/bundle_rights.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::string_view kHead = "bundle.yaml";
constexpr codec::YamlLimits kYamlLimits{
    .max_bytes = kMaxBundleBytes, .max_nodes = 20'000, .max_depth = 50};
constexpr const char* kMend =
    "Mend the ConfigMap; what is installed stays as it is until then, and can be deleted";

bool is_yaml_name(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

Result<std::vector<BundleFile>> files_of(const json& config_map) {
  const json* binary = codec::find(config_map, {"binaryData"});
  if (binary != nullptr && binary->is_object() && !binary->empty()) {
    return fail(invalid_input(fmt::format(
        "{} is not UTF-8: it came as binaryData. Save it as UTF-8 text", binary->begin().key())));
  }
  std::vector<BundleFile> files;
  std::size_t bytes = 0;
  const json* data = codec::find(config_map, {"data"});
  if (data != nullptr && data->is_object()) {
    for (const auto& [name, text] : data->items()) {
      if (!is_yaml_name(name) || !text.is_string()) {
        return fail(invalid_input(
            fmt::format("{}: a bundle holds only files named *.yaml; take it out", name)));
      }
      const auto& content = text.get_ref<const std::string&>();
      bytes += content.size();
      files.push_back({name, content});
    }
  }
  if (bytes > kMaxBundleBytes || files.size() > kMaxBundleFiles) {
    return fail(invalid_input(
        fmt::format("it has {} bytes in {} files; a bundle has at most {} bytes in {} files", bytes,
                    files.size(), kMaxBundleBytes, kMaxBundleFiles)));
  }
  const bool has_head = std::any_of(files.begin(), files.end(),
                                    [](const BundleFile& file) { return file.path == kHead; });
  if (!has_head) {
    return fail(invalid_input(fmt::format("there is no key {}", kHead)));
  }
  return files;
}

/// Read here once more, under closer limits than those of the bundles in the program.
Result<void> check_files(std::span<const BundleFile> files) {
  std::vector<json> manifests;
  for (const BundleFile& file : files) {
    auto documents = codec::yaml_to_json(file.text, kYamlLimits);
    if (!documents) {
      return fail(std::move(documents.error()).with_context(file.path));
    }
    if (file.path == kHead) {
      continue;
    }
    for (json& document : *documents) {
      if (auto checked = check_role(document); !checked) {
        return fail(std::move(checked.error()).with_context(file.path));
      }
      manifests.push_back(std::move(document));
    }
  }
  if (manifests.size() > kMaxBundleManifests) {
    return fail(invalid_input(fmt::format("it has {} objects; a bundle has at most {}",
                                          manifests.size(), kMaxBundleManifests)));
  }
  return check_bindings(manifests);
}

Result<Bundle> load_map(const json& config_map, const std::string& name) {
  if (!is_dns_label(name)) {
    return fail(invalid_input(fmt::format(
        "the label {}: \"{}\" is no name of a bundle; write a DNS label", kBundleLabel, name)));
  }
  auto files = files_of(config_map);
  if (!files) {
    return fail(std::move(files.error()));
  }
  if (auto checked = check_files(*files); !checked) {
    return fail(std::move(checked.error()));
  }
  auto bundle = load_bundle(*files);
  if (!bundle) {
    return bundle;
  }
  if (bundle->name != name) {
    return fail(invalid_input(fmt::format("{}: name: \"{}\" is not what the label {} says ({})",
                                          kHead, bundle->name, kBundleLabel, name)));
  }
  if (bundle->classes.tiers.size() > kMaxBundleTiers) {
    return fail(invalid_input(
        fmt::format("{}: storageClasses.tiers has more than {} entries", kHead, kMaxBundleTiers)));
  }
  return bundle;
}

std::string source_of(const BundleMap& map) {
  return fmt::format("ConfigMap {}/{}", map.ns, map.name);
}

BundleFault several(const std::string& bundle, std::span<const BundleMap* const> maps) {
  std::string sources;
  for (const BundleMap* map : maps) {
    sources += (sources.empty() ? "" : ", ") + source_of(*map);
  }
  return {.bundle = bundle,
          .source = sources,
          .message = fmt::format("several ConfigMaps carry the label {}={}: {}", kBundleLabel,
                                 bundle, sources),
          .remedy =
              "Keep one of them; what is installed stays as it is until then, and can be "
              "deleted"};
}

}  // namespace

BundleMap read_bundle_map(const nlohmann::json& config_map) {
  std::string name = codec::string_at(config_map, {"metadata", "labels", kBundleLabel});
  auto loaded = load_map(config_map, name);
  return {.ns = codec::string_at(config_map, {"metadata", "namespace"}),
          .name = codec::string_at(config_map, {"metadata", "name"}),
          .bundle = std::move(name),
          .loaded = std::move(loaded)};
}

Catalog make_catalog(std::span<const Bundle> shipped, std::span<const BundleMap* const> maps) {
  Catalog catalog;
  catalog.bundles.assign(shipped.begin(), shipped.end());
  std::map<std::string, std::vector<const BundleMap*>> by_name;
  for (const BundleMap* map : maps) {
    by_name[map->bundle].push_back(map);
  }
  for (const auto& [name, group] : by_name) {
    const BundleMap& map = *group.front();
    if (find_bundle(shipped, name) != nullptr) {
      for (const BundleMap* refused : group) {
        catalog.faults.push_back(
            {.bundle = name,
             .source = source_of(*refused),
             .message = fmt::format("{}: {} ships with the operator and cannot be replaced",
                                    source_of(*refused), name),
             .remedy = "Give the bundle another name, in bundle.yaml and in the label"});
      }
    } else if (group.size() > 1) {
      catalog.faults.push_back(several(name, group));
    } else if (!map.loaded) {
      catalog.faults.push_back(
          {.bundle = name,
           .source = source_of(map),
           .message = fmt::format("{}: {}", source_of(map), map.loaded.error().message),
           .remedy = kMend});
    } else {
      catalog.bundles.push_back(*map.loaded);
    }
  }
  return catalog;
}

const BundleFault* find_fault(std::span<const BundleFault> faults, std::string_view bundle) {
  const auto found = std::find_if(faults.begin(), faults.end(),
                                  [&](const BundleFault& fault) { return fault.bundle == bundle; });
  return found == faults.end() ? nullptr : &*found;
}

}  // namespace bso::install
