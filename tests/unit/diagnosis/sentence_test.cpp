// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/sentence.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/diagnosis/seed.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

namespace {

Verdict seed_verdict() {
  World world;
  fill_seed(world);
  world.event(kSeedWaiting, seed_message(), 1);
  return world.look(kSeedWaiting, 1).verdict.value();
}

/// One verdict of every cause, with names of a usual length.
std::vector<Verdict> one_of_each() {
  std::vector<Verdict> all;
  for (int cause = 0; cause <= static_cast<int>(Cause::unknown_exclusive); ++cause) {
    Verdict v;
    v.cause = static_cast<Cause>(cause);
    v.state = State::deadlock;
    v.since = at(0);
    v.ns = "shop";
    v.pod = "web-7c579947df-vvb47";
    v.node = "worker-3";
    v.owner = {"Deployment", "web"};
    v.volume = "data";
    v.claim = "data-web";
    v.pv = "pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07";
    v.driver = "ebs.csi.aws.com";
    v.semantics = {Granularity::single_node, SemanticsSource::built_in_table};
    Holder holder;
    holder.pod = "web-7c579947df-hrcc7";
    holder.uid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";
    holder.node = "worker-1";
    holder.owner = v.owner;
    holder.phase = "Running";
    switch (v.cause) {
      case Cause::replicas_share_single_pod_volume:
        v.semantics.granularity = Granularity::single_pod;
        holder.node = v.node;
        break;
      case Cause::shared_by_other_workload:
        holder.owner = holder.controller = {"Job", "backup"};
        v.state = State::waiting;
        break;
      case Cause::read_write_once_pod_conflict:
        v.semantics = {Granularity::single_pod, SemanticsSource::access_mode};
        break;
      case Cause::stateful_set_pod_on_lost_node:
      case Cause::holder_on_lost_node:
        v.holder_node = "worker-1";
        break;
      case Cause::stale_attachment:
        v.attachment = "csi-3f9a";
        v.text = "rpc error: cannot detach\n\xff";
        v.holder_node = "worker-1";
        break;
      case Cause::detach_pending:
        v.holder_node = "worker-1";
        break;
      case Cause::orphaned_mount:
        v.holder_node = v.node;
        v.vanished_uid = holder.uid;
        break;
      case Cause::held_outside_cluster:
        v.words.machine = "projects/p/zones/z/instances/old-vm";
        break;
      case Cause::unknown_exclusive:
        v.text = "vol-1 is already attached to an instance";
        break;
      default:
        break;
    }
    const bool nobody = v.cause == Cause::stale_attachment || v.cause == Cause::detach_pending ||
                        v.cause == Cause::orphaned_mount || v.cause == Cause::unknown_exclusive ||
                        v.cause == Cause::two_volumes_one_disk ||
                        v.cause == Cause::held_outside_cluster;
    if (!nobody) v.holders.push_back(holder);
    all.push_back(v);
  }
  return all;
}

}  // namespace

TEST_CASE("The seed in one sentence") {
  const auto text = sentence(seed_verdict());
  CHECK(
      text ==
      "Volume \"data\" (PVC default/blk) is in use by pod dep3pod-blk-6d7f5b8c49-6d7bw on this "
      "same "
      "node 10.193.10.44. Driver ibm/ibmc-block lets only ONE POD use a volume, even on one node. "
      "This will not clear by itself. Run: kubectl -n default scale deployment/dep3pod-blk "
      "--replicas=1 - or give each replica its own PVC (StatefulSet with volumeClaimTemplates).");
  CHECK(text.size() <= 400);
}

TEST_CASE("The seed for programs") {
  const auto text = detail(seed_verdict());
  CHECK(text == detail(seed_verdict()));
  const auto document = nlohmann::json::parse(text);
  CHECK(document["v"] == 1);
  CHECK(document["cause"] == "ReplicasShareSinglePodVolume");
  CHECK(document["state"] == "Deadlock");
  CHECK(document["confidence"] == "Proven");
  CHECK(document["since"] == "2026-05-04T03:12:09Z");
  CHECK(document["selfHealing"] == false);
  CHECK(document["volume"]["claim"] == "default/blk");
  CHECK(document["volume"]["driver"] == "ibm/ibmc-block");
  CHECK(document["volume"]["semantics"] == "SinglePod");
  CHECK(document["volume"]["semanticsFrom"] == "built-in table");
  REQUIRE(document["holders"].size() == 1);
  CHECK(document["holders"][0]["pod"] == kSeedRunning);
  CHECK(document["holders"][0]["uid"] == "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af");
  CHECK(document["holders"][0]["owner"] == "Deployment/dep3pod-blk");
  CHECK(document["holders"][0]["revision"] == "6d7f5b8c49");
  CHECK(document["actions"][0] == "kubectl -n default scale deployment/dep3pod-blk --replicas=1");
}

TEST_CASE("Every cause has a sentence that a terminal can show") {
  for (const auto& verdict : one_of_each()) {
    const auto text = sentence(verdict);
    INFO(to_string(verdict.cause) << " (" << text.size() << "): " << text);  // shown by -s
    CHECK(text.size() <= 520);
    CHECK(text.find("data") != std::string::npos);
    CHECK(text == printable(text, text.size()));
    CHECK(text.find("  ") == std::string::npos);
    CHECK(detail(verdict).size() <= kMaxDetail);
    // What an earlier operator wrote from a document is the same text.
    CHECK(detail(verdict) == nlohmann::json::parse(detail(verdict)).dump(-1, ' ', true));
    const auto event = notice(verdict, at(3600));
    REQUIRE(event);
    CHECK(event->note.size() <= 1024);
    CHECK_FALSE(event->reason.empty());
  }
}

TEST_CASE("Advice that can cost data says so") {
  for (const auto& verdict : one_of_each()) {
    const auto text = sentence(verdict);
    for (const char* dangerous : {"out-of-service", "force", "by hand"}) {
      if (text.find(dangerous) == std::string::npos) continue;
      INFO(text);
      CHECK(text.find("corrupt") != std::string::npos);
    }
  }
}

TEST_CASE("Names as long as Kubernetes allows stay within the limits") {
  auto verdict = seed_verdict();
  verdict.ns = std::string(63, 'n');
  verdict.volume = std::string(63, 'v');
  verdict.claim = verdict.pod = verdict.pv = verdict.owner.name = std::string(253, 'c');
  verdict.holders[0].pod = verdict.holders[0].node = std::string(253, 'h');
  while (verdict.holders.size() < 50) verdict.holders.push_back(verdict.holders[0]);
  while (verdict.evidence.size() < 50) verdict.evidence.emplace_back(300, 'e');
  CHECK(detail(verdict).size() <= kMaxDetail);
  CHECK(nlohmann::json::parse(detail(verdict))["cause"] == "ReplicasShareSinglePodVolume");
  CHECK(notice(verdict, at(1))->note.size() == 1024);
}

TEST_CASE("Events: at once for what stays, later for what heals, none for a guess") {
  auto verdict = seed_verdict();
  auto event = notice(verdict, at(1));
  REQUIRE(event);
  CHECK(event->warning);
  CHECK(event->reason == "VolumeHeldByOtherPod");
  CHECK(event->related_pod == kSeedRunning);
  CHECK(event->note == sentence(verdict));

  verdict.state = State::waiting;
  CHECK_FALSE(notice(verdict, at(29)));
  event = notice(verdict, at(30));
  REQUIRE(event);
  CHECK_FALSE(event->warning);
  CHECK(event->reason == "VolumeReleasePending");

  verdict.state = State::unknown;
  CHECK_FALSE(notice(verdict, at(3600)));

  verdict.state = State::needs_operator;
  verdict.cause = Cause::orphaned_mount;
  CHECK(notice(verdict, at(1))->reason == "VolumeMountOrphaned");
  verdict.cause = Cause::stale_attachment;
  CHECK(notice(verdict, at(1))->reason == "VolumeAttachmentStale");
  CHECK(resolved_notice().reason == "VolumeBlockResolved");
}

TEST_CASE("Drivers' words are made printable") {
  CHECK(printable(std::string_view{"a\0b\n\xff", 5}, 10) == "a?b??");
  CHECK(printable("abcdefgh", 5) == "ab...");
  CHECK(printable("abcde", 5) == "abcde");
  CHECK(printable("", 5).empty());
}

TEST_CASE("The detail is bounded whatever the texts are") {
  const auto fill = GENERATE(as<std::string>{}, "\xff", "\"", "\xc3\xa9");
  for (auto verdict : one_of_each()) {
    for (auto* text : {&verdict.ns, &verdict.claim, &verdict.pv, &verdict.driver, &verdict.volume,
                       &verdict.holder_node, &verdict.attachment, &verdict.vanished_uid}) {
      text->clear();
      for (int i = 0; i < 1000; ++i) *text += fill;
    }
    const auto text = detail(verdict);
    CHECK(text.size() <= kMaxDetail);
    CHECK(nlohmann::json::parse(text)["volume"].contains("driver"));
  }
}
