// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <catch2/catch.hpp>

#include "diagnosis/outlook.h"
#include "unit/diagnosis/town.h"

using namespace bso;
using namespace bso::diagnosis;
using bso::test::kOneNode;
using bso::test::kOnePod;
using bso::test::Town;
using bso::test::World;
using Catch::Matchers::Contains;

TEST_CASE("A StatefulSet", "[outlook]") {
  Town town;
  town.stateful_set("db", 3);
  SECTION("each pod has its own claim") {
    town.claim("data-db-0", "pv-2", kOnePod);
    town.claim("data-db-1", "pv-3", kOnePod);
    town.pod("db-0", World::owner("StatefulSet", "db"), "data-db-0");
    town.pod("db-1", World::owner("StatefulSet", "db"), "data-db-1");
    CHECK_FALSE(town.ahead("data-db-0"));
    CHECK_FALSE(town.ahead("data-db-1"));
  }
  SECTION("all have one") {
    town.pod("db-0", World::owner("StatefulSet", "db"));
    const auto found = town.ahead();
    REQUIRE(found);
    CHECK(found->risk == Risk::replicas_cannot_share);
    CHECK_THAT(outlook_sentence(*found), Contains("scale statefulset/db --replicas=1"));
  }
  SECTION("with one pod it stops that before it makes the next") {
    town.stateful_set("db", 1);
    town.pod("db-0", World::owner("StatefulSet", "db"));
    CHECK_FALSE(town.ahead());
  }
}

TEST_CASE("A volume that is made for one pod of a Deployment", "[outlook]") {
  Town town;
  town.claim("web-1-abcde-scratch", "pv-2", kOnePod);
  town.deployment("web", 3, {3});
  town.pod("web-1-abcde", World::owner("ReplicaSet", "web-1"), "web-1-abcde-scratch");
  CHECK_FALSE(town.ahead("web-1-abcde-scratch"));
}

TEST_CASE("A ReplicaSet of nobody", "[outlook]") {
  Town town;
  town.view.upsert(town.workload(cluster::WorkloadKind::replica_set, "lone", 2));
  town.pod("lone-abcde", World::owner("ReplicaSet", "lone"));
  const auto found = town.ahead();
  REQUIRE(found);
  CHECK(found->owner == OwnerName{"ReplicaSet", "lone"});
}

TEST_CASE("What drivers and access modes allow", "[outlook]") {
  struct Row {
    const char* what;
    const char* driver;
    cluster::AccessModes modes;
    std::optional<Risk> expected;
  };
  using cluster::kReadWriteOnce;
  const auto row = GENERATE(values<Row>({
      {"one pod", kOnePod, kReadWriteOnce, Risk::replicas_cannot_share},
      {"ReadWriteOncePod", kOneNode, cluster::kReadWriteOncePod, Risk::replicas_cannot_share},
      {"many nodes too", kOnePod, kReadWriteOnce | cluster::kReadWriteMany, std::nullopt},
      {"readers", kOneNode, cluster::kReadOnlyMany, std::nullopt},
      {"no modes", kOneNode, 0, std::nullopt},
      {"nobody refuses", "nfs.csi.k8s.io", kReadWriteOnce, std::nullopt},
      {"a disk of one node", "topolvm.io", kReadWriteOnce, std::nullopt},
      {"a disk of one node for one pod", "local.csi.openebs.io", kReadWriteOnce,
       Risk::replicas_cannot_share},
      {"an unknown CSI driver", "x.example.com", kReadWriteOnce, Risk::replicas_need_one_node},
      {"an unknown FlexVolume", "example/x", kReadWriteOnce, std::nullopt},
  }));
  INFO(row.what);
  Town town(row.driver, row.modes);
  town.deploy("web", 2);
  CHECK(town.risk() == row.expected);
}

TEST_CASE("What was learned of another volume is not certain", "[outlook]") {
  Town town("x.example.com");
  town.deploy("web", 2);
  town.overrides.refused.emplace(town.ns, "x.example.com");
  CHECK(town.risk() == Risk::replicas_need_one_node);
}

TEST_CASE("Claims without a volume, and claims that go", "[outlook]") {
  Town town;
  town.deploy("web", 3);
  REQUIRE(town.ahead());
  CHECK_FALSE(town.ahead("no-such-claim"));
  SECTION("not bound") {
    town.view.remove_volume("pv-1");
    CHECK_FALSE(town.ahead());
  }
  SECTION("deleting") {
    auto claim = *town.view.claim(town.ns, "data");
    claim.deleting = true;
    town.view.upsert(claim);
    CHECK_FALSE(town.ahead());
  }
}

TEST_CASE("A sentence is ASCII and fits an Event", "[outlook]") {
  Outlook longest;
  longest.ns = std::string(63, 'n');
  longest.claim = std::string(253, 'c');
  longest.pv = std::string(253, 'v');
  longest.driver = "caf\xc3\xa9";
  longest.owner = {"Deployment", std::string(253, 'd')};
  longest.other = {"StatefulSet", std::string(253, 's')};
  longest.semantics = {Granularity::single_pod, SemanticsSource::override_};
  for (const auto risk :
       {Risk::replicas_cannot_share, Risk::owners_cannot_share, Risk::replicas_need_one_node,
        Risk::rollout_will_deadlock, Risk::rollout_may_deadlock}) {
    longest.risk = risk;
    const auto text = outlook_sentence(longest);
    CHECK(text.size() <= 1024);
    CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    CHECK_FALSE(reason_of(risk).empty());
  }
}
