// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/plugin_pods.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "install/image_pull.h"
#include "install/names.h"

namespace bso::controllers {
namespace {

bool has_condition_ready(const nlohmann::json& pod) {
  const auto* conditions = codec::find(pod, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  return std::any_of(conditions->begin(), conditions->end(), [](const nlohmann::json& condition) {
    return codec::string_at(condition, {"type"}) == "Ready" &&
           codec::string_at(condition, {"status"}) == "True";
  });
}

std::string label_of(const PluginPod& pod, std::string_view key) {
  const auto found = pod.labels.find(std::string(key));
  return found == pod.labels.end() ? std::string() : found->second;
}

/// A node that is not known yet counts as ready: its pod tells enough.
bool is_ready(const cluster::Node* node) {
  return node == nullptr || node->readiness == cluster::Readiness::ready;
}

std::string architecture_of(const cluster::Node* node) {
  return node == nullptr ? std::string() : node->architecture.str();
}

}  // namespace

Result<PluginPod> decode_plugin_pod(std::string_view text) {
  auto parsed = codec::parse_json(text);
  if (!parsed) return fail(std::move(parsed.error()));
  PluginPod pod;
  pod.ns = codec::string_at(*parsed, {"metadata", "namespace"});
  pod.name = codec::string_at(*parsed, {"metadata", "name"});
  if (pod.name.empty()) return fail(invalid_input("a pod without metadata.name"));
  if (const auto* labels = codec::find(*parsed, {"metadata", "labels"});
      labels != nullptr && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) {
      if (value.is_string()) pod.labels[key] = value.get<std::string>();
    }
  }
  pod.node = codec::string_at(*parsed, {"spec", "nodeName"});
  pod.ready = has_condition_ready(*parsed);
  if (const auto* containers = codec::find(*parsed, {"spec", "containers"});
      containers != nullptr && containers->is_array()) {
    for (const auto& container : *containers) {
      pod.images[codec::string_at(container, {"name"})] = codec::string_at(container, {"image"});
    }
  }
  pod.pulls = install::image_pull_faults({}, nlohmann::json::array({std::move(*parsed)}));
  return pod;
}

PluginPods::PluginPods(Reflectors& reflectors, OnChange on_change)
    : on_change_(std::move(on_change)) {
  kube::Reflector::Options options;
  options.resource = kube::pods;
  options.resource.protobuf = false;  // few, and read by the rules for whole documents
  options.name = "plugin-pods";
  options.label_selector = std::string(install::kPluginLabel);
  reflectors.add(std::move(options),
                 std::make_unique<kube::RecordSink<PluginPod>>(kube::RecordSink<PluginPod>::Store{
                     .decode = decode_plugin_pod,
                     .key =
                         [](const PluginPod& pod) {
                           return Key{pod.ns, pod.name};
                         },
                     .upsert = [this](PluginPod pod) { upsert(std::move(pod)); },
                     .erase = [this](const Key& key) { erase(key); },
                     .keys =
                         [this] {
                           std::vector<Key> keys;
                           for (const auto& [key, unused] : pods_) keys.push_back(key);
                           return keys;
                         },
                 }));
}

void PluginPods::upsert(PluginPod pod) {
  auto& held = pods_[{pod.ns, pod.name}];
  if (held == pod) return;
  if (label_of(held, install::kPluginLabel) != label_of(pod, install::kPluginLabel)) tell(held);
  held = std::move(pod);
  tell(held);
}

void PluginPods::erase(const Key& key) {
  const auto found = pods_.find(key);
  if (found == pods_.end()) return;
  const auto last = std::move(found->second);
  pods_.erase(found);
  tell(last);
}

void PluginPods::tell(const PluginPod& pod) const {
  const auto plugin = label_of(pod, install::kPluginLabel);
  if (!plugin.empty()) on_change_(plugin);
}

std::vector<const PluginPod*> PluginPods::of(const install::DesiredObject& workload) const {
  std::vector<const PluginPod*> found;
  const auto* labels = codec::find(*workload.document, {"spec", "selector", "matchLabels"});
  if (labels == nullptr || !labels->is_object() || labels->empty()) return found;
  for (auto entry = pods_.lower_bound({workload.ref.ns, ""});
       entry != pods_.end() && entry->first.first == workload.ref.ns; ++entry) {
    const auto& pod = entry->second;
    bool matches = true;
    for (const auto& [key, value] : labels->items()) {
      matches = matches && value == label_of(pod, key);
    }
    if (matches) found.push_back(&pod);
  }
  return found;
}

std::vector<install::DriverPod> PluginPods::driver_pods(const install::DesiredObject& daemon_set,
                                                        const cluster::View& view) const {
  std::vector<install::DriverPod> pods;
  for (const auto* pod : of(daemon_set)) {
    pods.push_back({.node = pod->node,
                    .node_ready = is_ready(view.node(pod->node)),
                    .ready = pod->ready,
                    .architecture = architecture_of(view.node(pod->node)),
                    .template_generation = label_of(*pod, "pod-template-generation"),
                    .revision = label_of(*pod, "controller-revision-hash"),
                    .images = pod->images});
  }
  return pods;
}

}  // namespace bso::controllers
