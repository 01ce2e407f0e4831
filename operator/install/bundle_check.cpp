// SPDX-License-Identifier: Apache-2.0
#include "install/bundle_check.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/bundle_uses_check.h"
#include "install/image_reference.h"
#include "install/kinds.h"
#include "install/pod_parts.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

using nlohmann::json;

const KindInfo* kind_of(const json& manifest) {
  const std::string api_version = codec::string_at(manifest, {"apiVersion"});
  const KindInfo* kind = find_kind(group_of(api_version), codec::string_at(manifest, {"kind"}));
  const bool same_version = kind != nullptr && api_version == make_ref(*kind, "", "").api_version();
  return same_version ? kind : nullptr;
}

std::string title(const json& manifest) {
  return codec::string_at(manifest, {"kind"}) + " " +
         codec::string_at(manifest, {"metadata", "name"});
}

tl::unexpected<Error> fault(const json& manifest, std::string_view what) {
  return fail(invalid_input(fmt::format("{}: {}", title(manifest), what)));
}

bool is_absent(const json* value) { return value == nullptr || value->is_null(); }

bool is_map(const json& document, std::initializer_list<std::string_view> path) {
  const json* value = codec::find(document, path);
  return is_absent(value) || value->is_object();
}

bool is_list_of_maps(const json& document, std::string_view field) {
  const json* value = codec::find(document, {field});
  return is_absent(value) ||
         (value->is_array() && std::all_of(value->begin(), value->end(),
                                           [](const json& item) { return item.is_object(); }));
}

/// What the settings are laid over has to be able to take them: overlay() and render() do not ask.
/// "" when it is, otherwise what is wrong.
std::string_view misshapen(const json& manifest) {
  if (!is_map(manifest, {"metadata", "labels"})) {
    return "metadata.labels is no map";
  }
  if (!is_map(manifest, {"metadata", "annotations"})) {
    return "metadata.annotations is no map";
  }
  if (!is_map(manifest, {"spec", "template", "metadata", "labels"})) {
    return "spec.template.metadata.labels is no map";
  }
  const json* pod = pod_spec_of(manifest);
  if (pod == nullptr) {
    return "";
  }
  if (!is_map(*pod, {"nodeSelector"})) {
    return "nodeSelector is no map";
  }
  if (!is_list_of_maps(*pod, "imagePullSecrets")) {
    return "imagePullSecrets is no list of maps";
  }
  if (!is_list_of_maps(*pod, "volumes")) {
    return "volumes is no list of maps";
  }
  if (const json* volumes = codec::find(*pod, {"volumes"}); !is_absent(volumes)) {
    for (const json& volume : *volumes) {
      if (!is_map(volume, {"hostPath"})) {
        return "hostPath of a volume is no map";
      }
      if (!is_map(volume, {"secret"})) {
        return "secret of a volume is no map";
      }
    }
  }
  for (const json* container : containers_of(*pod)) {
    if (!is_map(*container, {"resources"})) {
      return "resources of a container is no map";
    }
    if (!is_map(*container, {"resources", "requests"})) {
      return "requests of a container is no map";
    }
    if (!is_map(*container, {"resources", "limits"})) {
      return "limits of a container is no map";
    }
    if (!is_list_of_maps(*container, "env")) {
      return "env of a container is no list of maps";
    }
  }
  return "";
}

Result<void> check_pod(const json& manifest) {
  const json* spec = pod_spec_of(manifest);
  const json* labels = codec::find(manifest, {"spec", "template", "metadata", "labels"});
  if (spec == nullptr || !spec->is_object() || labels == nullptr || !labels->is_object()) {
    return fault(manifest, "spec.template lacks its labels or its spec");
  }
  const json* containers = codec::find(*spec, {"containers"});
  if (containers == nullptr || !containers->is_array() || containers->empty()) {
    return fault(manifest, "spec.template.spec.containers is missing");
  }
  if (!is_list_of_maps(*spec, "containers") || !is_list_of_maps(*spec, "initContainers")) {
    return fault(manifest, "containers or initContainers is no list of maps");
  }
  std::set<std::string> names;
  for (const json* container : containers_of(*spec)) {
    const std::string name = codec::string_at(*container, {"name"});
    if (name.empty()) {
      return fault(manifest, "a container lacks its name");
    }
    if (!names.insert(name).second) {
      return fault(manifest, fmt::format("container {} exists twice in the pod", name));
    }
    if (container->contains("image")) {
      return fault(manifest,
                   fmt::format("container {} names an image; images stand in bundle.yaml", name));
    }
  }
  return {};
}

Result<void> check_images(const Bundle& bundle, std::span<const json> manifests) {
  std::set<std::string> containers;
  for (const json& manifest : manifests) {
    const json* pod = pod_spec_of(manifest);
    if (pod == nullptr) {
      continue;
    }
    for (const json* container : containers_of(*pod)) {
      const std::string name = codec::string_at(*container, {"name"});
      // The same sidecar may stand in several pods.
      containers.insert(name);
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
  if (is_workload(kind->kind)) {
    if (auto checked = check_pod(manifest); !checked) {
      return checked;
    }
  }
  if (const auto fault_of_shape = misshapen(manifest); !fault_of_shape.empty()) {
    return fault(manifest, fault_of_shape);
  }
  return {};
}

Result<void> check_bundle(const Bundle& bundle, std::span<const nlohmann::json> manifests) {
  std::set<std::string> titles;
  for (const json& manifest : manifests) {
    if (!titles.insert(title(manifest)).second) {
      return fault(manifest, "it exists twice in the bundle");
    }
  }
  const bool deployed = titles.contains("Deployment " + bundle.controller);
  const bool stateful = titles.contains("StatefulSet " + bundle.controller);
  if (!bundle.controller.empty() && deployed == stateful) {
    return fail(invalid_input(
        fmt::format("workloads.controller: there has to be one Deployment or one StatefulSet {}",
                    bundle.controller)));
  }
  if (!titles.contains("DaemonSet " + bundle.node)) {
    return fail(
        invalid_input(fmt::format("workloads.node: there is no DaemonSet {}", bundle.node)));
  }
  if (auto checked = check_images(bundle, manifests); !checked) {
    return checked;
  }
  return check_uses(bundle, manifests);
}

std::string controller_kind(const Bundle& bundle, std::span<const nlohmann::json> manifests) {
  for (const json& manifest : manifests) {
    const std::string kind = codec::string_at(manifest, {"kind"});
    const bool is_controller = kind == "Deployment" || kind == "StatefulSet";
    if (is_controller && codec::string_at(manifest, {"metadata", "name"}) == bundle.controller) {
      return kind;
    }
  }
  return "";
}

}  // namespace bso::install
