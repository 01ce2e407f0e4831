// SPDX-License-Identifier: Apache-2.0
#include "unit/diagnosis/scenarios.h"

#include <utility>

#include "unit/diagnosis/seed.h"

namespace bso::test {

namespace {

constexpr const char* kHolderUid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";
constexpr const char* kEbs = "ebs.csi.aws.com";

void put_pod(World& world, const std::string& name, const std::string& node, bool running,
             cluster::Owner owner = {}) {
  auto pod = world.make_pod(name, "data", node, running);
  pod.owner = std::move(owner);
  world.view.upsert(pod);
}

/// Two nodes and a claim.
void two_nodes(World& world, const std::string& driver, const std::string& provider = {}) {
  const auto id = [&provider](const char* name) {
    return provider.empty() ? std::string{} : provider + name;
  };
  world.node("n1", cluster::Readiness::ready, id("n1"));
  world.node("n2", cluster::Readiness::ready, id("n2"));
  world.claim("data", "pvc-1", driver);
}

void multi_attach(World& world, const std::string& users) {
  world.event("w", "Multi-Attach error for volume \"pvc-1\" Volume is already used by " + users, 1,
              "FailedAttachVolume");
}

void attach_failed(World& world, const std::string& text) {
  world.event("w", "AttachVolume.Attach failed for volume \"pvc-1\" : " + text, 5,
              "FailedAttachVolume");
}

void mount_failed(World& world, const std::string& text) {
  world.event("w", "MountVolume.SetUp failed for volume \"pvc-1\" : " + text, 5);
}

void refuse_directory(World& world, const std::string& uid) {
  mount_failed(world,
               "mount command failed, status: Failure, reason: RWO check has failed. DevicePath /d "
               "is already mounted on mountpath /var/data/kubelet/pods/" +
                   uid + "/volumes/ibm~ibmc-block/pvc-1 ");
}

void replicas_here(World& world) {
  fill_seed(world);
  world.event(kSeedWaiting, seed_message(), 1);
}

void replicas_spread(World& world) {
  two_nodes(world, kEbs);
  world.deployment("web", 2, {2});
  put_pod(world, "h", "n2", true, World::owner("ReplicaSet", "web-1"));
  put_pod(world, "w", "n1", false, World::owner("ReplicaSet", "web-1"));
  multi_attach(world, "pod(s) h");
}

void rollout(World& world) {
  two_nodes(world, kEbs);
  world.deployment("web", 1, {1, 1});
  put_pod(world, "h", "n2", true, World::owner("ReplicaSet", "web-1"));
  put_pod(world, "w", "n1", false, World::owner("ReplicaSet", "web-2"));
  multi_attach(world, "pod(s) h");
}

void other_workload(World& world) {
  two_nodes(world, kEbs);
  put_pod(world, "h", "n2", true, World::owner("Job", "backup"));
  put_pod(world, "w", "n1", false, World::owner("ReplicaSet", "web-1"));
  multi_attach(world, "pod(s) h");
}

void leaving(World& world) {
  two_nodes(world, kEbs);
  auto holder = world.make_pod("h", "data", "n2", true);
  holder.deleting = true;
  holder.deletion = at(30);
  world.view.upsert(holder);
  put_pod(world, "w", "n1", false);
  multi_attach(world, "pod(s) h");
}

void on_lost_node(World& world) {
  leaving(world);
  world.node("n2", cluster::Readiness::silent);
}

void attached_to_lost_node(World& world) {
  two_nodes(world, kEbs);
  world.node("n2", cluster::Readiness::silent);
  world.attachment("csi-1", "pvc-1", "n2");
  put_pod(world, "w", "n1", false);
}

void stateful_set_pod(World& world) {
  two_nodes(world, kEbs);
  world.node("n2", cluster::Readiness::silent);
  world.view.upsert(world.workload(cluster::WorkloadKind::stateful_set, "db", 1));
  auto pod = world.make_pod("db-0", "data", "n2", true);
  pod.owner = World::owner("StatefulSet", "db");
  pod.deleting = true;
  pod.deletion = at(30);
  world.view.upsert(pod);
  world.attachment("csi-1", "pvc-1", "n2");
}

void moving(World& world) {
  two_nodes(world, kEbs);
  world.attachment("csi-1", "pvc-1", "n2");
  put_pod(world, "w", "n1", false);
  world.event("w",
              "Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to "
              "one node and can't be attached to another",
              1, "FailedAttachVolume");
}

void leftover(World& world) {
  two_nodes(world, "ibm/ibmc-block");
  put_pod(world, "w", "n1", false);
  refuse_directory(world, kHolderUid);
}

void outside(World& world) {
  two_nodes(world, "pd.csi.storage.gke.io", "gce://project/zone-a/");
  put_pod(world, "w", "n1", false);
  attach_failed(
      world,
      "rpc error: code = Internal desc = failed cloud service attach disk call: operation "
      "op failed (RESOURCE_IN_USE_BY_ANOTHER_RESOURCE): The disk resource "
      "'projects/project/zones/zone-a/disks/d' is already being used by "
      "'projects/project/zones/zone-a/instances/old-vm'");
}

void twins(World& world) {
  world.node("n1");
  world.node("n2");
  world.claim("data", "pvc-1", "d.example.com");
  put_pod(world, "w", "n1", false);
  world.ns = "other";
  world.claim("twin", "pvc-2", "d.example.com");
  world.view.upsert(world.make_pod("secret-name", "twin", "n2", true));
  world.ns = "default";
  for (const auto* name : {"pvc-1", "pvc-2"}) {
    auto volume = *world.view.volume(name);
    volume.handle = cluster::Symbol{"disk-1"};
    world.view.upsert(volume);
  }
  multi_attach(world, "1 pod(s) in different namespaces");
}

void twins_beside(World& world) {
  two_nodes(world, "d.example.com");
  world.claim("twin", "pvc-2", "d.example.com");
  world.view.upsert(world.make_pod("h", "twin", "n2", true));
  put_pod(world, "w", "n1", false);
  for (const auto* name : {"pvc-1", "pvc-2"}) {
    auto volume = *world.view.volume(name);
    volume.handle = cluster::Symbol{"disk-1"};
    world.view.upsert(volume);
  }
}

void one_pod(World& world) {
  world.node("n1");
  world.claim("data", "pvc-1", kEbs, cluster::kReadWriteOncePod);
  put_pod(world, "h", "n1", true);
  put_pod(world, "w", "n1", false);
  mount_failed(world,
               "volume uses the ReadWriteOncePod access mode and is already in use by another pod");
}

void labels(World& world) {
  two_nodes(world, kEbs);
  put_pod(world, "h", "n1", true);
  put_pod(world, "w", "n1", false);
  world.event("w",
              "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], "
              "failed to process volumes=[data]: conflicting SELinux labels of volume pvc-1: "
              "\"system_u:object_r:container_file_t:s0:c1,c2\" and "
              "\"system_u:object_r:container_file_t:s0:c3,c4\"",
              5);
}

void node_side(World& world) {
  two_nodes(world, "cstor.csi.openebs.io");
  put_pod(world, "h", "n2", true, World::owner("ReplicaSet", "a"));
  put_pod(world, "w", "n1", false, World::owner("ReplicaSet", "b"));
  world.event("w",
              "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = Internal "
              "desc = Volume pvc-1 still mounted on node n2",
              5);
}

void node_side_nobody(World& world) {
  node_side(world);
  world.view.remove_pod("default", "h");
}

void secret_missing(World& world) {
  two_nodes(world, kEbs);
  put_pod(world, "h", "n1", true);
  put_pod(world, "w", "n1", false);
  world.event("w",
              "MountVolume.SetUp failed for volume \"settings\" : configmap \"settings\" not found",
              5);
}

void busy(World& world) {
  two_nodes(world, kEbs);
  put_pod(world, "w", "n1", false);
  attach_failed(world,
                "rpc error: code = Aborted desc = An operation with the given Volume ID vol-1 "
                "already exists");
}

void in_use(World& world) {
  two_nodes(world, kEbs);
  put_pod(world, "w", "n1", false);
  attach_failed(world,
                "rpc error: code = Internal desc = Could not attach volume \"vol-1\" to node "
                "\"i-1\": VolumeInUse: vol-1 is already attached to an instance, request id: 1");
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"C1", "ReplicasShareSinglePodVolume", "", replicas_here, kSeedWaiting},
      {"C2", "ReplicasSpreadAcrossNodes", "", replicas_spread, "w"},
      {"C3", "RolloutDeadlock", "", rollout, "w"},
      {"C4", "SharedByOtherWorkload", "", other_workload, "w"},
      {"C5", "HolderTerminating", "", leaving, "w"},
      {"C6", "HolderOnLostNode", "", on_lost_node, "w"},
      {"C6a", "HolderOnLostNode", "", attached_to_lost_node, "w"},
      {"C7", "StatefulSetPodOnLostNode", "", stateful_set_pod, "db-0"},
      {"C8", "DetachPending", "", moving, "w"},
      {"C9", "StaleAttachment", "", moving, "w", 400},
      {"C10", "OrphanedMount", "", leftover, "w", 60, true},
      {"C11", "HeldOutsideCluster", "", outside, "w", 60, true},
      {"C12", "TwoVolumesOneDisk", "", twins, "w"},
      {"C12a", "TwoVolumesOneDisk", "", twins_beside, "w"},
      {"C13", "ReadWriteOncePodConflict", "", one_pod, "w"},
      {"C14", "SELinuxContextConflict", "", labels, "w", 60, true},
      {"C15", "NodeSideExclusive", "", node_side, "w"},
      {"C15a", "NodeSideExclusive", "", node_side_nobody, "w", 60, true},
      {"C16", "", "NotAnRwoConflict", secret_missing, "w"},
      {"C17", "", "DriverBusy", busy, "w"},
      {"C18", "UnknownExclusive", "", in_use, "w", 60, true},
  };
  return all;
}

}  // namespace bso::test
