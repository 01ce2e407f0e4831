// SPDX-License-Identifier: Apache-2.0
// What an annotation keeps of events that have expired, and what a forged one can do.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "diagnosis/diagnose.h"
#include "unit/diagnosis/world.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

namespace {

constexpr const char* kHolder = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";

/// A pod that waits on n1 for a volume of a driver that refuses a second pod.
void waiting(World& world, const std::string& driver = "ibm/ibmc-block") {
  world.node("n1");
  world.node("n2");
  world.claim("data", "pvc-1", driver);
  world.view.upsert(world.make_pod("w", "data", "n1", false));
}

void put_holder(World& world, bool running = true) {
  auto holder = world.make_pod("h", "data", "n1", running);
  holder.uid = kHolder;
  world.view.upsert(holder);
}

void refuse(World& world, int seconds) {
  world.event("w",
              fmt::format("MountVolume.SetUp failed for volume \"pvc-1\" : RWO check has failed. "
                          "DevicePath /d is already mounted on mountpath /var/lib/kubelet/pods/{}/"
                          "volumes/ibm~ibmc-block/pvc-1 ",
                          kHolder),
              seconds);
}

void write_detail(World& world, const std::string& text) {
  auto pod = *world.view.pod("default", "w");
  pod.conflict = "anything";
  pod.conflict_detail = text;
  world.view.upsert(pod);
}

std::string forged(const std::string& words, const std::string& uid = "uid-default-w") {
  return fmt::format(R"({{"cause":"UnknownExclusive","podUID":"{}","text":"in use",)"
                     R"("volume":{{"name":"data"}},"words":{}}})",
                     uid, words);
}

}  // namespace

TEST_CASE("A holder that goes after a long time leaves no leftover at once") {
  World world;
  waiting(world);
  put_holder(world);
  refuse(world, 5);
  world.annotate("w", 5000);
  world.view.remove_pod("default", "h");
  const auto gone = world.look("w", 5001);
  REQUIRE(gone.verdict);
  CHECK(gone.verdict->cause == Cause::detach_pending);
  CHECK(gone.verdict->state == State::waiting);
  CHECK(gone.verdict->released == at(5001));
  CHECK_FALSE(notice(*gone.verdict, at(5001)));
  world.annotate("w", 5001);
  CHECK(world.look("w", 5100).verdict->cause == Cause::detach_pending);

  SECTION("but when it is refused again after that, it is one") {
    refuse(world, 5070);
    CHECK(world.look("w", 5070).verdict->cause == Cause::orphaned_mount);
  }
  SECTION("and when the kubelet must have tried again") {
    CHECK(world.look("w", 5151).verdict->cause == Cause::orphaned_mount);
  }
}

TEST_CASE("A detach that begins after a long time is not late at once") {
  World world;
  waiting(world, "ebs.csi.aws.com");
  world.attachment("csi-1", "pvc-1", "n2");
  world.view.upsert(world.make_pod("h", "data", "n2", true));
  world.annotate("w", 5000);
  world.view.remove_pod("default", "h");
  CHECK(world.look("w", 5001).verdict->cause == Cause::detach_pending);
  world.annotate("w", 5001);
  CHECK(world.look("w", 5360).verdict->cause == Cause::detach_pending);
  CHECK(world.look("w", 5361).verdict->cause == Cause::stale_attachment);
}

TEST_CASE("Of a holder that went in silence nothing is left to say") {
  World world;
  waiting(world);
  put_holder(world);
  refuse(world, 5);
  world.annotate("w", 60);
  const auto annotated = *world.view.pod("default", "w");
  World later;
  waiting(later);
  later.view.upsert(annotated);
  CHECK_FALSE(later.look("w", 9000).verdict);
}

TEST_CASE("Of two that wait, the one that was named stays the holder when the event has expired") {
  World world;
  waiting(world);
  put_holder(world, false);
  refuse(world, 5);
  world.annotate("w", 60);
  const auto annotated = *world.view.pod("default", "w");
  World later;
  waiting(later);
  put_holder(later, false);
  CHECK_FALSE(later.look("w", 9000).verdict);
  later.view.upsert(annotated);
  const auto found = later.look("w", 9000);
  REQUIRE(found.verdict);
  CHECK(found.verdict->holders.at(0).pod == "h");
  CHECK(found.verdict->confidence == Confidence::inferred);
}

TEST_CASE("What was refused at the attach step is over when the volume is attached here") {
  World world;
  waiting(world, "ebs.csi.aws.com");
  world.event("w",
              "AttachVolume.Attach failed for volume \"pvc-1\" : VolumeInUse: vol-1 is already "
              "attached to an instance",
              5, "FailedAttachVolume");
  world.annotate("w", 60);
  REQUIRE(world.look("w", 61).verdict);
  world.attachment("csi-1", "pvc-1", "n1");
  CHECK_FALSE(world.look("w", 62).verdict);
}

TEST_CASE("A request's number in the words does not change the annotation") {
  World world;
  waiting(world, "ebs.csi.aws.com");
  const auto fail = [&world](int seconds) {
    world.event("w",
                fmt::format("AttachVolume.Attach failed for volume \"pvc-1\" : VolumeInUse: vol-1 "
                            "is already attached to an instance, request id: {}",
                            seconds),
                seconds, "FailedAttachVolume");
  };
  fail(5);
  world.annotate("w", 60);
  const auto before = world.view.pod("default", "w")->conflict;
  fail(90);
  world.annotate("w", 90);
  CHECK(world.view.pod("default", "w")->conflict == before);
}

TEST_CASE("An annotation that was copied, damaged or forged names nobody") {
  World world;
  waiting(world);
  const auto others = GENERATE(as<std::string>{}, R"({"kind":"refused","pods":["uid-default-by"]})",
                               R"({"kind":"refused","pods":"uid"})", R"({"kind":"in use"})",
                               R"({"kind":"in use","node":"n2"})", R"({"kind":"SELinux"})",
                               R"({"kind":["x"]})", "1", "null");
  auto bystander = world.make_pod("by", "unrelated", "n1", true);
  world.view.upsert(bystander);
  write_detail(world, forged(others));
  const auto found = world.look("w", 60);
  if (found.verdict) CHECK(found.verdict->holders.empty());

  write_detail(world, forged(others, "another-uid"));
  CHECK_FALSE(world.look("w", 60).verdict);
  for (const auto* text : {"", "{", "[]", "\xff", "{\"podUID\":\"uid-default-w\"}"}) {
    write_detail(world, text);
    CHECK_FALSE(world.look("w", 60).verdict);
  }
}

TEST_CASE("What was learned explains the next pod without words, until it is disproved") {
  World world;
  waiting(world, "new.example.com");
  put_holder(world);
  CHECK_FALSE(world.look("w", 60).verdict);
  world.overrides.refused.insert({"default", "new.example.com"});
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->holders.at(0).pod == "h");
  CHECK(found.verdict->semantics.source == SemanticsSource::learned);
  world.view.upsert(world.make_pod("h2", "data", "n1", true));
  CHECK_FALSE(world.look("w", 60).verdict);
}

TEST_CASE("A claim that is bound to a deleted volume says nothing") {
  World world;
  waiting(world);
  put_holder(world);
  REQUIRE(world.look("w", 60).verdict);
  SECTION("the volume is gone") { world.view.remove_volume("pvc-1"); }
  SECTION("the volume belongs to an earlier claim of that name") {
    auto volume = *world.view.volume("pvc-1");
    volume.claim_uid = "earlier";
    world.view.upsert(volume);
  }
  CHECK_FALSE(world.look("w", 60).verdict);
}

TEST_CASE("Many held volumes are all named, within the limits") {
  World world;
  world.node("n1");
  auto pod = world.make_pod("w", "data-0", "n1", false);
  pod.volumes.clear();
  auto holder = world.make_pod("h", "data-0", "n1", true);
  holder.volumes.clear();
  constexpr int kVolumes = 40;
  for (int i = 0; i < kVolumes; ++i) {
    const auto claim = fmt::format("data-{}", i);
    world.claim(claim, "pvc-" + claim, "ibm/ibmc-block");
    cluster::PodVolume volume;
    volume.name = volume.claim = cluster::Symbol{claim};
    pod.volumes.push_back(volume);
    holder.volumes.push_back(volume);
  }
  world.view.upsert(pod);
  world.view.upsert(holder);
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->volume == "data-0");
  REQUIRE(found.verdict->more_volumes.size() == kVolumes - 1);
  CHECK(found.verdict->more_volumes[0].holders == std::vector<std::string>{"h"});
  CHECK(sentence(*found.verdict).find("too: data-1, data-2, data-3 and 36 more.") !=
        std::string::npos);
  const auto text = detail(*found.verdict);
  CHECK(text.size() <= kMaxDetail);
  const auto document = nlohmann::json::parse(text);
  REQUIRE(document["moreVolumes"].size() > 3);
  CHECK(document["moreVolumes"][0]["name"] == "data-1");
  CHECK(document["holders"].size() == 1);
  CHECK_FALSE(document["actions"].empty());
}
