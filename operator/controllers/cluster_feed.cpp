// SPDX-License-Identifier: Apache-2.0
#include "controllers/cluster_feed.h"

#include <fmt/format.h>

#include "cluster/decode.h"
#include "controllers/packed_list.h"

namespace bso::controllers {
namespace {

using Key = std::pair<std::string, std::string>;

template <class Record>
Key namespaced_key(const Record& record) {
  return {record.ns.str(), record.name};
}

template <class Record>
Key plain_key(const Record& record) {
  return {std::string(), record.name};
}

template <class Record>
std::unique_ptr<kube::ObjectSink> make_sink(typename kube::RecordSink<Record>::Store store) {
  return std::make_unique<kube::RecordSink<Record>>(std::move(store));
}

template <class Record>
auto packed(typename PackedList<Record>::HasUse has_use = {}) {
  return [has_use] { return std::make_unique<PackedList<Record>>(has_use); };
}

kube::Reflector::Options watch_of(const kube::Resource& resource) {
  kube::Reflector::Options options;
  options.resource = resource;
  return options;
}

}  // namespace

ClusterFeed::ClusterFeed(const Wire& wire, cluster::View& view) : view_(view), reflectors_(wire) {
  using cluster::WorkloadKind;
  reflectors_.add(watch_of(kube::pods),
                  make_sink<cluster::Pod>({
                      .decode = cluster::decode_pod,
                      .key = namespaced_key<cluster::Pod>,
                      .upsert =
                          [this](cluster::Pod pod) {
                            tell(view_.upsert(std::move(pod)));
                            tell_use();
                          },
                      .erase =
                          [this](const Key& k) {
                            tell(view_.remove_pod(k.first, k.second));
                            tell_use();
                          },
                      .keys = [this] { return view_.names<cluster::Pod>(); },
                      .wanted = cluster::pod_may_be_kept,
                      .collect = packed<cluster::Pod>(
                          [this](const cluster::Pod& pod) { return view_.has_use_for(pod); }),
                  }));
  reflectors_.add(watch_of(kube::claims),
                  make_sink<cluster::Claim>({
                      .decode = cluster::decode_claim,
                      .key = namespaced_key<cluster::Claim>,
                      .upsert =
                          [this](cluster::Claim claim) {
                            tell(view_.upsert(std::move(claim)));
                            tell_use();
                          },
                      .erase =
                          [this](const Key& k) {
                            tell(view_.remove_claim(k.first, k.second));
                            tell_use();
                          },
                      .keys = [this] { return view_.names<cluster::Claim>(); },
                      .collect = packed<cluster::Claim>(),
                  }));
  reflectors_.add(watch_of(kube::volumes),
                  make_sink<cluster::Volume>({
                      .decode = cluster::decode_volume,
                      .key = plain_key<cluster::Volume>,
                      .upsert =
                          [this](cluster::Volume volume) {
                            tell(view_.upsert(std::move(volume)));
                            tell_use();
                          },
                      .erase =
                          [this](const Key& k) {
                            tell(view_.remove_volume(k.second));
                            tell_use();
                          },
                      .keys = [this] { return view_.names<cluster::Volume>(); },
                      .collect = packed<cluster::Volume>(),
                  }));
  reflectors_.add(watch_of(kube::attachments),
                  make_sink<cluster::Attachment>({
                      .decode = cluster::decode_attachment,
                      .key = plain_key<cluster::Attachment>,
                      .upsert =
                          [this](cluster::Attachment made) {
                            tell(view_.upsert(std::move(made)));
                            tell_use();
                          },
                      .erase =
                          [this](const Key& k) {
                            tell(view_.remove_attachment(k.second));
                            tell_use();
                          },
                      .keys = [this] { return view_.names<cluster::Attachment>(); },
                      .collect = packed<cluster::Attachment>(),
                  }));
  reflectors_.add(watch_of(kube::nodes),
                  make_sink<cluster::Node>({
                      .decode = cluster::decode_node,
                      .key = plain_key<cluster::Node>,
                      .upsert = [this](cluster::Node node) { take_node(std::move(node)); },
                      .erase =
                          [this](const Key& k) {
                            tell(view_.remove_node(k.second));
                            tell_nodes();
                          },
                      .keys = [this] { return view_.names<cluster::Node>(); },
                  }));
  add_workloads(WorkloadKind::deployment, kube::deployments);
  add_workloads(WorkloadKind::replica_set, kube::replica_sets);
  add_workloads(WorkloadKind::stateful_set, kube::stateful_sets);
  // Events have no watch cache in the API server, so they are watched narrowly: the reasons that
  // tell of a volume (kubernetes 1.20 pkg/kubelet/events/event.go).
  for (const char* reason : {"FailedMount", "FailedAttachVolume", "FailedMapVolume"}) {
    add_events(reason);
  }
}

void ClusterFeed::on_claim(OnClaim listener) {
  view_.on_claim([this, told = std::move(listener)](std::string_view ns, std::string_view claim) {
    told(ns, claim, reflectors_.putting_list());
  });
}

void ClusterFeed::add_workloads(cluster::WorkloadKind kind, const kube::Resource& resource) {
  reflectors_.add(
      watch_of(resource),
      make_sink<cluster::Workload>({
          .decode = [kind](std::string_view raw) { return cluster::decode_workload(kind, raw); },
          .key = namespaced_key<cluster::Workload>,
          .upsert = [this](cluster::Workload found) { tell(view_.upsert(std::move(found))); },
          .erase = [this,
                    kind](const Key& k) { tell(view_.remove_workload(kind, k.first, k.second)); },
          .keys = [this, kind] { return view_.names(kind); },
          .collect = packed<cluster::Workload>(),
      }));
}

void ClusterFeed::add_events(const char* reason) {
  auto options = watch_of(kube::core_events);
  options.name = fmt::format("events-{}", reason);
  options.field_selector = fmt::format("involvedObject.kind=Pod,reason={}", reason);
  options.paged = true;
  // Events may be kept in an etcd of their own (--etcd-servers-overrides), whose versions have
  // nothing to do with those of the others.
  options.floor = [] { return std::string("0"); };
  reflectors_.add(
      std::move(options),
      make_sink<cluster::EventHint>({
          .decode = cluster::decode_event,
          .key =
              [](const cluster::EventHint& hint) {
                return Key{"", hint.uid};
              },
          .upsert = [this](cluster::EventHint hint) { tell(view_.add(std::move(hint))); },
          // An event that expires takes nothing back: its text was true. The view
          // bounds how many it keeps.
          .erase = [](const Key&) {},
          .keys = [] { return std::vector<Key>{}; },
      }));
}

void ClusterFeed::tell(const cluster::PodKeys& pods) const {
  if (pods.empty()) return;
  const bool listed = reflectors_.putting_list();
  for (const auto& listener : pod_listeners_) listener(pods, listed);
}

void ClusterFeed::tell_use() const {
  for (const auto& listener : use_listeners_) listener();
}

void ClusterFeed::take_node(cluster::Node node) {
  const auto* before = view_.node(node.name);
  const bool news = before == nullptr || before->readiness != node.readiness ||
                    before->taints != node.taints || before->architecture != node.architecture;
  tell(view_.upsert(std::move(node)));
  if (news) tell_nodes();
}

void ClusterFeed::tell_nodes() const {
  for (const auto& listener : node_listeners_) listener();
}

}  // namespace bso::controllers
