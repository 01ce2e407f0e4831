// SPDX-License-Identifier: Apache-2.0
#include "bench/pod_mold.h"

#include <cassert>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "support/eventually.h"
#include "support/process.h"

namespace bso::bench {
namespace {

using test::Json;

// What the samples have in the places that differ from pod to pod; each as long as what comes
// there.
constexpr std::string_view kNamespace = "bench-99";
constexpr std::string_view kOwner = "svc-999999";
constexpr std::string_view kPodSuffix = "-7d4b9c8f6d-999999";
constexpr std::string_view kNode = "node-9999";
constexpr std::string_view kOwnerUid = "99999999-9999-4999-8999-999999999999";
constexpr std::string_view kTick = "tick-99999999";

std::string pod_name() { return fmt::format("{}{}", kOwner, kPodSuffix); }
std::string pods_path() { return fmt::format("/api/v1/namespaces/{}/pods", kNamespace); }
std::string key_of(std::string_view ns, std::string_view name) {
  return fmt::format("/registry/pods/{}/{}", ns, name);
}

/// Lengths are part of the encoding, so nothing may change its own.
void replace_all(std::string& text, std::string_view from, std::string_view to) {
  assert(from.size() == to.size());
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, to.size(), to);
  }
}

/// Spread over the whole range, as UIDs are.
std::string uid_of(std::uint64_t number) {
  const std::uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15U;
  return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", mixed >> 32U,
                     (mixed >> 16U) & 0xFFFFU, (mixed >> 4U) & 0xFFFU, mixed & 0xFFFU, number);
}

Json probe(const char* path) {
  return {{"httpGet", {{"path", path}, {"port", 8080}, {"scheme", "HTTP"}}},
          {"initialDelaySeconds", 10},
          {"timeoutSeconds", 5},
          {"periodSeconds", 15}};
}

Json pod_to_create(bool with_claim) {
  Json data = with_claim ? Json{{"persistentVolumeClaim", {{"claimName", "data-" + pod_name()}}}}
                         : Json{{"emptyDir", Json::object()}};
  data["name"] = "data";
  const Json config{{"name", "config"}, {"configMap", {{"name", "service-config"}}}};
  const Json container{
      {"name", "service"},
      {"image", "registry.example.com/team/service:v1.27.4"},
      {"ports", {{{"name", "http"}, {"containerPort", 8080}, {"protocol", "TCP"}}}},
      {"env",
       {{{"name", "LOG_LEVEL"}, {"value", "info"}},
        {{"name", "DATABASE_URL"}, {"value", "postgres://db.example.com:5432/service"}},
        {{"name", "POD_NAME"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}}}},
      {"resources",
       {{"requests", {{"cpu", "250m"}, {"memory", "256Mi"}}},
        {"limits", {{"cpu", "1"}, {"memory", "512Mi"}}}}},
      {"volumeMounts",
       {{{"name", "data"}, {"mountPath", "/var/lib/service"}},
        {{"name", "config"}, {"mountPath", "/etc/service"}, {"readOnly", true}}}},
      {"livenessProbe", probe("/healthz")},
      {"readinessProbe", probe("/ready")}};
  return {
      {"metadata",
       {{"name", pod_name()},
        {"labels", {{"app", kOwner}, {"pod-template-hash", "7d4b9c8f6d"}, {"team", "storefront"}}},
        {"annotations",
         {{"example.com/checked", kTick},
          {"example.com/config-checksum",
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
          {"prometheus.io/scrape", "true"},
          {"prometheus.io/port", "8080"},
          {"prometheus.io/path", "/metrics"}}},
        {"ownerReferences",
         {{{"apiVersion", "apps/v1"},
           {"kind", "ReplicaSet"},
           {"name", fmt::format("{}-7d4b9c8f6d", kOwner)},
           {"uid", kOwnerUid},
           {"controller", true},
           {"blockOwnerDeletion", true}}}}}},
      {"spec", {{"nodeName", kNode}, {"containers", {container}}, {"volumes", {data, config}}}}};
}

/// As a kubelet writes it.
Json running_status() {
  constexpr const char* kSince = "2024-03-01T08:30:00Z";
  Json conditions = Json::array();
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    conditions.push_back({{"type", type}, {"status", "True"}, {"lastTransitionTime", kSince}});
  }
  const Json container{
      {"name", "service"},
      {"image", "registry.example.com/team/service:v1.27.4"},
      {"imageID",
       "registry.example.com/team/service@sha256:"
       "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"},
      {"containerID",
       "containerd://8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92"},
      {"ready", true},
      {"started", true},
      {"restartCount", 0},
      {"state", {{"running", {{"startedAt", kSince}}}}}};
  return {{"status",
           {{"phase", "Running"},
            {"hostIP", "10.20.30.40"},
            {"podIP", "172.30.55.146"},
            {"podIPs", {{{"ip", "172.30.55.146"}}}},
            {"startTime", kSince},
            {"qosClass", "Burstable"},
            {"conditions", conditions},
            {"containerStatuses", {container}}}}};
}

}  // namespace

PodMold PodMold::cast(const test::Api& api, const Etcd& etcd) {
  PodMold mold;
  const auto path = pods_path() + "/" + pod_name();
  if (!api.find(fmt::format("/api/v1/namespaces/{}", kNamespace))) {
    api.create("/api/v1/namespaces", {{"metadata", {{"name", kNamespace}}}});
  }
  std::size_t json_bytes = 0;
  for (const bool with_claim : {false, true}) {
    auto& sample = mold.samples_[with_claim ? 1 : 0];
    const auto made = api.create(pods_path() + "?fieldManager=kube-controller-manager",
                                 pod_to_create(with_claim));
    sample.uid = made.at("metadata").at("uid").get<std::string>();
    api.merge(path + "/status?fieldManager=kubelet", running_status());
    sample.value = etcd.get(key_of(kNamespace, pod_name()));
    // Two of three pods have none.
    json_bytes += api.get(path).dump().size() * (with_claim ? 1 : 2);
    api.remove(path);
  }
  mold.json_bytes_ = json_bytes / 3;
  return mold;
}

PodMold PodMold::load(const std::string& directory) {
  const auto saved = Json::from_cbor(test::read_file(directory + "/mold"), true, false);
  if (saved.is_discarded()) throw test::TestFailure("no pods have been made in " + directory);
  PodMold mold;
  mold.json_bytes_ = saved.at("json_bytes").get<std::size_t>();
  for (std::size_t i = 0; i < mold.samples_.size(); ++i) {
    const auto& sample = saved.at("samples").at(i);
    const auto& bytes = sample.at("value").get_binary();
    mold.samples_[i] = {std::string(bytes.begin(), bytes.end()),
                        sample.at("uid").get<std::string>()};
  }
  return mold;
}

void PodMold::save(const std::string& directory) const {
  Json saved{{"json_bytes", json_bytes_}, {"samples", Json::array()}};
  for (const auto& sample : samples_) {
    const std::vector<std::uint8_t> bytes(sample.value.begin(), sample.value.end());
    saved["samples"].push_back({{"value", Json::binary(bytes)}, {"uid", sample.uid}});
  }
  const auto bytes = Json::to_cbor(saved);
  test::write_file(directory + "/mold", std::string(bytes.begin(), bytes.end()));
}

Put PodMold::pod(std::size_t index, std::size_t tick) const {
  const auto owner = index / 10;
  const auto& sample = samples_[owner % 3 == 0 ? 1 : 0];
  const auto ns = fmt::format("bench-{:02}", owner % 50);
  const auto owner_name = fmt::format("svc-{:06}", owner);
  const auto suffix = fmt::format("-7d4b9c8f6d-{:06}", index);
  auto value = sample.value;
  replace_all(value, kNamespace, ns);
  replace_all(value, kPodSuffix, suffix);
  replace_all(value, kOwner, owner_name);
  replace_all(value, kNode, fmt::format("node-{:04}", index % 5000));
  replace_all(value, kTick, fmt::format("tick-{:08}", tick));
  replace_all(value, sample.uid, uid_of(index));
  replace_all(value, kOwnerUid, uid_of(1'000'000 + owner));
  return {key_of(ns, owner_name + suffix), std::move(value)};
}

std::size_t PodMold::stored_bytes() const {
  return (2 * samples_[0].value.size() + samples_[1].value.size()) / 3;
}

}  // namespace bso::bench
