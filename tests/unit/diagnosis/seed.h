// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "unit/diagnosis/world.h"

namespace bso::test {

/// What the kubelet reported in the case this operator was made for: IBM Cloud, July 2019, three
/// replicas on one node, one ibmc-block volume.
inline std::string seed_message(const std::string& root = "/var/data/kubelet") {
  return "MountVolume.SetUp failed for volume \"pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07\" : mount "
         "command failed, status: Failure, reason: Error while mounting the volume "
         "&errors.errorString{s:\"RWO check has failed. DevicePath " +
         root +
         "/plugins/kubernetes.io/flexvolume/ibm/ibmc-block/mounts/"
         "pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07 is already mounted on mountpath " +
         root +
         "/pods/0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/ibm~ibmc-block/"
         "pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07 \"}";
}

inline constexpr const char* kSeedRunning = "dep3pod-blk-6d7f5b8c49-6d7bw";
inline constexpr const char* kSeedWaiting = "dep3pod-blk-6d7f5b8c49-8hhrk";
inline constexpr const char* kSeedWaitingToo = "dep3pod-blk-6d7f5b8c49-lnzht";

inline void fill_seed(World& world) {
  world.node("10.193.10.44");
  world.node("10.193.10.7");
  world.claim("blk", "pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07", "ibm/ibmc-block");
  world.deployment("dep3pod-blk", 3, {3});
  for (const auto* name : {kSeedRunning, kSeedWaiting, kSeedWaitingToo}) {
    auto pod = world.make_pod(name, "blk", "10.193.10.44", name == kSeedRunning);
    if (name == kSeedRunning) pod.uid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";
    pod.owner = World::owner("ReplicaSet", "dep3pod-blk-1");
    pod.revision = cluster::Symbol{"6d7f5b8c49"};
    world.view.upsert(pod);
  }
}

}  // namespace bso::test
