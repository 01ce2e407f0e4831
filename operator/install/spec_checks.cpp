// SPDX-License-Identifier: Apache-2.0
#include "install/spec_checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "install/image_reference.h"
#include "install/names.h"
#include "install/syntax.h"

namespace bso::install {
namespace {

template <class Items, class Name>
std::string names_of(const Items& items, Name name) {
  std::string names;
  for (const auto& item : items) {
    names += (names.empty() ? "" : ", ") + name(item);
  }
  return names;
}

std::string container_names(const Bundle& bundle) {
  return names_of(bundle.images, [](const auto& entry) { return entry.first; });
}

void check_container(const std::string& container, std::string_view path, const Bundle& bundle,
                     FieldReader& reader) {
  if (!bundle.images.contains(container)) {
    reader.add({.field = fmt::format("{}[{}]", path, container),
                .message = fmt::format("{} has no such container", bundle.name),
                .remedy = fmt::format("Write one of: {}", container_names(bundle))});
  }
}

void check_images(const ImageSettings& images, const Bundle& bundle, FieldReader& reader) {
  if (!images.registry.empty()) {
    const auto reference = parse_image_reference(images.registry + "/x");
    if (!reference) {
      reader.add({.field = "spec.images.registry",
                  .message = fmt::format("\"{}\" is not a registry", images.registry),
                  .remedy =
                      "Write host[:port][/path] in lower case, without https:// and without a "
                      "slash at the end, e.g. registry.example.com/storage"});
    }
  }
  for (const auto& [container, text] : images.overrides) {
    check_container(container, "spec.images.overrides", bundle, reader);
    if (const auto reference = parse_image_reference(text); !reference) {
      reader.add({.field = fmt::format("spec.images.overrides[{}]", container),
                  .message = reference.error().message,
                  .remedy = "Write registry/path/name:tag or registry/path/name@sha256:..."});
    }
  }
  for (std::size_t index = 0; index < images.pull_secrets.size(); ++index) {
    const std::string& secret = images.pull_secrets[index];
    const auto first = std::find(images.pull_secrets.begin(), images.pull_secrets.end(), secret);
    if (!is_dns_subdomain(secret)) {
      reader.add({.field = fmt::format("spec.images.pullSecrets[{}].name", index),
                  .message = fmt::format("\"{}\" is not a Secret's name", secret),
                  .remedy = "Write a name of a-z, 0-9, '-' and '.'"});
    } else if (first - images.pull_secrets.begin() != static_cast<std::ptrdiff_t>(index)) {
      reader.add({.field = fmt::format("spec.images.pullSecrets[{}].name", index),
                  .message = fmt::format("\"{}\" is listed twice", secret),
                  .remedy = "Take one away"});
    }
  }
}

void check_quantities(const std::map<std::string, std::string>& quantities, const std::string& path,
                      FieldReader& reader) {
  for (const auto& [resource, quantity] : quantities) {
    if (!is_label_key(resource) || !is_quantity(quantity)) {
      reader.add({.field = fmt::format("{}[{}]", path, resource),
                  .message = fmt::format("\"{}\" is not a quantity of a resource", quantity),
                  .remedy = "Write such as cpu: 250m or memory: 100Mi"});
    }
  }
}

void check_pod_labels(const PodSettings& pods, const std::string& path, FieldReader& reader) {
  for (const auto& [key, value] : pods.labels) {
    if (!is_label_key(key) || !is_label_value(value)) {
      reader.add({.field = fmt::format("{}.podLabels[{}]", path, key),
                  .message = fmt::format("{}={} is not a label", key, value),
                  .remedy = "Write a key and a value of letters, digits, '-', '_' and '.'"});
    } else if (key == kPluginLabel || key == kPartOfLabel || key == kManagedByLabel) {
      reader.add({.field = fmt::format("{}.podLabels[{}]", path, key),
                  .message = "the operator sets this label itself",
                  .remedy = "Take it out"});
    }
  }
  for (const auto& [key, value] : pods.annotations) {
    if (!is_label_key(key)) {
      reader.add({.field = fmt::format("{}.podAnnotations[{}]", path, key),
                  .message = "it is not an annotation's key",
                  .remedy = "Write a name with an optional \"domain/\" before it"});
    }
  }
}

void check_pods(const PodSettings& pods, const std::string& path, const Bundle& bundle,
                FieldReader& reader) {
  check_pod_labels(pods, path, reader);
  for (const auto& [key, value] : pods.node_selector) {
    if (!is_label_key(key) || !is_label_value(value)) {
      reader.add({.field = fmt::format("{}.nodeSelector[{}]", path, key),
                  .message = fmt::format("{}={} is not a label", key, value),
                  .remedy = "Write a label as kubectl get nodes --show-labels shows it"});
    }
  }
  for (const auto& [container, resources] : pods.resources) {
    const std::string field = fmt::format("{}.resources[{}]", path, container);
    check_container(container, path + ".resources", bundle, reader);
    check_quantities(resources.requests, field + ".requests", reader);
    check_quantities(resources.limits, field + ".limits", reader);
  }
}

void check_lock(std::string_view field, std::string_view wanted, std::string_view locked,
                FieldReader& reader) {
  if (!locked.empty() && wanted != locked) {
    reader.add(
        {.field = std::string(field),
         .message = fmt::format("the plug-in is installed with \"{}\"; a change to \"{}\" would "
                                "take the driver away from mounted volumes",
                                locked, wanted),
         .remedy = fmt::format("Write {} again, or delete this object, wait for its end and "
                               "create it anew",
                               locked),
         .reason = "ImmutableFieldChanged"});
  }
}

/// Settings that have no effect when somebody else installs the driver: a person who writes them
/// expects one.
void check_external(const PluginSpec& spec, const Bundle& bundle, FieldReader& reader) {
  if (!spec.external) {
    if (!spec.external_csi_name.empty()) {
      reader.add({.field = "spec.driver.csiDriverName",
                  .message = "only a driver that somebody else installs can have another name",
                  .remedy = "Take it out, or write install: External"});
    }
    return;
  }
  if (!spec.external_csi_name.empty() && bundle.driver_kind != "CSI") {
    reader.add({.field = "spec.driver.csiDriverName",
                .message = fmt::format("{} is no CSI driver", bundle.name),
                .remedy = "Take it out"});
  }
  const ImageSettings& images = spec.images;
  const PodSettings none;
  const std::array<std::pair<const char*, bool>, 6> without_effect{{
      {"spec.driver.version", !spec.version.empty()},
      {"spec.logLevel", spec.log_level != LogLevel::normal},
      {"spec.images",
       !images.registry.empty() || !images.pull_secrets.empty() || !images.overrides.empty()},
      {"spec.controller", spec.controller != none},
      {"spec.node", spec.node != none || spec.startup_taint.remove},
      {"spec.driver.credentialsSecretRef", spec.credentials.has_value()},
  }};
  for (const auto& [field, set] : without_effect) {
    if (set) {
      reader.add({.field = field,
                  .message = "it has no effect with install: External",
                  .remedy = "Take its settings out, or write install: Managed"});
    }
  }
}

}  // namespace

void check_spec(const PluginSpec& spec, const Bundle& bundle, FieldReader& reader) {
  // It becomes a label of everything that is installed.
  if (spec.plugin.empty() || !is_label_value(spec.plugin)) {
    reader.add(
        {.field = "metadata.name",
         .message = "it has to fit into a label, which holds 63 characters",
         .remedy = fmt::format("Create the object under a shorter name, e.g. {}", bundle.name)});
  }
  check_images(spec.images, bundle, reader);
  check_pods(spec.controller, "spec.controller", bundle, reader);
  check_pods(spec.node, "spec.node", bundle, reader);
  if (spec.startup_taint.remove && spec.startup_taint.key.empty()) {
    reader.add({.field = "spec.node.startupTaint.key",
                .message = "which taint to remove is not said",
                .remedy = "Write its key, as your nodes are registered with it"});
  }
  check_classes(spec.classes, bundle, reader);
  check_external(spec, bundle, reader);
}

void check_locks(const PluginSpec& spec, const nlohmann::json& plugin, FieldReader& reader) {
  check_lock("spec.driver.install", spec.external ? "External" : "Managed",
             codec::string_at(plugin, {"status", "lockedInstall"}), reader);
  check_lock("spec.driver.name", spec.driver,
             codec::string_at(plugin, {"status", "lockedDriverName"}), reader);
  check_lock("spec.driver.namespace", spec.ns,
             codec::string_at(plugin, {"status", "lockedNamespace"}), reader);
}

void check_toleration(const Toleration& toleration, FieldReader& reader) {
  if (toleration.key.empty() && toleration.op != "Exists") {
    reader.add({.field = "operator",
                .message = "without a key it has to be Exists",
                .remedy = "Add the key, or write operator: Exists to tolerate every taint"});
  }
  if (toleration.op == "Exists" && !toleration.value.empty()) {
    reader.add({.field = "value",
                .message = "operator Exists compares no value",
                .remedy = "Take the value out, or write operator: Equal"});
  }
  if (toleration.seconds.has_value() && toleration.effect != "NoExecute") {
    reader.add({.field = "effect",
                .message = "tolerationSeconds counts only after a NoExecute taint",
                .remedy = "Write effect: NoExecute, or take tolerationSeconds out"});
  }
}

}  // namespace bso::install
