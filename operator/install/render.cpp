// SPDX-License-Identifier: Apache-2.0
#include "install/render.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "install/bundle_check.h"
#include "install/class_policy.h"
#include "install/names.h"
#include "install/overlay.h"
#include "install/overlay_uses.h"

namespace bso::install {
namespace {

using nlohmann::json;

constexpr std::size_t kHashBytes = 8;

void set(json& object, const char* map, std::string_view key, std::string_view value) {
  object[map][std::string(key)] = std::string(value);
}

void label(json& document, const Bundle& bundle, const PluginSpec& spec) {
  json& metadata = document["metadata"];
  set(metadata, "labels", kManagedByLabel, kOperatorName);
  set(metadata, "labels", kPartOfLabel, bundle.name);
  set(metadata, "labels", kPluginLabel, spec.plugin);
  if (codec::find(document, {"spec", "template", "metadata", "labels"}) != nullptr) {
    // The pods are found by it. Nothing in the template may change without a change of content, or
    // every node would get a new pod for nothing: so no hash and no version of ours in there.
    json& pod_metadata = document["spec"]["template"]["metadata"];
    set(pod_metadata, "labels", kPartOfLabel, bundle.name);
    set(pod_metadata, "labels", kPluginLabel, spec.plugin);
    if (spec.credentials && !spec.credentials->revision.empty()) {
      set(pod_metadata, "annotations", kCredentialsRevision, spec.credentials->revision);
    }
  }
}

DesiredObject finish(json document, const Bundle& bundle, const PluginSpec& spec) {
  label(document, bundle, spec);
  DesiredObject desired;
  const KindInfo* kind = find_kind(group_of(codec::string_at(document, {"apiVersion"})),
                                   codec::string_at(document, {"kind"}));
  assert(kind != nullptr && "load_bundle lets only known kinds in");
  desired.ref = make_ref(*kind, spec.ns, codec::string_at(document, {"metadata", "name"}));
  desired.hash = content_hash(document);
  set(document["metadata"], "annotations", kHashAnnotation, desired.hash);
  desired.document = std::make_shared<const json>(std::move(document));
  return desired;
}

}  // namespace

std::string content_hash(const nlohmann::json& document) {
  const std::string text = codec::dump_json(document);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  // It fails only when memory is out or the library lacks SHA-256.
  assert(done == 1 && size >= kHashBytes);
  static_cast<void>(done);
  std::string hash;
  for (std::size_t i = 0; i < kHashBytes; ++i) {
    hash += fmt::format("{:02x}", digest[i]);
  }
  return hash;
}

std::vector<DesiredObject> render(const Bundle& bundle, const PluginSpec& spec,
                                  const ServerVersion& server) {
  std::vector<DesiredObject> objects;
  for (const codec::JsonPtr& manifest : bundle.manifests) {
    json document = *manifest;
    if (spec.external || !pass_gates(document, bundle, server)) {
      continue;
    }
    overlay(document, bundle, spec);
    objects.push_back(finish(std::move(document), bundle, spec));
  }
  for (json& document : storage_classes(bundle, spec)) {
    const ClassPolicy policy =
        policy_of(bundle, spec.classes, codec::string_at(document, {"metadata", "name"}))
            .value_or(spec.classes.policy);
    if (policy == ClassPolicy::unmanaged || policy == ClassPolicy::removed) {
      continue;
    }
    DesiredObject desired = finish(std::move(document), bundle, spec);
    desired.create_only = policy == ClassPolicy::create_only;
    desired.recreate = spec.classes.recreate_immutable;
    objects.push_back(std::move(desired));
  }
  std::stable_sort(objects.begin(), objects.end(),
                   [](const DesiredObject& left, const DesiredObject& right) {
                     return apply_rank(left.ref.group, left.ref.kind) <
                            apply_rank(right.ref.group, right.ref.kind);
                   });
  return objects;
}

}  // namespace bso::install
