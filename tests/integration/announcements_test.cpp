// SPDX-License-Identifier: Apache-2.0
// What is told of a waiting pod beside its annotations: Events on its owner and claim, a condition
// where it is asked for, metrics.
#include <catch2/catch.hpp>

#include "integration/cause_stage.h"
#include "integration/metrics_of.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// `count` replicas beside one that has the volume.
struct Replicas {
  Scene scene;
  std::string node = scene.add_node("node");
  std::string volume = scene.add_flex_claim("data");
  ScenePod holder;
  std::vector<ScenePod> waiting;

  Replicas(const std::string& name, int count) : scene(name) {
    scene.add_rollout({.deployment = "web", .hash = "aaaa", .replicas = count + 1});
    holder = add("web-aaaa-0", true);
    for (int i = 1; i <= count; ++i) waiting.push_back(add("web-aaaa-" + std::to_string(i), false));
  }
  ScenePod add(const std::string& name, bool running) {
    return scene.add_pod({.name = name,
                          .node = node,
                          .claim = "data",
                          .replica_set = "web-aaaa",
                          .running = running});
  }
  void report() const {
    for (const auto& pod : waiting) scene.add_mount_refused(pod, node, volume, holder.uid);
  }
  [[nodiscard]] std::vector<Json> events_about(const std::string& path) const {
    const auto object = world().api.get(path);
    return our_events(scene.ns(), object.at("metadata").at("uid"));
  }
  [[nodiscard]] std::vector<Json> owner_events() const {
    return events_about("/apis/apps/v1/namespaces/" + scene.ns() + "/deployments/web");
  }
  [[nodiscard]] std::vector<Json> claim_events() const {
    return events_about("/api/v1/namespaces/" + scene.ns() + "/persistentvolumeclaims/data");
  }
};

/// Those that tell of a pod that waits, not of what may come.
std::vector<Json> with_reason(std::vector<Json> events, const std::string& reason) {
  std::erase_if(events, [&](const Json& event) { return event.at("reason") != reason; });
  return events;
}

Json blocked_condition(const ScenePod& pod) {
  const auto object = world().api.get(pod.path);
  for (const auto& condition : object.at("status").value("conditions", Json::array())) {
    if (condition.at("type") == "blockstorage.dev/VolumeBlocked") return condition;
  }
  return Json{};
}

/// The operator counts a pod when the answer to its write has come, so after others see the write.
void wait_metric(OperatorProcess& op, const std::string& name, const std::string& labels,
                 double wanted) {
  eventually(name, [&]() -> Missing {
    const auto value = metric(op, name, labels);
    if (value == wanted) return std::nullopt;
    return std::to_string(value);
  });
}

OperatorProcess::Options with_argument(const std::string& argument) {
  auto options = operator_options();
  options.arguments.push_back(argument);
  return options;
}

}  // namespace

TEST_CASE("owner and claim are told once, however many of their pods wait", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  Replicas stage("told", 4);
  stage.report();
  for (const auto& pod : stage.waiting) wait_annotated(pod, stage.holder.name);
  eventually("each pod has its Event", [&]() -> Missing {
    for (const auto& pod : stage.waiting) {
      if (our_events(pod).empty()) return pod.name;
    }
    return std::nullopt;
  });

  const auto owner = with_reason(stage.owner_events(), "VolumeHeldByOtherPod");
  REQUIRE(owner.size() == 1);
  CHECK(owner[0].at("type") == "Warning");
  CHECK(owner[0].at("regarding").at("kind") == "Deployment");
  CHECK(owner[0].at("related").at("name") == stage.holder.name);
  CHECK_THAT(owner[0].at("note").get<std::string>(),
             Contains("web-aaaa-") && Contains(stage.holder.name) && Contains("--replicas=1"));

  const auto claim = with_reason(stage.claim_events(), "VolumeHeldByOtherPod");
  REQUIRE(claim.size() == 1);
  CHECK(claim[0].at("regarding").at("kind") == "PersistentVolumeClaim");
  CHECK(claim[0].at("related").at("kind") == "Pod");
  CHECK(claim[0].at("related").at("name") != stage.holder.name);

  const std::string ns = "namespace=\"" + stage.scene.ns() + "\"";
  wait_metric(op, "blockstorage_blocked_pods", ns, 4);
  eventually("they have waited for a second", [&]() -> Missing {
    const auto oldest = metric(op, "blockstorage_blocked_oldest_seconds", ns);
    if (oldest >= 1) return std::nullopt;
    return std::to_string(oldest);
  });
  CHECK_THAT(op.ask("/metrics").body, Contains("blockstorage_diagnosis_delay_seconds_count 4\n"));
  CHECK(metric(op, "blockstorage_blocked_pod_info", ns) == 0);  // not asked for
}

TEST_CASE("words that no table has are counted once", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  Scene scene("unread");
  const auto node = scene.add_node("node");
  const auto volume = scene.add_flex_claim("data");
  const auto pod = scene.add_pod({.name = "db-0", .node = node, .claim = "data"});
  const auto words = "MountVolume.SetUp failed for volume \"" + volume +
                     "\" : rpc error: code = Internal desc = the flux capacitor is not aligned";
  const std::string driver = "driver=\"ibm/ibmc-block\"";
  const auto counted = [&] { return metric(op, "blockstorage_unparsed_messages_total", driver); };
  const auto before = counted();
  scene.add_event(pod, "FailedMount", "kubelet", node, words);
  eventually("it is counted", [&]() -> Missing {
    if (counted() == before + 1) return std::nullopt;
    return std::to_string(counted());
  });
  scene.add_event(pod, "FailedMount", "kubelet", node, words);
  scene.add_event(pod, "FailedMount", "kubelet", node,
                  "MountVolume.SetUp failed for volume \"" + volume +
                      "\" : mount failed: mount.nfs: Connection timed out");
  holds(
      "what is known, or was counted, is not counted",
      [&]() -> Missing {
        if (counted() == before + 1) return std::nullopt;
        return std::to_string(counted());
      },
      1s);
  CHECK(annotations(pod).none());
}

TEST_CASE("a waiting pod bears a condition where it is asked for", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(with_argument("--pod-condition"));
  op.wait_ready();
  Replicas stage("condition", 1);
  const auto& pod = stage.waiting.front();
  stage.report();
  const auto said = wait_annotated(pod, stage.holder.name);
  const auto blocked = blocked_condition(pod);
  REQUIRE(blocked.is_object());
  CHECK(blocked.at("status") == "True");
  CHECK(blocked.at("reason") == "ReplicasShareSinglePodVolume");
  CHECK(blocked.at("message") == said.sentence);
  CHECK(blocked_condition(stage.holder).is_null());
  // The kubelet's own are as they were.
  const auto conditions = world().api.get(pod.path).at("status").at("conditions");
  CHECK(std::count_if(conditions.begin(), conditions.end(), [](const Json& condition) {
          return condition.at("type") == "PodScheduled" && condition.at("status") == "True";
        }) == 1);

  stage.scene.remove(stage.holder);
  stage.scene.set_running(pod);
  wait_clear(pod);
  eventually("the condition is False", [&]() -> Missing {
    const auto now = blocked_condition(pod);
    if (now.is_object() && now.at("status") == "False" && now.at("reason") == "Released") {
      return std::nullopt;
    }
    return now.dump();
  });
}

TEST_CASE("without the right to write it the condition is missed, not the annotation",
          "[diagnosis][own]") {
  install_crd();
  const TemporaryDirectory directory;
  auto options = with_argument("--pod-condition");
  options.kubeconfig = own_rights_kubeconfig(directory);
  OperatorProcess op(options);
  op.wait_ready();
  Replicas stage("forbidden", 1);
  stage.report();
  wait_annotated(stage.waiting.front(), stage.holder.name);
  op.wait_log({"pods/status"});
}

TEST_CASE("each waiting pod has a time series where it is asked for", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(with_argument("--pod-metrics"));
  op.wait_ready();
  Replicas stage("series", 1);
  const auto& pod = stage.waiting.front();
  const std::string labels = "pod=\"" + pod.name + "\"";
  stage.report();
  wait_annotated(pod, stage.holder.name);
  wait_metric(op, "blockstorage_blocked_pod_info", labels, 1);
  CHECK(metric(op, "blockstorage_blocked_pod_info", "holder=\"" + stage.holder.name) == 1);
  stage.scene.remove(stage.holder);
  stage.scene.set_running(pod);
  wait_clear(pod);
  eventually("the time series is gone", [&]() -> Missing {
    const auto text = op.ask("/metrics").body;
    if (text.find("blockstorage_blocked_pod_info{") == std::string::npos) return std::nullopt;
    return text;
  });
}
