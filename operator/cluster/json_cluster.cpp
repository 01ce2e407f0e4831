// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "cluster/json_fields.h"
#include "cluster/json_records.h"

namespace bso::cluster::from_json {

namespace {

void read_json_node(const Fields& object, Node& node) {
  const auto meta = read_meta(object);
  node.name = meta.name;
  node.uid = meta.uid;
  node.architecture = Symbol{wire::lookup(meta.labels, "kubernetes.io/arch")};
  if (const auto spec = object.object("spec")) {
    node.provider_id = spec->text("providerID");
    spec->each_object(
        "taints", [&node](const Fields& taint) { node.taints.emplace_back(taint.text("key")); });
  }
  if (const auto status = object.object("status")) {
    status->each_object("conditions", [&node](const Fields& condition) {
      const auto changed = condition.time("lastTransitionTime");
      const auto value = condition.text("status");
      if (condition.text("type") != "Ready") return;
      node.ready_since = changed;
      node.readiness = value == "True"    ? Readiness::ready
                       : value == "False" ? Readiness::not_ready
                                          : Readiness::silent;
    });
    status->each_text("volumesInUse",
                      [&node](std::string_view name) { node.volumes_in_use.emplace_back(name); });
    status->each_object("volumesAttached", [&node](const Fields& attached) {
      node.volumes_attached.emplace_back(attached.text("name"));
    });
  }
  const auto before = [](const Symbol& a, const Symbol& b) { return a.view() < b.view(); };
  std::sort(node.volumes_in_use.begin(), node.volumes_in_use.end(), before);
  std::sort(node.volumes_attached.begin(), node.volumes_attached.end(), before);
  std::sort(node.taints.begin(), node.taints.end(), before);
  node.taints.erase(std::unique(node.taints.begin(), node.taints.end()), node.taints.end());
}

void read_json_strategy(const Fields& strategy, Workload& workload) {
  workload.recreate = strategy.text("type") == "Recreate";
  const auto rolling = strategy.object("rollingUpdate");
  if (!rolling) return;
  workload.max_unavailable =
      rolling->int_or_percent("maxUnavailable").value_or(workload.max_unavailable);
  workload.max_surge = rolling->int_or_percent("maxSurge").value_or(workload.max_surge);
}

void read_json_workload(const Fields& object, Workload& workload) {
  const auto meta = read_meta(object);
  workload.ns = Symbol{meta.ns};
  workload.name = meta.name;
  workload.uid = meta.uid;
  workload.owner = meta.owner;
  const auto revision = wire::lookup(meta.annotations, "deployment.kubernetes.io/revision");
  std::from_chars(revision.data(), revision.data() + revision.size(), workload.revision);
  const auto spec = object.object("spec");
  if (!spec || workload.kind == WorkloadKind::daemon_set) return;
  const char* replicas = workload.kind == WorkloadKind::job ? "parallelism" : "replicas";
  workload.replicas = spec->number(replicas).value_or(workload.replicas);
  if (workload.kind != WorkloadKind::deployment) return;
  if (const auto strategy = spec->object("strategy")) read_json_strategy(*strategy, workload);
}

struct NamedEvent : EventHint {
  std::string_view name;
};

void read_json_event(const Fields& object, NamedEvent& hint) {
  const auto meta = read_meta(object);
  hint.name = meta.name;
  hint.uid = meta.uid;
  hint.last = meta.created;
  // Of each pair, the first is core/v1's name, the second that of events.k8s.io/v1.
  for (const char* regarding : {"involvedObject", "regarding"}) {
    const auto about = object.object(regarding);
    if (!about) continue;
    hint.kind = Symbol{about->text("kind")};
    hint.ns = Symbol{about->text("namespace")};
    hint.pod = about->text("name");
    hint.pod_uid = about->text("uid");
  }
  hint.reason = Symbol{object.text("reason")};
  for (const char* words : {"message", "note"}) {
    if (object.has(words)) hint.message = object.text(words).substr(0, kMaxEventMessage);
  }
  for (const char* from : {"source", "deprecatedSource"}) {
    const auto source = object.object(from);
    if (!source) continue;
    hint.component = Symbol{source->text("component")};
    hint.host = Symbol{source->text("host")};
  }
  // The newest of all is when it was last seen (see decode_event.cpp).
  for (const char* time : {"firstTimestamp", "lastTimestamp", "eventTime",
                           "deprecatedFirstTimestamp", "deprecatedLastTimestamp"}) {
    hint.last = std::max(hint.last, object.time(time));
  }
  if (const auto series = object.object("series")) {
    hint.last = std::max(hint.last, series->time("lastObservedTime"));
  }
  for (const char* reporter : {"reportingComponent", "reportingController"}) {
    if (hint.component.empty()) hint.component = Symbol{object.text(reporter)};
  }
}

}  // namespace
}  // namespace bso::cluster::from_json

namespace bso::cluster {

Result<Node> node_from_json(const nlohmann::json& object) {
  return from_json::read<Node>("Node", object, from_json::read_json_node);
}

Result<Workload> workload_from_json(WorkloadKind kind, const nlohmann::json& object) {
  static constexpr std::array<std::string_view, kWorkloadKinds> kNames{
      "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"};
  return from_json::read<Workload>(kNames[static_cast<std::size_t>(kind)], object,
                                   [kind](const from_json::Fields& fields, Workload& workload) {
                                     workload.kind = kind;
                                     from_json::read_json_workload(fields, workload);
                                   });
}

Result<EventHint> event_from_json(const nlohmann::json& object) {
  auto named = from_json::read<from_json::NamedEvent>("Event", object, from_json::read_json_event);
  if (!named) return fail(std::move(named.error()));
  return EventHint{std::move(*named)};
}

}  // namespace bso::cluster
