// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cluster/json_fields.h"
#include "cluster/json_records.h"

namespace bso::cluster::from_json {

namespace {

/// As kPodSources of disk_sources.cpp, by the names in JSON and in the order of the fields'
/// numbers.
struct NamedSource {
  const char* field;
  std::string_view plugin;
  const char* id;
  const char* read_only;  ///< nullptr: it has none
};
constexpr std::array<NamedSource, 2> kSourcesBeforeClaim{
    {{"gcePersistentDisk", "kubernetes.io/gce-pd", "pdName", "readOnly"},
     {"awsElasticBlockStore", "kubernetes.io/aws-ebs", "volumeID", "readOnly"}}};
constexpr std::array<NamedSource, 3> kSourcesAfterFlex{
    {{"cinder", "kubernetes.io/cinder", "volumeID", "readOnly"},
     {"vsphereVolume", "kubernetes.io/vsphere-volume", "volumePath", nullptr},
     {"azureDisk", "kubernetes.io/azure-disk", "diskURI", "readOnly"}}};

template <std::size_t N>
bool read_in_tree(const Fields& from, const std::array<NamedSource, N>& sources,
                  PodVolume& volume) {
  for (const auto& source : sources) {
    const auto disk = from.object(source.field);
    if (!disk) continue;
    volume.driver = Symbol{source.plugin};
    volume.disk = Symbol{disk->text(source.id)};
    if (source.read_only != nullptr) volume.read_only = disk->flag(source.read_only);
    return true;
  }
  return false;
}

/// False when it is no disk.
bool read_source(const Fields& from, std::string_view pod_name, PodVolume& volume) {
  if (read_in_tree(from, kSourcesBeforeClaim, volume)) return true;
  if (const auto claim = from.object("persistentVolumeClaim")) {
    volume.claim = Symbol{claim->text("claimName")};
    volume.read_only = claim->flag("readOnly");
    return !volume.claim.empty();
  }
  if (const auto flex = from.object("flexVolume")) {
    volume.driver = Symbol{flex->text("driver")};
    volume.read_only = flex->flag("readOnly");
    volume.disk = wire::flex_identity(volume.name.view(), flex->entries("options"));
    return true;
  }
  if (read_in_tree(from, kSourcesAfterFlex, volume)) return true;
  if (!from.has("ephemeral")) return false;
  // The claim is made for the pod and named after both.
  volume.claim = Symbol{fmt::format("{}-{}", pod_name, volume.name.view())};
  return true;
}

void read_pod_condition(const Fields& condition, Pod& pod) {
  const auto type = condition.text("type");
  const auto changed = condition.time("lastTransitionTime");
  if (condition.text("status") != "True") {
    if (type == "PodScheduled")
      pod.claim_refused = wire::refused_for_claim(condition.text("message"));
    return;
  }
  if (type == "PodScheduled") pod.scheduled = changed;
  if (type == "Ready") pod.ready = true;
  // KEP-3085; PodHasNetwork was its name in 1.25 to 1.27.
  if (type == "PodReadyToStartContainers" || type == "PodHasNetwork") pod.sandbox_ready = true;
}

void read_container(const Fields& container, Pod& pod) {
  if (const auto state = container.object("state")) {
    if (const auto waiting = state->object("waiting");
        waiting && wire::waits_after_mounting(waiting->text("reason"))) {
      pod.waits_elsewhere = true;
    }
    if (state->has("running")) pod.any_running = pod.any_started = true;
    if (state->has("terminated")) pod.any_started = true;
  }
  if (container.number("restartCount").value_or(0) > 0) pod.any_started = true;
}

/// A NodeSelectorTerm.
bool term_names_nodes(const Fields& term) {
  bool found = false;
  for (const char* list : {"matchExpressions", "matchFields"}) {
    term.each_object(list, [&found](const Fields& one) {
      found = found || wire::names_nodes(one.text("key"), one.text("operator"));
    });
  }
  return found;
}

/// Of an Affinity only what is required counts.
bool affinity_ties_to_node(const Fields& affinity) {
  constexpr const char* kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
  bool found = false;
  if (const auto node = affinity.object("nodeAffinity")) {
    if (const auto selector = node->object(kRequired)) {
      selector->each_object("nodeSelectorTerms", [&found](const Fields& term) {
        found = found || term_names_nodes(term);
      });
    }
  }
  if (const auto beside_pods = affinity.object("podAffinity")) {
    beside_pods->each_object(kRequired, [&found](const Fields& term) {
      found = found || term.text("topologyKey") == wire::kHostNameLabel;
    });
  }
  return found;
}

void read_pod(const Fields& object, Pod& pod) {
  wire::take_pod_meta(read_meta(object), pod);
  bool host_network = false;
  if (const auto spec = object.object("spec")) {
    spec->each_object("volumes", [&pod](const Fields& from) {
      PodVolume volume;
      volume.name = Symbol{from.text("name")};
      if (read_source(from, pod.name, volume)) pod.volumes.push_back(std::move(volume));
    });
    pod.node = Symbol{spec->text("nodeName")};
    host_network = spec->flag("hostNetwork");
    const auto labels = spec->entries("nodeSelector");
    const auto affinity = spec->object("affinity");
    pod.tied_to_node =
        std::any_of(labels.begin(), labels.end(),
                    [](const auto& label) { return label.first == wire::kHostNameLabel; }) ||
        (affinity && affinity_ties_to_node(*affinity));
  }
  if (const auto status = object.object("status")) {
    pod.phase = wire::read_phase(status->text("phase"));
    status->each_object("conditions", [&pod](const Fields& one) { read_pod_condition(one, pod); });
    for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
      status->each_object(list, [&pod](const Fields& one) { read_container(one, pod); });
    }
    // An address comes with the sandbox, except on the host's network (see decode_pod.cpp).
    if (!status->text("podIP").empty() && !host_network) pod.sandbox_ready = true;
  }
  pod.volumes.shrink_to_fit();
}

}  // namespace
}  // namespace bso::cluster::from_json

namespace bso::cluster {

Result<Pod> pod_from_json(const nlohmann::json& object) {
  return from_json::read<Pod>("Pod", object, from_json::read_pod);
}

}  // namespace bso::cluster
