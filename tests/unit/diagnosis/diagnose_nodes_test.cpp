// SPDX-License-Identifier: Apache-2.0
// Volumes that are somewhere else: attach, detach, lost nodes, leftovers, forged words.
#include <catch2/catch.hpp>

#include "diagnosis/diagnose.h"
#include "diagnosis/sentence.h"
#include "unit/diagnosis/seed.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

namespace {

constexpr const char* kUid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";

/// One claim, a pod that waits on n1, and nobody else.
void lonely(World& world, const std::string& driver = "ebs.csi.aws.com") {
  world.node("n1");
  world.node("n2");
  world.claim("data", "pvc-1", driver);
  world.view.upsert(world.make_pod("w", "data", "n1", false));
}

std::string refused(const std::string& uid, const std::string& volume = "pvc-1") {
  return "MountVolume.SetUp failed for volume \"pvc-1\" : mount command failed, status: Failure, "
         "reason: RWO check has failed. DevicePath /d is already mounted on mountpath "
         "/var/data/kubelet/pods/" +
         uid + "/volumes/ibm~ibmc-block/" + volume + " ";
}

}  // namespace

TEST_CASE("Multi-Attach, with and without the event that is said only once") {
  World world;
  lonely(world);
  world.view.upsert(world.make_pod("h", "data", "n2", true));
  auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::shared_by_other_workload);
  CHECK(found.verdict->confidence == Confidence::inferred);

  world.event("w", "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) h", 1,
              "FailedAttachVolume");
  found = world.look("w", 1);
  REQUIRE(found.verdict);
  CHECK(found.verdict->confidence == Confidence::proven);
  CHECK(found.verdict->holders.at(0).pod == "h");
}

TEST_CASE("A stale Multi-Attach event does not bring back a pod that has gone") {
  World world;
  lonely(world);
  world.event("w", "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) gone",
              1, "FailedAttachVolume");
  const auto early = world.look("w", 20);
  REQUIRE(early.verdict);
  CHECK(early.verdict->cause == Cause::detach_pending);
  CHECK(early.verdict->holders.empty());
  CHECK(early.look_again);
  CHECK_FALSE(world.look("w", 61).verdict);

  SECTION("another one has it meanwhile") {
    world.view.upsert(world.make_pod("h", "data", "n2", true));
    const auto found = world.look("w", 100);
    REQUIRE(found.verdict);
    CHECK(found.verdict->holders.at(0).pod == "h");
    CHECK(found.verdict->confidence == Confidence::inferred);
  }
}

TEST_CASE("A holder that has gone leaves an attachment for a while") {
  World world;
  lonely(world);
  world.attachment("csi-1", "pvc-1", "n2");
  const auto early = world.look("w", 20);
  REQUIRE(early.verdict);
  CHECK(early.verdict->cause == Cause::detach_pending);
  CHECK(early.verdict->state == State::waiting);
  CHECK(early.verdict->holder_node == "n2");
  CHECK(early.look_again == at(30));  // when it becomes worth an event
  CHECK(world.look("w", 40).look_again == at(360));

  const auto late = world.look("w", 360);
  REQUIRE(late.verdict);
  CHECK(late.verdict->cause == Cause::stale_attachment);
  CHECK(late.verdict->state == State::needs_operator);

  world.view.remove_attachment("csi-1");
  CHECK_FALSE(world.look("w", 361).verdict);
}

TEST_CASE("An attachment to a node that no longer exists is stale at once") {
  World world;
  lonely(world);
  world.attachment("csi-1", "pvc-1", "n-removed");
  REQUIRE(world.look("w", 20).verdict);
  CHECK(world.look("w", 20).verdict->cause == Cause::stale_attachment);
}

TEST_CASE("The waiting pod's own attachment is not in its way") {
  World world;
  lonely(world);
  world.attachment("csi-1", "pvc-1", "n1");
  CHECK_FALSE(world.look("w", 60).verdict);
}

TEST_CASE("A pod that starts where the volume is attached is the reason") {
  World world;
  lonely(world);
  world.attachment("csi-1", "pvc-1", "n2");
  world.view.upsert(world.make_pod("starting", "data", "n2", false));
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->holders.at(0).pod == "starting");
  CHECK_FALSE(world.look("starting", 60).verdict);
}

TEST_CASE("An attachable FlexVolume has no attachment object, only the node's list") {
  World world;
  lonely(world, "ibm/ibmc-block");
  cluster::Node node;
  node.name = "n2";
  node.readiness = cluster::Readiness::ready;
  node.volumes_attached.emplace_back("ibm/ibmc-block/pvc-1");
  world.view.upsert(node);
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::detach_pending);
  CHECK(found.verdict->holder_node == "n2");
}

TEST_CASE("A holder that is being deleted") {
  World world;
  lonely(world);
  auto holder = world.make_pod("h", "data", "n2", true);
  holder.deleting = true;
  holder.deletion = at(30);
  world.view.upsert(holder);
  const auto early = world.look("w", 40);
  REQUIRE(early.verdict);
  CHECK(early.verdict->cause == Cause::holder_terminating);
  CHECK(early.verdict->self_healing());
  CHECK(early.look_again == at(90));
  const auto late = world.look("w", 90);
  REQUIRE(late.verdict);
  CHECK(late.verdict->overdue);
  CHECK(late.verdict->state == State::needs_operator);

  world.node("n2", cluster::Readiness::silent);
  const auto lost = world.look("w", 40);
  REQUIRE(lost.verdict);
  CHECK(lost.verdict->cause == Cause::holder_on_lost_node);

  world.node("n2", cluster::Readiness::not_ready);  // its kubelet still speaks
  CHECK(world.look("w", 40).verdict->cause == Cause::holder_terminating);
}

TEST_CASE("A finished pod is not a holder") {
  World world;
  lonely(world, "ibm/ibmc-block");
  auto job = world.make_pod("job", "data", "n1", true);
  job.phase = cluster::Phase::succeeded;
  job.any_running = false;
  world.view.upsert(job);
  CHECK_FALSE(world.look("w", 60).verdict);
}

TEST_CASE("A directory of a pod that no longer exists") {
  World world;
  lonely(world, "ibm/ibmc-block");
  world.event("w", refused(kUid), 5);
  const auto early = world.look("w", 5);
  REQUIRE(early.verdict);
  CHECK(early.verdict->cause == Cause::detach_pending);
  CHECK(early.look_again == at(30));
  const auto late = world.look("w", 60);
  REQUIRE(late.verdict);
  CHECK(late.verdict->cause == Cause::orphaned_mount);
  CHECK(late.verdict->vanished_uid == kUid);
  CHECK(late.verdict->holders.empty());
  // A kubelet that still tries to unmount it logs the failures, and 'Orphaned pod' only when it has
  // forgotten of it (kubelet_volumes.go: cleanupOrphanedPodDirs); either line has the UID.
  CHECK_THAT(sentence(*late.verdict),
             Catch::Matchers::Contains("look for that UID in the kubelet's log there "
                                       "('UnmountVolume.TearDown failed' or 'Orphaned pod')"));

  SECTION("but a pod that runs on the node explains more") {
    world.view.upsert(world.make_pod("h", "data", "n1", true));
    const auto found = world.look("w", 60);
    REQUIRE(found.verdict);
    CHECK(found.verdict->cause == Cause::shared_by_other_workload);
    CHECK(found.verdict->holders.at(0).pod == "h");
  }
  SECTION("a static pod is known by its configuration") {
    auto pod = world.make_pod("static", "data", "n1", true);
    pod.config_hash = cluster::Symbol{"0123456789abcdef0123456789abcdef"};
    world.view.upsert(pod);
    world.event("w", refused("0123456789abcdef0123456789abcdef"), 50);
    const auto found = world.look("w", 60);
    REQUIRE(found.verdict);
    CHECK(found.verdict->holders.at(0).pod == "static");
    CHECK(found.verdict->confidence == Confidence::proven);
  }
}

TEST_CASE("Forged or mistaken words name nobody") {
  World world;
  lonely(world, "ibm/ibmc-block");
  auto bystander = world.make_pod("bystander", "unrelated", "n1", true);
  bystander.uid = kUid;

  SECTION("a pod that does not use the disk") {
    world.view.upsert(bystander);
    world.event("w", refused(kUid), 5);
  }
  SECTION("a pod on another node") {
    auto other = world.make_pod("other", "data", "n2", false);
    other.uid = kUid;
    world.view.upsert(other);
    world.event("w", refused(kUid), 5);
  }
  SECTION("a directory of another volume") { world.event("w", refused(kUid, "pvc-2"), 5); }
  SECTION("no UID at all") { world.event("w", refused("../../../etc"), 5); }
  const auto found = world.look("w", 100);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::unknown_exclusive);
  CHECK(found.verdict->state == State::unknown);
  CHECK(found.verdict->holders.empty());
  CHECK(found.verdict->vanished_uid.empty());
}

TEST_CASE("Words that are not for this pod, or not from who should know") {
  World world;
  lonely(world, "ibm/ibmc-block");
  SECTION("an earlier pod of the same name") {
    world.event("w", refused(kUid), 5, "FailedMount", "uid-of-an-earlier-pod");
  }
  SECTION("another volume") {
    world.event("w", "MountVolume.SetUp failed for volume \"pvc-2\" : is already mounted", 5);
  }
  SECTION("somebody else's event") {
    cluster::EventHint hint;
    hint.kind = cluster::Symbol{"Pod"};
    hint.ns = cluster::Symbol{"default"};
    hint.pod_uid = "uid-default-w";
    hint.reason = cluster::Symbol{"FailedMount"};
    hint.component = cluster::Symbol{"prankster"};
    hint.message = refused(kUid);
    hint.last = at(5);
    world.view.add(hint);
  }
  SECTION("only its own directory") {
    auto pod = world.make_pod("w", "data", "n1", false);
    pod.uid = kUid;
    world.view.upsert(pod);
    world.event("w", refused(kUid), 5, "FailedMount", kUid);
    // Nor is the pod another one than itself when the caller has a copy of it.
    const auto copy = *world.view.pod(world.ns, "w");
    CHECK_FALSE(diagnosis::diagnose(world.view, copy, at(100)).verdict);
  }
  CHECK_FALSE(world.look("w", 100).verdict);
}

TEST_CASE("A driver that hides the holder gets an honest answer, for an hour") {
  World world;
  lonely(world);
  world.event("w",
              "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal desc = "
              "Could not attach volume \"vol-1\" to node \"i-1\": VolumeInUse: vol-1 is already "
              "attached to an instance",
              5, "FailedAttachVolume");
  const auto found = world.look("w", 5);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::unknown_exclusive);
  CHECK(found.verdict->confidence == Confidence::guess);
  CHECK(found.look_again == at(3605));
  CHECK_FALSE(world.look("w", 3605).verdict);
}

TEST_CASE("A driver that names a node where nobody is") {
  World world;
  lonely(world, "ibm/ibmc-block");
  world.event(
      "w",
      "MountVolume.SetUp failed for volume \"pvc-1\" : mount command failed, status: Failure, "
      "reason: Error: PV pvc-1 is already attached to another node n2.",
      5);
  const auto early = world.look("w", 60);
  REQUIRE(early.verdict);
  CHECK(early.verdict->cause == Cause::detach_pending);
  CHECK(early.verdict->holder_node == "n2");
  REQUIRE(world.look("w", 400).verdict);
  CHECK(world.look("w", 400).verdict->cause == Cause::stale_attachment);

  world.node("another");  // a word of the text, and now also a node
  CHECK(world.look("w", 60).verdict->holder_node == "n2");
}

TEST_CASE("A driver that names the node makes the holder on it proven") {
  World world;
  lonely(world, "driver.longhorn.io");
  world.view.upsert(world.make_pod("h", "data", "n2", true));
  world.event(
      "w",
      "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = FailedPrecondition "
      "desc = The volume pvc-1 cannot be attached to the node n1 since it is already attached "
      "to the node n2",
      5, "FailedAttachVolume");
  const auto found = world.look("w", 5);
  REQUIRE(found.verdict);
  CHECK(found.verdict->confidence == Confidence::proven);
}
