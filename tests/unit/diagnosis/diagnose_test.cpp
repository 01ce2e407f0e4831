// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/diagnose.h"

#include <catch2/catch.hpp>

#include "diagnosis/sentence.h"
#include "unit/diagnosis/seed.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

TEST_CASE("The seed: three replicas, one node, one ibmc-block volume") {
  World world;
  fill_seed(world);

  SECTION("by the kubelet's message, at once") {
    const auto root = GENERATE(as<std::string>{}, "/var/data/kubelet", "/var/lib/kubelet");
    world.event(kSeedWaiting, seed_message(root), 1);
    const auto found = world.look(kSeedWaiting, 1);
    REQUIRE(found.verdict);
    const auto& verdict = *found.verdict;
    CHECK(verdict.cause == Cause::replicas_share_single_pod_volume);
    CHECK(verdict.state == State::deadlock);
    CHECK(verdict.confidence == Confidence::proven);
    REQUIRE(verdict.holders.size() == 1);
    CHECK(verdict.holders[0].pod == kSeedRunning);
    CHECK(verdict.holders[0].owner == OwnerName{"Deployment", "dep3pod-blk"});
    CHECK(verdict.since == at(0));
  }
  SECTION("by the graph alone, after the grace time") {
    CHECK_FALSE(world.look(kSeedWaiting, 9).verdict);
    CHECK(world.look(kSeedWaiting, 9).look_again == at(10));
    for (const auto* name : {kSeedWaiting, kSeedWaitingToo}) {
      const auto found = world.look(name, 10);
      REQUIRE(found.verdict);
      CHECK(found.verdict->cause == Cause::replicas_share_single_pod_volume);
      CHECK(found.verdict->confidence == Confidence::inferred);
      REQUIRE(found.verdict->holders.size() == 1);
      CHECK(found.verdict->holders[0].pod == kSeedRunning);
    }
    CHECK_FALSE(world.look(kSeedRunning, 10).verdict);
  }
  SECTION("the same verdict whenever it is asked for") {
    world.event(kSeedWaiting, seed_message(), 1);
    CHECK(*world.look(kSeedWaiting, 1).verdict == *world.look(kSeedWaiting, 100'000).verdict);
  }
  SECTION("it ends when the holder goes or the pod starts") {
    world.event(kSeedWaiting, seed_message(), 1);
    world.view.upsert(world.make_pod(kSeedWaiting, "blk", "10.193.10.44", true));
    CHECK_FALSE(world.look(kSeedWaiting, 20).verdict);
  }
}

TEST_CASE("The seed's other half: three replicas on one node of GKE") {
  World world;
  world.node("gke-1");
  world.node("gke-2");
  world.claim("blk", "pvc-1", "pd.csi.storage.gke.io");
  world.deployment("dep", 4, {4});
  for (const auto* name : {"a", "b", "c", "w"}) {
    auto pod = world.make_pod(name, "blk", "gke-1", std::string{name} != "w");
    pod.owner = World::owner("ReplicaSet", "dep-1");
    world.view.upsert(pod);
  }
  CHECK_FALSE(world.look("a", 60).verdict);
  // A fourth that waits on the same node waits for something else.
  CHECK_FALSE(world.look("w", 60).verdict);

  auto elsewhere = world.make_pod("w", "blk", "gke-2", false);
  elsewhere.owner = World::owner("ReplicaSet", "dep-1");
  world.view.upsert(elsewhere);
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::replicas_spread_across_nodes);
  CHECK(found.verdict->holders.size() == 3);
}

TEST_CASE("An unknown driver that refuses a second pod shows what it is") {
  World world;
  world.claim("data", "pvc-1", "new.example.com");
  auto holder = world.make_pod("h", "data", "n1", true);
  holder.uid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";
  world.view.upsert(holder);
  world.view.upsert(world.make_pod("w", "data", "n1", false));
  CHECK_FALSE(world.look("w", 60).verdict);
  world.event(
      "w",
      "MountVolume.SetUp failed for volume \"pvc-1\" : rpc error: code = FailedPrecondition "
      "desc = device already mounted at [/var/lib/kubelet/pods/"
      "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/kubernetes.io~csi/pvc-1/mount]",
      60);
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::shared_by_other_workload);
  CHECK(found.verdict->confidence == Confidence::proven);
  CHECK(found.verdict->semantics == Semantics{Granularity::single_pod, SemanticsSource::observed});
}

TEST_CASE("Two that wait do not hold, unless the driver names one") {
  World world;
  world.claim("data", "pvc-1", "ibm/ibmc-block");
  auto first = world.make_pod("a", "data", "n1", false);
  first.uid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";
  world.view.upsert(first);
  world.view.upsert(world.make_pod("b", "data", "n1", false));
  CHECK_FALSE(world.look("a", 60).verdict);
  CHECK_FALSE(world.look("b", 60).verdict);
  world.event(
      "b",
      "MountVolume.SetUp failed for volume \"pvc-1\" : RWO check has failed. DevicePath /d is "
      "already mounted on mountpath /var/lib/kubelet/pods/"
      "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/ibm~ibmc-block/pvc-1 ",
      61);
  REQUIRE(world.look("b", 61).verdict);
  CHECK(world.look("b", 61).verdict->holders.at(0).pod == "a");
}

TEST_CASE("A pod that pulls its image has the volume") {
  World world;
  world.claim("data", "pvc-1", "ibm/ibmc-block");
  auto pulling = world.make_pod("a", "data", "n1", false);
  pulling.waits_elsewhere = true;
  world.view.upsert(pulling);
  world.view.upsert(world.make_pod("b", "data", "n1", false));
  CHECK_FALSE(world.look("a", 60).verdict);
  REQUIRE(world.look("b", 60).verdict);
  CHECK(world.look("b", 60).verdict->holders.at(0).pod == "a");
}

TEST_CASE("Who is not stuck gets no verdict") {
  World world;
  world.claim("data", "pvc-1", "ibm/ibmc-block");
  world.view.upsert(world.make_pod("h", "data", "n1", true));
  auto pod = world.make_pod("w", "data", "n1", false);
  SECTION("running") { pod = world.make_pod("w", "data", "n1", true); }
  SECTION("completed") { pod.phase = cluster::Phase::succeeded; }
  SECTION("failed") { pod.phase = cluster::Phase::failed; }
  SECTION("being deleted") { pod.deleting = true; }
  SECTION("not placed yet") { pod.node = cluster::Symbol{}; }
  SECTION("waits for its image") { pod.waits_elsewhere = true; }
  SECTION("an init container runs") { pod.any_started = true; }
  SECTION("no such claim") { pod.volumes[0].claim = cluster::Symbol{"deleted"}; }
  SECTION("no volumes") {
    pod.volumes.clear();
    pod.conflict = "stale";
  }
  world.view.upsert(pod);
  world.event("w", "MountVolume.SetUp failed for volume \"pvc-1\" : RWO check has failed", 1);
  CHECK_FALSE(world.look("w", 60).verdict);
}

TEST_CASE("Volumes that many may mount are nobody's fault") {
  World world;
  world.claim("data", "pvc-1", "new.example.com", cluster::kReadWriteMany);
  world.view.upsert(world.make_pod("h", "data", "n2", true));
  world.view.upsert(world.make_pod("w", "data", "n1", false));
  CHECK_FALSE(world.look("w", 60).verdict);
}

TEST_CASE("ReadWriteOncePod, wherever the other pod is") {
  World world;
  world.claim("data", "pvc-1", "ebs.csi.aws.com", cluster::kReadWriteOncePod);
  world.view.upsert(world.make_pod("h", "data", GENERATE(as<std::string>{}, "n1", "n2"), true));
  world.view.upsert(world.make_pod("w", "data", "n1", false));
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::read_write_once_pod_conflict);
  CHECK(found.verdict->state == State::deadlock);
}

TEST_CASE("A pod that the scheduler places nowhere is told who has its claim") {
  World world;
  world.claim("data", "pvc-1", "ebs.csi.aws.com", cluster::kReadWriteOncePod);
  // To the scheduler a pod has it that has not mounted it yet, too.
  world.view.upsert(world.make_pod("h", "data", "n2", GENERATE(true, false)));
  auto waiting = world.make_pod("w", "data", "", false);
  waiting.scheduled = {};
  waiting.claim_refused = true;
  world.view.upsert(waiting);
  CHECK(world.view.concerned_pods().back() == "default/w");
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::read_write_once_pod_conflict);
  CHECK(found.verdict->confidence == Confidence::proven);
  REQUIRE(found.verdict->holders.size() == 1);
  CHECK(found.verdict->holders.front().pod == "h");
  const auto text = sentence(*found.verdict);
  CHECK_THAT(text, Catch::Matchers::Contains(
                       "is in use by pod h on node n2, so that this pod is placed nowhere."));

  SECTION("not when the claim is free") {
    world.view.remove_pod("default", "h");
    CHECK_FALSE(world.look("w", 60).verdict);
  }
  SECTION("nor for a claim that several may use: the words are not about this volume") {
    world.claim("data", "pvc-1", "ebs.csi.aws.com", cluster::kReadWriteOnce);
    CHECK_FALSE(world.look("w", 60).verdict);
  }
  SECTION("nor when something else keeps it from nodes") {
    waiting.claim_refused = false;
    world.view.upsert(waiting);
    CHECK_FALSE(world.look("w", 60).verdict);
  }
}

TEST_CASE("A volume held in another namespace names nobody") {
  World world;
  world.claim("data", "pv-1", "d.example.com");
  world.ns = "other";
  world.claim("twin", "pv-2", "d.example.com");
  world.view.upsert(world.make_pod("secret-name", "twin", "n2", true));
  for (const auto* name : {"pv-1", "pv-2"}) {
    auto volume = *world.view.volume(name);
    volume.handle = cluster::Symbol{"disk-1"};
    world.view.upsert(volume);
  }
  world.ns = "default";
  world.view.upsert(world.make_pod("w", "data", "n1", false));
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::two_volumes_one_disk);
  CHECK(found.verdict->holders.empty());
  CHECK(found.verdict->holders_elsewhere);
}
