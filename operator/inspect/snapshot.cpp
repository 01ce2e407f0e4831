// SPDX-License-Identifier: Apache-2.0
#include "inspect/snapshot.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/json_records.h"
#include "codec/json.h"
#include "diagnosis/diagnose.h"

namespace bso::inspect {
namespace {

using cluster::WorkloadKind;
using nlohmann::json;

/// A pod of which much was said must not fill the memory.
constexpr std::size_t kMaxRemarks = 10'000;

constexpr std::array<std::pair<std::string_view, WorkloadKind>, 5> kWorkloads{
    {{"Deployment", WorkloadKind::deployment},
     {"ReplicaSet", WorkloadKind::replica_set},
     {"StatefulSet", WorkloadKind::stateful_set},
     {"DaemonSet", WorkloadKind::daemon_set},
     {"Job", WorkloadKind::job}}};

constexpr std::array<std::string_view, 12> kTimesOfThePast{
    "creationTimestamp",  "eventTime",        "finishedAt",    "firstTimestamp",
    "lastHeartbeatTime",  "lastObservedTime", "lastProbeTime", "lastTimestamp",
    "lastTransitionTime", "lastUpdateTime",   "startTime",     "startedAt"};

bool is_time_of_the_past(std::string_view key) {
  return std::find(kTimesOfThePast.begin(), kTimesOfThePast.end(), key) != kTimesOfThePast.end();
}

/// Whose claims are served under another name than the provisioner's.
std::string driver_of_provisioner(std::string provisioner) {
  if (provisioner == "ibm.io/ibmc-block") return "ibm/ibmc-block";
  if (provisioner.empty()) return "(unknown)";
  return provisioner;
}

cluster::Volume stand_in_for(const cluster::Claim& claim, std::string provisioner) {
  cluster::Volume volume;
  volume.name = claim.volume.str();
  volume.claim_ns = claim.ns;
  volume.claim = cluster::Symbol{claim.name};
  volume.claim_uid = claim.uid;
  volume.storage_class = claim.storage_class;
  volume.modes = claim.modes;
  volume.block = claim.block;
  volume.provisioned_by = cluster::Symbol{provisioner};
  volume.driver = cluster::Symbol{driver_of_provisioner(std::move(provisioner))};
  return volume;
}

/// Of the group that has the kinds of Kubernetes itself: a custom resource may be called Node, too.
bool is_of_kubernetes(std::string_view api_version) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return true;  // v1, or none at all
  const auto group = api_version.substr(0, slash);
  return group == "apps" || group == "batch" || group == "storage.k8s.io" ||
         group == "events.k8s.io";
}

}  // namespace

WallTime newest_time_in(const json& value) {
  WallTime newest{};
  if (value.is_array()) {
    for (const auto& item : value) newest = std::max(newest, newest_time_in(item));
  }
  if (!value.is_object()) return newest;
  for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
    if (member.is_structured()) {
      const bool free_text = key == "annotations" || key == "labels" || key == "managedFields";
      if (!free_text) newest = std::max(newest, newest_time_in(member));
    } else if (member.is_string() && is_time_of_the_past(key)) {
      const auto time = from_rfc3339(member.get_ref<const std::string&>());
      if (time) newest = std::max(newest, *time);
    }
  }
  return newest;
}

template <class Record>
Result<void> Snapshot::put(Result<Record> record) {
  if (!record) return fail(std::move(record.error()));
  view_.upsert(std::move(*record));
  return {};
}

Result<void> Snapshot::take(const json& object) {
  if (!object.is_object()) return fail(invalid_input("it is no object"));
  const auto kind = codec::string_at(object, {"kind"});
  if (kind.empty()) return fail(invalid_input("it is no object of Kubernetes: it has no kind"));
  if (!is_of_kubernetes(codec::string_at(object, {"apiVersion"}))) return {};
  return take_as(kind, object);
}

Result<void> Snapshot::take_as(std::string_view kind, const json& object) {
  Result<void> taken;
  if (kind == "Pod") {
    taken = take_pod(object);
  } else if (kind == "PersistentVolumeClaim") {
    taken = take_claim(object);
  } else if (kind == "PersistentVolume") {
    taken = put(cluster::volume_from_json(object));
  } else if (kind == "VolumeAttachment") {
    taken = put(cluster::attachment_from_json(object));
  } else if (kind == "Node") {
    taken = put(cluster::node_from_json(object));
  } else if (kind == "Event") {
    taken = take_event(object);
  } else if (kind == "StorageClass") {
    facts_.take_class(object);
  } else if (kind == "CSIDriver") {
    facts_.take_driver(object);
  } else if (kind == "ConfigMap") {
    taken = take_config_map(object);
  } else {
    const auto found = std::find_if(kWorkloads.begin(), kWorkloads.end(),
                                    [kind](const auto& one) { return one.first == kind; });
    if (found == kWorkloads.end()) return {};
    taken = put(cluster::workload_from_json(found->second, object));
  }
  if (!taken) return taken;
  ++counts_[std::string(kind)];
  newest_ = std::max(newest_, newest_time_in(object));
  return {};
}

Result<void> Snapshot::take_pod(const json& object) {
  auto pod = cluster::pod_from_json(object);
  if (!pod) return fail(std::move(pod.error()));
  pods_[pod->ns.str()].insert(pod->name);
  const bool wanted = !asked_.name.empty() && pod->name == asked_.name &&
                      (asked_.ns.empty() || pod->ns == asked_.ns);
  if (wanted) {
    const auto before = [](const Asked& a, const cluster::Pod& b) {
      return a.pod.ns.view() < b.ns.view();
    };
    auto place = std::lower_bound(found_.begin(), found_.end(), *pod, before);
    if (place == found_.end() || place->pod.ns != pod->ns) place = found_.insert(place, Asked{});
    *place = Asked{*pod, std::make_shared<const json>(object)};
  }
  view_.upsert(std::move(*pod));
  return {};
}

Result<void> Snapshot::take_claim(const json& object) {
  auto claim = cluster::claim_from_json(object);
  if (!claim) return fail(std::move(claim.error()));
  if (!claim->volume.empty()) {
    auto& provisioner = provisioners_[{claim->ns.str(), claim->name}];
    for (const char* key : {"volume.beta.kubernetes.io/storage-provisioner",
                            "volume.kubernetes.io/storage-provisioner"}) {
      const auto value = codec::string_at(object, {"metadata", "annotations", key});
      if (!value.empty()) provisioner = value;
    }
  }
  view_.upsert(std::move(*claim));
  return {};
}

Result<void> Snapshot::take_event(const json& object) {
  auto event = cluster::event_from_json(object);
  if (!event) return fail(std::move(event.error()));
  if (event->kind == "Pod" && !asked_.name.empty() && event->pod == asked_.name &&
      (asked_.ns.empty() || event->ns == asked_.ns) && remarks_.size() < kMaxRemarks) {
    remarks_.emplace(fmt::format("{}/{}", event->ns.view(), event->pod),
                     Remark{event->last, event->pod_uid, event->reason.str(), event->message,
                            codec::string_at(object, {"type"}) == "Warning"});
  }
  view_.add(std::move(*event));
  return {};
}

Result<void> Snapshot::take_config_map(const json& object) {
  if (codec::string_at(object, {"metadata", "name"}) != diagnosis::kDriverRulesMap) return {};
  auto rules = diagnosis::driver_rules_in(object);
  if (!rules) {
    return fail(std::move(rules.error())
                    .with_context(fmt::format("ConfigMap {}", diagnosis::kDriverRulesMap)));
  }
  facts_.take_rules(*rules);
  return {};
}

void Snapshot::complete() {
  for (const auto& [key, provisioner] : provisioners_) {
    const auto* claim = view_.claim(key.first, key.second);
    if (claim == nullptr || claim->volume.empty()) continue;
    if (view_.volume(claim->volume.view()) != nullptr) continue;
    view_.upsert(stand_in_for(cluster::Claim(*claim), provisioner));
    ++stand_ins_;
  }
}

std::optional<diagnosis::Verdict> Snapshot::verdict(const cluster::Pod& pod, WallTime now) const {
  return diagnosis::diagnose(view_, pod, now, facts_.overrides()).verdict;
}

std::vector<Remark> Snapshot::remarks(const cluster::Pod& pod) const {
  std::vector<Remark> found;
  const auto [begin, end] = remarks_.equal_range(fmt::format("{}/{}", pod.ns.view(), pod.name));
  for (auto at = begin; at != end; ++at) {
    // A pod of a StatefulSet has the name of those before it.
    const auto& uid = at->second.pod_uid;
    if (uid.empty() || uid == pod.uid) found.push_back(at->second);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Remark& a, const Remark& b) { return a.time < b.time; });
  return found;
}

std::size_t Snapshot::count(std::string_view kind) const {
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

std::size_t Snapshot::pods_in(std::string_view ns) const {
  std::size_t sum = 0;
  for (const auto& [pods_ns, names] : pods_) {
    if (ns.empty() || ns == pods_ns) sum += names.size();
  }
  return sum;
}

}  // namespace bso::inspect
