// SPDX-License-Identifier: Apache-2.0
// One scenario for each cause, C1 to C18: objects, statuses, attachments and events as Kubernetes
// writes them. tests/causes.sh lists them.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/cause_stage.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kNobody = "496dc423-7d3e-11e8-a35a-3aa7b8a2f7cb";

std::string holder_of(const Json& detail) {
  const auto& holders = detail.at("holders");
  return holders.empty() ? std::string{} : holders.at(0).value("pod", "");
}

/// Two ReplicaSets of one Deployment, or one.
void add_web(CauseStage& stage, int replicas, bool two_revisions) {
  stage.scene.add_rollout(
      {.deployment = "web", .hash = "aaaa", .revision = 1, .replicas = replicas});
  if (!two_revisions) return;
  stage.scene.add_rollout(
      {.deployment = "web", .hash = "bbbb", .revision = 2, .replicas = replicas});
}

}  // namespace

TEST_CASE("cause: a replica beside it has the volume", "[diagnosis][own][cause-C1]") {
  CauseStage stage("beside", kIbmcDriver);
  add_web(stage, 2, false);
  const auto holder = stage.holder(stage.here, "web-aaaa");
  const auto waiting = stage.waiting("web-aaaa");
  stage.scene.add_mount_refused(waiting, stage.here, stage.volume, holder.uid);
  const auto detail = wait_cause(waiting, "ReplicasShareSinglePodVolume");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("state") == "Deadlock");
  CHECK(detail.at("volume").at("semanticsFrom") == "bundle");
}

TEST_CASE("cause: a replica on another node has the volume", "[diagnosis][own][cause-C2]") {
  CauseStage stage("spread", kEbsDriver);
  stage.scene.add_attachment(stage.volume, kEbsDriver, stage.there, true);
  add_web(stage, 2, false);
  const auto holder = stage.holder(stage.there, "web-aaaa");
  const auto waiting = stage.waiting("web-aaaa");
  stage.scene.add_multi_attach(waiting, stage.volume, holder.name);
  const auto detail = wait_cause(waiting, "ReplicasSpreadAcrossNodes");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("confidence") == "Proven");
}

TEST_CASE("cause: old and new pod of a rollout wait for each other", "[diagnosis][own][cause-C3]") {
  CauseStage stage("rollout", kEbsDriver);
  add_web(stage, 1, true);
  const auto holder = stage.holder(stage.there, "web-aaaa");
  const auto waiting = stage.waiting("web-bbbb");
  stage.scene.add_multi_attach(waiting, stage.volume, holder.name);
  const auto detail = wait_cause(waiting, "RolloutDeadlock");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("state") == "Deadlock");
}

TEST_CASE("cause: something else uses the volume", "[diagnosis][own][cause-C4]") {
  CauseStage stage("other", kEbsDriver);
  add_web(stage, 1, false);
  const auto holder = stage.holder(stage.there);
  stage.own_by_job(holder);
  const auto waiting = stage.waiting("web-aaaa");
  stage.scene.add_multi_attach(waiting, stage.volume, holder.name);
  const auto detail = wait_cause(waiting, "SharedByOtherWorkload");
  CHECK(detail.at("holders").at(0).at("owner") == "Job/backup");
  CHECK(detail.at("state") == "Waiting");
}

TEST_CASE("cause: the holder is being deleted", "[diagnosis][own][cause-C5]") {
  CauseStage stage("leaving", kEbsDriver);
  const auto holder = stage.holder(stage.there);
  const auto waiting = stage.waiting();
  stage.begin_deletion(holder, 30);
  stage.scene.add_multi_attach(waiting, stage.volume, holder.name);
  const auto detail = wait_cause(waiting, "HolderTerminating");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("selfHealing") == true);
}

TEST_CASE("cause: the holder's node is lost", "[diagnosis][own][cause-C6]") {
  CauseStage stage("lost", kEbsDriver);
  const auto holder = stage.holder(stage.there);
  const auto waiting = stage.waiting();
  stage.begin_deletion(holder, 30);
  stage.silence(stage.there);
  stage.scene.add_multi_attach(waiting, stage.volume, holder.name);
  const auto detail = wait_cause(waiting, "HolderOnLostNode");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("holderNode") == stage.there);
  CHECK_THAT(annotations(waiting).sentence, Contains("corrupt"));
}

TEST_CASE("cause: a StatefulSet's pod on a lost node keeps its name",
          "[diagnosis][own][cause-C7]") {
  CauseStage stage("keeps", kEbsDriver);
  stage.scene.add_attachment(stage.volume, kEbsDriver, stage.there, true);
  const auto pod =
      stage.scene.add_pod({.name = "db-0", .node = stage.there, .claim = "data", .running = true});
  stage.own_by_stateful_set(pod, "db");
  stage.begin_deletion(pod, 1);
  CHECK(annotations(pod).none());
  stage.silence(stage.there);
  const auto detail = wait_cause(pod, "StatefulSetPodOnLostNode");
  CHECK(detail.at("state") == "NeedsOperator");
  CHECK(detail.at("holderNode") == stage.there);
  CHECK_THAT(annotations(pod).sentence, Contains("corrupt") && Contains("db-0"));

  // The machine was off, the old pod is taken away; its successor waits for the attachment.
  stage.scene.remove(pod);
  const auto next = stage.scene.add_pod({.name = "db-0", .node = stage.here, .claim = "data"});
  const auto after = wait_cause(next, "HolderOnLostNode");
  CHECK(after.at("state") == "Waiting");
  CHECK(after.at("holders").empty());
}

TEST_CASE("cause: the volume is on its way", "[diagnosis][own][cause-C8]") {
  CauseStage stage("moving", kEbsDriver);
  stage.scene.add_attachment(stage.volume, kEbsDriver, stage.there, true);
  const auto waiting = stage.waiting();
  const auto detail = wait_cause(waiting, "DetachPending");
  CHECK(detail.at("holderNode") == stage.there);
  CHECK(detail.at("state") == "Waiting");
  CHECK(detail.at("actions").empty());
}

TEST_CASE("cause: an attachment does not go away", "[diagnosis][own][cause-C9]") {
  CauseStage stage("stale", kEbsDriver);
  stage.scene.add_attachment(stage.volume, kEbsDriver, stage.there, true);
  const auto waiting = stage.waiting();
  stage.fail_detach("rpc error: code = Internal desc = cannot detach");
  const auto detail = wait_cause(waiting, "StaleAttachment");
  CHECK(detail.at("state") == "NeedsOperator");
  CHECK_FALSE(detail.at("attachment").get<std::string>().empty());
  CHECK_THAT(annotations(waiting).sentence, Contains("cannot detach"));
}

TEST_CASE("cause: a mount outlived its pod", "[diagnosis][own][cause-C10]") {
  CauseStage stage("leftover", kIbmcDriver);
  const auto waiting = stage.waiting();
  stage.scene.add_mount_refused(waiting, stage.here, stage.volume, kNobody);
  const auto early = wait_cause(waiting, "DetachPending");
  CHECK(early.at("vanishedUID") == kNobody);
  // A minute is what kubelets get to clean up.
  const auto late = wait_cause(waiting, "OrphanedMount", 60s + kPatience);
  CHECK(late.at("vanishedUID") == kNobody);
  CHECK(late.at("holderNode") == stage.here);
  CHECK(late.at("holders").empty());
}

TEST_CASE("cause: a machine outside the cluster has the disk", "[diagnosis][own][cause-C11]") {
  CauseStage stage("outside", "pd.csi.storage.gke.io");
  for (const auto& node : {stage.here, stage.there}) {
    stage.set_provider_id(node, "gce://project/zone-a/" + node);
  }
  const auto waiting = stage.waiting();
  const std::string zone = "projects/project/zones/zone-a";
  stage.attach_failed(
      waiting, fmt::format("rpc error: code = Internal desc = operation op-1 failed "
                           "(RESOURCE_IN_USE_BY_ANOTHER_RESOURCE): The disk resource '{0}/disks/d' "
                           "is already being used by '{0}/instances/old-vm'",
                           zone));
  const auto detail = wait_cause(waiting, "HeldOutsideCluster");
  CHECK(detail.at("words").at("machine") == zone + "/instances/old-vm");
  CHECK(detail.at("holders").empty());

  // Of a machine that is a node there is no such talk.
  const auto other = stage.scene.add_pod({.name = "other", .node = stage.here, .claim = "data"});
  stage.attach_failed(
      other, fmt::format("rpc error: code = Internal desc = operation op-2 failed "
                         "(RESOURCE_IN_USE_BY_ANOTHER_RESOURCE): The disk resource '{0}/disks/d' "
                         "is already being used by '{0}/instances/{1}'",
                         zone, stage.there));
  CHECK(wait_cause(other, "DetachPending").at("holderNode") == stage.there);
}

TEST_CASE("cause: two volumes are one disk", "[diagnosis][own][cause-C12]") {
  CauseStage stage("twin", "static.example.com");
  Scene elsewhere("elsewhere");
  const auto disk = stage.scene.global("disk-data");
  (void)elsewhere.add_csi_claim("copy", "static.example.com", disk);
  const auto hidden = elsewhere.add_pod(
      {.name = "hidden-name", .node = stage.there, .claim = "copy", .running = true});
  const auto waiting = stage.waiting();
  const auto detail = wait_cause(waiting, "TwoVolumesOneDisk");
  CHECK(detail.at("holders").at(0) == Json{{"otherNamespace", true}});
  const auto found = annotations(waiting);
  CHECK_THAT(found.sentence + found.detail,
             !Contains(hidden.name) && !Contains(elsewhere.ns()) && !Contains(hidden.uid));
}

TEST_CASE("cause: one pod of the cluster may use it, and another does",
          "[diagnosis][own][cause-C13]") {
  CauseStage stage("once", kEbsDriver);
  stage.set_read_write_once_pod();
  const auto holder = stage.holder(stage.here);
  const auto waiting = stage.waiting();
  stage.mount_failed(
      waiting, "volume uses the ReadWriteOncePod access mode and is already in use by another pod");
  const auto detail = wait_cause(waiting, "ReadWriteOncePodConflict");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("volume").at("semanticsFrom") == "access mode");
}

TEST_CASE("cause: the scheduler places a pod nowhere, for another one has its claim",
          "[diagnosis][own][cause-C13]") {
  CauseStage stage("nowhere", kEbsDriver);
  stage.set_read_write_once_pod();
  const auto holder = stage.holder(stage.here);
  const auto waiting = stage.scene.add_pod({.name = "waiting", .claim = "data"});
  const Json refused{
      {"type", "PodScheduled"},
      {"status", "False"},
      {"reason", "Unschedulable"},
      {"message",
       "0/2 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and "
       "ReadWriteOncePod access mode."}};
  world().api.merge(waiting.path + "/status", {{"status",
                                                {{"phase", "Pending"},
                                                 {"containerStatuses", Json::array()},
                                                 {"conditions", Json::array({refused})}}}});
  const auto detail = wait_cause(waiting, "ReadWriteOncePodConflict");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("confidence") == "Proven");
  stage.scene.remove(holder);
  wait_clear(waiting);
}

TEST_CASE("cause: two SELinux labels want one mount", "[diagnosis][own][cause-C14]") {
  CauseStage stage("labels", kEbsDriver);
  const auto holder = stage.holder(stage.here);
  const auto waiting = stage.waiting();
  stage.scene.add_event(
      waiting, "FailedMount", "kubelet", stage.here,
      fmt::format("Unable to attach or mount volumes: unmounted volumes=[data], unattached "
                  "volumes=[], failed to process volumes=[data]: conflicting SELinux labels of "
                  "volume {}: \"system_u:object_r:container_file_t:s0:c1,c2\" and "
                  "\"system_u:object_r:container_file_t:s0:c3,c4\"",
                  stage.volume));
  const auto detail = wait_cause(waiting, "SELinuxContextConflict");
  CHECK(holder_of(detail) == holder.name);
  CHECK_THAT(annotations(waiting).sentence, Contains("seLinuxOptions"));
}

TEST_CASE("cause: a driver without an attach step finds it mounted elsewhere",
          "[diagnosis][own][cause-C15]") {
  CauseStage stage("nodeside", "nodeside.example.com");
  stage.add_driver_without_attach("nodeside.example.com");
  const auto holder = stage.holder(stage.there);
  const auto waiting = stage.waiting();
  stage.mount_failed(waiting, fmt::format("rpc error: code = Internal desc = Volume {} still "
                                          "mounted on node {}",
                                          stage.volume, stage.there));
  const auto detail = wait_cause(waiting, "NodeSideExclusive");
  CHECK(holder_of(detail) == holder.name);
  CHECK(detail.at("confidence") == "Proven");
}

TEST_CASE("cause: what is no conflict is not called one", "[diagnosis][own][cause-C16]") {
  CauseStage stage("innocent", kEbsDriver);
  stage.scene.add_attachment(stage.volume, kEbsDriver, stage.here, true);
  (void)stage.holder(stage.here);
  const auto waiting = stage.waiting();
  stage.scene.add_event(waiting, "FailedMount", "kubelet", stage.here,
                        "MountVolume.SetUp failed for volume \"settings\" : configmap "
                        "\"settings\" not found");
  check_not_claimed(stage, waiting);
}

TEST_CASE("cause: a driver that is busy is no conflict yet", "[diagnosis][own][cause-C17]") {
  CauseStage stage("busy", kEbsDriver);
  const auto waiting = stage.waiting();
  stage.attach_failed(waiting,
                      "rpc error: code = Aborted desc = An operation with the given Volume ID "
                      "vol-1 already exists");
  stage.attach_failed(waiting,
                      "rpc error: code = DeadlineExceeded desc = context deadline exceeded");
  check_not_claimed(stage, waiting);
}

TEST_CASE("cause: in use, and nobody knows by whom", "[diagnosis][own][cause-C18]") {
  CauseStage stage("unknown", kEbsDriver);
  const auto waiting = stage.waiting();
  stage.attach_failed(waiting,
                      "rpc error: code = Internal desc = Could not attach volume \"vol-1\" to node "
                      "\"i-1\": VolumeInUse: vol-1 is already attached to an instance");
  const auto detail = wait_cause(waiting, "UnknownExclusive");
  CHECK(detail.at("confidence") == "Guess");
  CHECK_THAT(annotations(waiting).sentence, Contains("VolumeInUse"));
}
