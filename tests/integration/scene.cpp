// SPDX-License-Identifier: Apache-2.0
#include "integration/scene.h"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "integration/world.h"

namespace bso::test {
namespace {

constexpr const char* kVolumes = "/api/v1/persistentvolumes";
constexpr const char* kNodes = "/api/v1/nodes";
constexpr const char* kAttachments = "/apis/storage.k8s.io/v1/volumeattachments";
/// Where the kubelets of IBM's clusters have it.
constexpr const char* kKubeletRoot = "/var/data/kubelet";

std::string now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()));
}

std::string namespaced(const std::string& api, const std::string& ns, const std::string& plural) {
  return fmt::format("{}/namespaces/{}/{}", api, ns, plural);
}

Json pod_condition(const char* type, bool holds) {
  Json condition{
      {"type", type}, {"status", holds ? "True" : "False"}, {"lastTransitionTime", now()}};
  if (!holds) {
    condition["reason"] = "ContainersNotReady";
    condition["message"] = "containers with unready status: [main]";
  }
  return condition;
}

/// What the kubelet writes (pkg/kubelet/kubelet_pods.go) for a pod with one container.
Json pod_status(bool running) {
  Json container{{"name", "main"},
                 {"image", "registry.example.com/app:1"},
                 {"imageID", ""},
                 {"ready", running},
                 {"started", running},
                 {"restartCount", 0},
                 {"lastState", Json::object()}};
  if (running) {
    container["state"] = {{"running", {{"startedAt", now()}}}};
    container["containerID"] = "containerd://0123456789abcdef";
  } else {
    container["state"] = {{"waiting", {{"reason", "ContainerCreating"}}}};
  }
  Json status{{"phase", running ? "Running" : "Pending"},
              {"hostIP", "10.0.0.1"},
              {"startTime", now()},
              {"qosClass", "BestEffort"},
              {"containerStatuses", {container}},
              {"conditions",
               {pod_condition("Initialized", true), pod_condition("Ready", running),
                pod_condition("ContainersReady", running), pod_condition("PodScheduled", true)}}};
  if (running) {
    status["podIP"] = "172.30.55.146";
    status["podIPs"] = {{{"ip", "172.30.55.146"}}};
  }
  return {{"status", status}};
}

Json controller_of(const std::string& kind, const Json& owner) {
  return {{"apiVersion", "apps/v1"},
          {"kind", kind},
          {"name", owner.at("metadata").at("name")},
          {"uid", owner.at("metadata").at("uid")},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

Json pod_template(const std::string& app) {
  return {
      {"metadata", {{"labels", {{"app", app}}}}},
      {"spec", {{"containers", {{{"name", "main"}, {"image", "registry.example.com/app:1"}}}}}}};
}

}  // namespace

Scene::Scene(const std::string& name) : ns_(make_namespace(name)) {}

Scene::~Scene() {
  const auto& api = world().api;
  try {
    api.remove_all(namespaced("/api/v1", ns_, "pods"));
    api.remove_all(namespaced("/apis/apps/v1", ns_, "replicasets"));
    api.remove_all(namespaced("/apis/apps/v1", ns_, "deployments"));
    api.remove_all(namespaced("/api/v1", ns_, "persistentvolumeclaims"));
    api.remove_all(namespaced("/api/v1", ns_, "events"));
    for (const auto& path : cluster_paths_) api.remove(path);
  } catch (const TestFailure&) {
    // Other scenes have other names.
  }
}

std::string Scene::add_node(const std::string& name) {
  const auto full = global(name);
  world().api.create(
      kNodes, {{"metadata",
                {{"name", full},
                 {"labels", {{"kubernetes.io/hostname", full}, {"kubernetes.io/os", "linux"}}}}}});
  cluster_paths_.push_back(fmt::format("{}/{}", kNodes, full));
  world().api.merge(cluster_paths_.back() + "/status", {{"status",
                                                         {{"conditions",
                                                           {{{"type", "Ready"},
                                                             {"status", "True"},
                                                             {"reason", "KubeletReady"},
                                                             {"lastHeartbeatTime", now()},
                                                             {"lastTransitionTime", now()}}}}}}});
  return full;
}

std::string Scene::add_flex_claim(const std::string& claim) {
  return add_claim(claim, {{"flexVolume",
                            {{"driver", "ibm/ibmc-block"},
                             {"fsType", "ext4"},
                             {"options", {{"Lun", "1"}, {"TargetPortal", "161.26.114.170"}}}}}});
}

std::string Scene::add_csi_claim(const std::string& claim, const std::string& driver,
                                 const std::string& handle, const std::string& storage_class) {
  const auto disk = handle.empty() ? global("disk-" + claim) : handle;
  return add_claim(claim, {{"csi", {{"driver", driver}, {"volumeHandle", disk}}}}, storage_class);
}

std::string Scene::add_claim(const std::string& claim, const Json& source,
                             const std::string& storage_class) {
  const auto& api = world().api;
  const auto volume = global("pvc-" + claim);
  const auto claims = namespaced("/api/v1", ns_, "persistentvolumeclaims");
  Json spec{{"accessModes", {"ReadWriteOnce"}}, {"storageClassName", storage_class}};
  auto volume_spec = spec;
  spec["volumeName"] = volume;
  spec["resources"] = {{"requests", {{"storage", "20Gi"}}}};
  const auto made = api.create(
      claims, {{"metadata",
                {{"name", claim}, {"annotations", {{"pv.kubernetes.io/bind-completed", "yes"}}}}},
               {"spec", spec}});
  volume_spec.update(source);
  volume_spec["capacity"] = {{"storage", "20Gi"}};
  volume_spec["claimRef"] = {{"apiVersion", "v1"},
                             {"kind", "PersistentVolumeClaim"},
                             {"namespace", ns_},
                             {"name", claim},
                             {"uid", made.at("metadata").at("uid")}};
  api.create(kVolumes, {{"metadata", {{"name", volume}}}, {"spec", volume_spec}});
  cluster_paths_.push_back(fmt::format("{}/{}", kVolumes, volume));
  api.merge(cluster_paths_.back() + "/status", {{"status", {{"phase", "Bound"}}}});
  api.merge(claims + "/" + claim + "/status", {{"status",
                                                {{"phase", "Bound"},
                                                 {"accessModes", {"ReadWriteOnce"}},
                                                 {"capacity", {{"storage", "20Gi"}}}}}});
  return volume;
}

void Scene::add_attachment(const std::string& volume, const std::string& driver,
                           const std::string& node, bool attached) {
  const auto name = global("csi-" + std::to_string(cluster_paths_.size()));
  world().api.create(kAttachments, {{"metadata", {{"name", name}}},
                                    {"spec",
                                     {{"attacher", driver},
                                      {"nodeName", node},
                                      {"source", {{"persistentVolumeName", volume}}}}}});
  cluster_paths_.push_back(fmt::format("{}/{}", kAttachments, name));
  world().api.merge(cluster_paths_.back() + "/status", {{"status", {{"attached", attached}}}});
}

void Scene::add_rollout(const Rollout& rollout) {
  const auto& api = world().api;
  const auto deployments = namespaced("/apis/apps/v1", ns_, "deployments");
  const Json selector{{"matchLabels", {{"app", rollout.deployment}}}};
  auto deployment = api.find(deployments + "/" + rollout.deployment);
  if (!deployment) {
    deployment = api.create(
        deployments,
        {{"metadata", {{"name", rollout.deployment}, {"labels", {{"app", rollout.deployment}}}}},
         {"spec",
          {{"replicas", rollout.replicas},
           {"selector", selector},
           {"template", pod_template(rollout.deployment)}}}});
  }
  api.create(
      namespaced("/apis/apps/v1", ns_, "replicasets"),
      {{"metadata",
        {{"name", rollout.deployment + "-" + rollout.hash},
         {"labels", {{"app", rollout.deployment}, {"pod-template-hash", rollout.hash}}},
         {"annotations", {{"deployment.kubernetes.io/revision", std::to_string(rollout.revision)}}},
         {"ownerReferences", {controller_of("Deployment", *deployment)}}}},
       {"spec",
        {{"replicas", rollout.replicas},
         {"selector", selector},
         {"template", pod_template(rollout.deployment)}}}});
}

ScenePod Scene::add_pod(const PodPlan& plan) {
  const auto& api = world().api;
  Json metadata{{"name", plan.name}};
  if (!plan.replica_set.empty()) {
    const auto owner =
        api.get(namespaced("/apis/apps/v1", ns_, "replicasets") + "/" + plan.replica_set);
    metadata["labels"] = owner.at("metadata").at("labels");
    metadata["ownerReferences"] = {controller_of("ReplicaSet", owner)};
  }
  const auto pods = namespaced("/api/v1", ns_, "pods");
  const auto made = api.create(
      pods, {{"metadata", metadata},
             {"spec",
              {{"nodeName", plan.node},
               {"containers",
                {{{"name", "main"},
                  {"image", "registry.example.com/app:1"},
                  {"volumeMounts", {{{"name", "data"}, {"mountPath", "/data"}}}}}}},
               {"volumes",
                {{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", plan.claim}}}}}}}}});
  ScenePod pod{pods + "/" + plan.name, ns_, plan.name, made.at("metadata").at("uid")};
  api.merge(pod.path + "/status", pod_status(plan.running));
  return pod;
}

void Scene::set_running(const ScenePod& pod) const {
  world().api.merge(pod.path + "/status", pod_status(true));
}

void Scene::remove(const ScenePod& pod) const { world().api.remove(pod.path); }

std::string Scene::add_mount_refused(const ScenePod& waiting, const std::string& node,
                                     const std::string& volume,
                                     const std::string& holder_uid) const {
  return add_event(
      waiting, "FailedMount", "kubelet", node,
      fmt::format(
          "MountVolume.SetUp failed for volume \"{0}\" : mount command failed, status: Failure, "
          "reason: Error while mounting the volume &errors.errorString{{s:\"RWO check has failed. "
          "DevicePath {2}/plugins/kubernetes.io/flexvolume/ibm/ibmc-block/mounts/{0} is already "
          "mounted on mountpath {2}/pods/{1}/volumes/ibm~ibmc-block/{0} \"}}",
          volume, holder_uid, kKubeletRoot));
}

std::string Scene::add_multi_attach(const ScenePod& waiting, const std::string& volume,
                                    const std::string& holders) const {
  return add_event(waiting, "FailedAttachVolume", "attachdetach-controller", "",
                   fmt::format("Multi-Attach error for volume \"{}\" Volume is already used by "
                               "pod(s) {}",
                               volume, holders));
}

std::string Scene::add_event(const ScenePod& pod, const std::string& reason,
                             const std::string& component, const std::string& host,
                             const std::string& message) const {
  static unsigned long count = 0x1700000000000000UL;
  const auto name = fmt::format("{}.{:x}", pod.name, ++count);
  Json source{{"component", component}};
  if (!host.empty()) source["host"] = host;
  world().api.create(namespaced("/api/v1", ns_, "events"), {{"metadata", {{"name", name}}},
                                                            {"involvedObject",
                                                             {{"apiVersion", "v1"},
                                                              {"kind", "Pod"},
                                                              {"namespace", ns_},
                                                              {"name", pod.name},
                                                              {"uid", pod.uid}}},
                                                            {"reason", reason},
                                                            {"message", message},
                                                            {"type", "Warning"},
                                                            {"source", source},
                                                            {"firstTimestamp", now()},
                                                            {"lastTimestamp", now()},
                                                            {"count", 1}});
  return name;
}

Annotations annotations(const ScenePod& pod) {
  const auto found = world().api.get(pod.path).at("metadata").value("annotations", Json::object());
  return {found.value(kConflict, ""), found.value(kConflictDetail, "")};
}

Annotations wait_annotated(const ScenePod& pod, const std::string& text) {
  Annotations found;
  eventually(fmt::format("{} is annotated with \"{}\"", pod.name, text), [&]() -> Missing {
    found = annotations(pod);
    if (!found.sentence.empty() && !found.detail.empty() &&
        found.sentence.find(text) != std::string::npos) {
      return std::nullopt;
    }
    return found.sentence + " | " + found.detail;
  });
  return found;
}

void wait_clear(const ScenePod& pod) {
  eventually(fmt::format("{} has no annotation of ours", pod.name), [&]() -> Missing {
    const auto found = annotations(pod);
    if (found.none()) return std::nullopt;
    return found.sentence + " | " + found.detail;
  });
}

std::vector<Json> our_events(const ScenePod& pod) { return our_events(pod.ns, pod.uid); }

std::vector<Json> our_events(const std::string& ns, const std::string& uid) {
  std::vector<Json> found;
  const auto all = world().api.get("/apis/events.k8s.io/v1/namespaces/" + ns + "/events");
  for (const auto& event : all.at("items")) {
    if (event.value("reportingController", "") == "block-storage-operator" &&
        event.value("/regarding/uid"_json_pointer, "") == uid) {
      found.push_back(event);
    }
  }
  return found;
}

}  // namespace bso::test
