// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_check.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/image_reference.h"
#include "install/kinds.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

const KindInfo* kind_of(const json& manifest) {
  const std::string api_version = codec::string_at(manifest, {"apiVersion"});
  const KindInfo* kind = find_kind(group_of(api_version), codec::string_at(manifest, {"kind"}));
  const bool same_version = kind != nullptr && api_version.ends_with(kind->version);
  return same_version ? kind : nullptr;
}

bool is_workload(std::string_view kind) { return kind == "Deployment" || kind == "DaemonSet"; }

std::string title(const json& manifest) {
  return codec::string_at(manifest, {"kind"}) + " " +
         codec::string_at(manifest, {"metadata", "name"});
}

tl::unexpected<Error> fault(const json& manifest, std::string_view what) {
  return fail(invalid_input(fmt::format("{}: {}", title(manifest), what)));
}

const json* pod_spec(const json& manifest) {
  return codec::find(manifest, {"spec", "template", "spec"});
}

bool has_named(const json* list, std::string_view name) {
  return list != nullptr && list->is_array() &&
         std::any_of(list->begin(), list->end(),
                     [&](const json& item) { return codec::string_at(item, {"name"}) == name; });
}

Result<void> check_pod(const json& manifest) {
  const json* spec = pod_spec(manifest);
  const json* labels = codec::find(manifest, {"spec", "template", "metadata", "labels"});
  if (spec == nullptr || !spec->is_object() || labels == nullptr || !labels->is_object()) {
    return fault(manifest, "spec.template lacks its labels or its spec");
  }
  const json* containers = codec::find(*spec, {"containers"});
  if (containers == nullptr || !containers->is_array() || containers->empty()) {
    return fault(manifest, "spec.template.spec.containers is missing");
  }
  for (const json& container : *containers) {
    const std::string name = codec::string_at(container, {"name"});
    if (name.empty()) {
      return fault(manifest, "a container lacks its name");
    }
    if (container.contains("image")) {
      return fault(manifest,
                   fmt::format("container {} names an image; images stand in bundle.yaml", name));
    }
  }
  if (spec->contains("initContainers")) {
    return fault(manifest, "initContainers are not supported yet");
  }
  return {};
}

Result<void> check_images(const Bundle& bundle, std::span<const json> manifests) {
  std::set<std::string> containers;
  for (const json& manifest : manifests) {
    if (!is_workload(codec::string_at(manifest, {"kind"}))) {
      continue;
    }
    for (const json& container :
         *codec::find(manifest, {"spec", "template", "spec", "containers"})) {
      const std::string name = codec::string_at(container, {"name"});
      if (!containers.insert(name).second) {
        return fault(manifest, fmt::format("container {} exists twice in the bundle", name));
      }
      if (!bundle.images.contains(name)) {
        return fault(manifest, fmt::format("container {} has no image: add it to images", name));
      }
    }
  }
  for (const auto& [name, image] : bundle.images) {
    if (!containers.contains(name)) {
      return fail(invalid_input(fmt::format("images.{}: no workload has such a container", name)));
    }
    auto reference = parse_image_reference(image.repository);
    if (!reference) {
      return fail(std::move(reference.error()).with_context(fmt::format("images.{}", name)));
    }
    const std::string& tag = image.tag.empty() ? bundle.version : image.tag;
    if (!reference->tag.empty() || !reference->digest.empty() || !is_image_tag(tag)) {
      return fail(invalid_input(fmt::format(
          "images.{}: repository takes no tag or digest, and \"{}\" has to be a tag", name, tag)));
    }
  }
  return {};
}

Result<void> check_directory(const DirectoryUse& use, std::span<const json> manifests) {
  const auto in_some_pod = [&](const auto& matches) {
    return std::any_of(manifests.begin(), manifests.end(), [&](const json& manifest) {
      const json* spec = pod_spec(manifest);
      return spec != nullptr && matches(*spec);
    });
  };
  for (const std::string& volume : use.host_paths) {
    const bool found = in_some_pod([&](const json& spec) {
      const json* volumes = codec::find(spec, {"volumes"});
      return volumes != nullptr &&
             std::any_of(volumes->begin(), volumes->end(), [&](const json& item) {
               return codec::string_at(item, {"name"}) == volume &&
                      codec::find(item, {"hostPath", "path"}) != nullptr;
             });
    });
    if (!found) {
      return fail(invalid_input(
          fmt::format("directories: hostPaths: no pod has a hostPath volume named {}", volume)));
    }
  }
  for (const std::string& variable : use.env) {
    const bool found = in_some_pod([&](const json& spec) {
      const json& containers = spec.at("containers");
      return std::any_of(containers.begin(), containers.end(), [&](const json& container) {
        return has_named(codec::find(container, {"env"}), variable);
      });
    });
    if (!found) {
      return fail(invalid_input(
          fmt::format("directories: env: no container has a variable named {}", variable)));
    }
  }
  return {};
}

}  // namespace

std::string_view group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

int manifest_rank(const nlohmann::json& manifest) {
  return apply_rank(group_of(codec::string_at(manifest, {"apiVersion"})),
                    codec::string_at(manifest, {"kind"}));
}

Result<void> check_manifest(const nlohmann::json& manifest) {
  const KindInfo* kind = kind_of(manifest);
  if (kind == nullptr || kind->kind == "StorageClass") {
    std::string known;
    for (const KindInfo& info : known_kinds()) {
      if (info.kind != "StorageClass") {
        known += (known.empty() ? "" : ", ") + std::string(info.kind);
      }
    }
    return fault(manifest, fmt::format("a bundle cannot hold {} of {}; known are: {}{}",
                                       codec::string_at(manifest, {"kind"}),
                                       codec::string_at(manifest, {"apiVersion"}), known,
                                       kind == nullptr ? "" : " (classes stand in bundle.yaml)"));
  }
  if (!is_dns_subdomain(codec::string_at(manifest, {"metadata", "name"}))) {
    return fault(manifest, "metadata.name is missing or not a name");
  }
  if (codec::find(manifest, {"metadata", "namespace"}) != nullptr) {
    return fault(manifest, "metadata.namespace comes from the settings: take it out");
  }
  return is_workload(kind->kind) ? check_pod(manifest) : Result<void>();
}

Result<void> check_bundle(const Bundle& bundle, std::span<const nlohmann::json> manifests) {
  std::set<std::string> titles;
  for (const json& manifest : manifests) {
    if (!titles.insert(title(manifest)).second) {
      return fault(manifest, "it exists twice in the bundle");
    }
  }
  if (!titles.contains("Deployment " + bundle.controller)) {
    return fail(invalid_input(
        fmt::format("workloads.controller: there is no Deployment {}", bundle.controller)));
  }
  if (!titles.contains("DaemonSet " + bundle.node)) {
    return fail(
        invalid_input(fmt::format("workloads.node: there is no DaemonSet {}", bundle.node)));
  }
  if (auto checked = check_images(bundle, manifests); !checked) {
    return checked;
  }
  if (auto checked = check_directory(bundle.flex_volume_plugin_dir, manifests); !checked) {
    return checked;
  }
  return check_directory(bundle.kubelet_root_dir, manifests);
}

}  // namespace bso::install
