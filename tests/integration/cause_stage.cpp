// SPDX-License-Identifier: Apache-2.0
#include "integration/cause_stage.h"

#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "codec/base64.h"

namespace bso::test {
namespace {

constexpr const char* kVolumeAttachments = "/apis/storage.k8s.io/v1/volumeattachments";

std::string right_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()));
}

std::string volume_path(const std::string& volume) { return "/api/v1/persistentvolumes/" + volume; }

OperatorProcess::Options with_crd() {
  install_crd();
  return operator_options();
}

Json job_template() {
  return {{"spec",
           {{"restartPolicy", "Never"},
            {"containers", {{{"name", "main"}, {"image", "registry.example.com/app:1"}}}}}}};
}

}  // namespace

CauseStage::CauseStage(const std::string& name, const std::string& driver)
    : scene(name), op(with_crd()), here(scene.add_node("here")), there(scene.add_node("there")) {
  volume =
      driver == kIbmcDriver ? scene.add_flex_claim("data") : scene.add_csi_claim("data", driver);
  op.wait_ready();
}

CauseStage::~CauseStage() {
  try {
    if (once_pod_) put_modes("ReadWriteOnce");
    for (const auto& path : paths_) world().api.remove(path);
  } catch (const TestFailure&) {
    // Other scenes have other names.
  }
}

ScenePod CauseStage::holder(const std::string& node, const std::string& replica_set) {
  return scene.add_pod({.name = "holder",
                        .node = node,
                        .claim = "data",
                        .replica_set = replica_set,
                        .running = true});
}

ScenePod CauseStage::waiting(const std::string& replica_set) {
  return scene.add_pod(
      {.name = "waiting", .node = here, .claim = "data", .replica_set = replica_set});
}

void CauseStage::own(const ScenePod& pod, const std::string& api, const std::string& plural,
                     Json object) {
  const auto collection = fmt::format("/apis/{}/namespaces/{}/{}", api, scene.ns(), plural);
  const auto made = world().api.create(collection, object);
  const auto& metadata = made.at("metadata");
  paths_.push_back(fmt::format("{}/{}", collection, metadata.at("name").get<std::string>()));
  world().api.merge(pod.path, {{"metadata",
                                {{"ownerReferences",
                                  {{{"apiVersion", api},
                                    {"kind", made.at("kind")},
                                    {"name", metadata.at("name")},
                                    {"uid", metadata.at("uid")},
                                    {"controller", true},
                                    {"blockOwnerDeletion", true}}}}}}});
}

void CauseStage::own_by_job(const ScenePod& pod) {
  own(pod, "batch/v1", "jobs",
      {{"metadata", {{"name", "backup"}}}, {"spec", {{"template", job_template()}}}});
}

void CauseStage::own_by_stateful_set(const ScenePod& pod, const std::string& name) {
  const Json labels{{"app", name}};
  own(pod, "apps/v1", "statefulsets",
      {{"metadata", {{"name", name}}},
       {"spec",
        {{"serviceName", name},
         {"selector", {{"matchLabels", labels}}},
         {"template",
          {{"metadata", {{"labels", labels}}},
           {"spec",
            {{"containers", {{{"name", "main"}, {"image", "registry.example.com/app:1"}}}}}}}}}}});
}

void CauseStage::begin_deletion(const ScenePod& pod, int grace_seconds) const {
  const auto answer =
      world().api.call("DELETE", pod.path, Json{{"gracePeriodSeconds", grace_seconds}});
  if (!answer.ok()) throw TestFailure("DELETE " + pod.path + ": " + answer.body);
}

void CauseStage::silence(const std::string& node) const {
  world().api.merge("/api/v1/nodes/" + node + "/status",
                    {{"status",
                      {{"conditions",
                        {{{"type", "Ready"},
                          {"status", "Unknown"},
                          {"reason", "NodeStatusUnknown"},
                          {"message", "Kubelet stopped posting node status."},
                          {"lastHeartbeatTime", right_now()},
                          {"lastTransitionTime", right_now()}}}}}}});
}

void CauseStage::set_provider_id(const std::string& node, const std::string& id) const {
  world().api.merge("/api/v1/nodes/" + node, {{"spec", {{"providerID", id}}}});
}

void CauseStage::set_read_write_once_pod() {
  once_pod_ = true;
  put_modes("ReadWriteOncePod");
}

void CauseStage::put_modes(const std::string& mode) const {
  auto object = world().api.get(volume_path(volume));
  object["spec"]["accessModes"] = {mode};
  object["metadata"].erase("resourceVersion");
  const Json put{{"key", codec::encode_base64("/registry/persistentvolumes/" + volume)},
                 {"value", codec::encode_base64(object.dump())}};
  const auto url = world().plane.setting("BSO_ETCD_URL");
  const auto answer =
      http(url.substr(url.rfind(':') + 1), "POST", "/v3/kv/put", put.dump(), "application/json");
  if (!answer.ok()) throw TestFailure("etcd: " + answer.body);
}

void CauseStage::add_driver_without_attach(const std::string& driver) {
  constexpr const char* kCsiDrivers = "/apis/storage.k8s.io/v1/csidrivers";
  world().api.create(kCsiDrivers,
                     {{"metadata", {{"name", driver}}}, {"spec", {{"attachRequired", false}}}});
  paths_.push_back(fmt::format("{}/{}", kCsiDrivers, driver));
}

void CauseStage::fail_detach(const std::string& text) const {
  const auto all = world().api.get(kVolumeAttachments);
  for (const auto& attachment : all.at("items")) {
    if (attachment.value("/spec/source/persistentVolumeName"_json_pointer, "") != volume) continue;
    const auto name = attachment.at("metadata").at("name").get<std::string>();
    world().api.merge(fmt::format("{}/{}/status", kVolumeAttachments, name),
                      {{"status", {{"detachError", {{"time", right_now()}, {"message", text}}}}}});
  }
}

void CauseStage::attach_failed(const ScenePod& pod, const std::string& text) const {
  scene.add_event(pod, "FailedAttachVolume", "attachdetach-controller", "",
                  fmt::format("AttachVolume.Attach failed for volume \"{}\" : {}", volume, text));
}

void CauseStage::mount_failed(const ScenePod& pod, const std::string& text) const {
  scene.add_event(
      pod, "FailedMount", "kubelet", here,
      fmt::format("MountVolume.MountDevice failed for volume \"{}\" : {}", volume, text));
}

Json wait_cause(const ScenePod& pod, const std::string& cause, std::chrono::milliseconds deadline) {
  Json detail;
  eventually(
      fmt::format("{} is annotated with {}", pod.name, cause),
      [&]() -> Missing {
        const auto found = annotations(pod);
        if (found.none()) return "no annotation";
        detail = Json::parse(found.detail);
        if (detail.at("cause") == cause) return std::nullopt;
        return found.sentence + " | " + found.detail;
      },
      deadline);
  return detail;
}

void check_not_claimed(CauseStage& stage, const ScenePod& pod) {
  (void)stage.scene.add_flex_claim("witness");
  (void)stage.scene.add_pod(
      {.name = "witness-holder", .node = stage.here, .claim = "witness", .running = true});
  const auto witness =
      stage.scene.add_pod({.name = "witness", .node = stage.here, .claim = "witness"});
  wait_annotated(witness, "witness-holder");
  CHECK(annotations(pod).none());
  CHECK(our_events(pod).empty());
}

}  // namespace bso::test
