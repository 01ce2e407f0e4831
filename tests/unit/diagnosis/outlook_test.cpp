// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/outlook.h"

#include <catch2/catch.hpp>

#include "unit/diagnosis/town.h"

using namespace bso;
using namespace bso::diagnosis;
using bso::test::kOneNode;
using bso::test::kOnePod;
using bso::test::Town;
using bso::test::World;
using Catch::Matchers::Contains;

TEST_CASE("Replicas that cannot share a volume of one pod", "[outlook]") {
  Town town;
  town.deploy("web", 3);
  const auto found = town.ahead();
  REQUIRE(found);
  CHECK(found->risk == Risk::replicas_cannot_share);
  CHECK(found->owner == OwnerName{"Deployment", "web"});
  CHECK(found->owner_uid == "uid-web");
  CHECK(found->claim_uid == "claim-data");
  CHECK(found->pv == "pv-1");
  CHECK(found->driver == kOnePod);
  CHECK(found->replicas == 3);
  CHECK(outlook_sentence(*found) ==
        "Volume \"pv-1\" (PVC default/data) is one for all 3 replicas of deployment web. Driver "
        "ibm/ibmc-block lets only ONE POD use a volume, even on one node. One of them can run, the "
        "others wait for it. Run: kubectl -n default scale deployment/web --replicas=1 - or give "
        "each replica its own PVC (StatefulSet with volumeClaimTemplates).");

  SECTION("how far the pods have come makes no difference") {
    town.change_pod("web-1-abcde", [](cluster::Pod& pod) {
      pod.node = cluster::Symbol{"n1"};
      pod.phase = cluster::Phase::running;
      pod.any_running = pod.any_started = pod.ready = true;
    });
    town.pod("web-1-fghij", World::owner("ReplicaSet", "web-1"));
    CHECK(town.ahead() == found);
  }
  SECTION("scaled down to one, the next rollout is what is left") {
    town.change("web", [](cluster::Workload& web) { web.replicas = 1; });
    CHECK(town.risk() == Risk::rollout_will_deadlock);
    town.change("web", [](cluster::Workload& web) { web.recreate = true; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("scaled to none") {
    town.change("web", [](cluster::Workload& web) { web.replicas = 0; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("the pods are about to go") {
    town.change_pod("web-1-abcde", [](cluster::Pod& pod) { pod.deleting = true; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("the pods have ended") {
    town.change_pod("web-1-abcde", [](cluster::Pod& pod) { pod.phase = cluster::Phase::failed; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("kept on one node is not enough here") {
    town.change_pod("web-1-abcde", [](cluster::Pod& pod) { pod.tied_to_node = true; });
    CHECK(town.risk() == Risk::replicas_cannot_share);
  }
  SECTION("an administrator knows better") {
    town.overrides.by_driver[kOnePod] = Granularity::not_exclusive;
    CHECK_FALSE(town.ahead());
    town.overrides.by_driver[kOnePod] = Granularity::single_node;
    CHECK(town.risk() == Risk::replicas_need_one_node);
  }
  SECTION("the Deployment is not seen yet") {
    town.view.remove_workload(cluster::WorkloadKind::deployment, town.ns, "web");
    CHECK_FALSE(town.ahead());
  }
}

TEST_CASE("Replicas that have to be on one node", "[outlook]") {
  Town town(kOneNode);
  town.deploy("web", 2);
  const auto found = town.ahead();
  REQUIRE(found);
  CHECK(found->risk == Risk::replicas_need_one_node);
  const auto said = outlook_sentence(*found);
  CHECK_THAT(said, Contains("ONE NODE") && Contains("placed on another node") &&
                       Contains("scale deployment/web --replicas=1") && Contains("podAffinity"));
  SECTION("they are") {
    town.change_pod("web-1-abcde", [](cluster::Pod& pod) { pod.tied_to_node = true; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("an administrator knows better") {
    town.overrides.by_driver[kOneNode] = Granularity::single_pod;
    CHECK(town.risk() == Risk::replicas_cannot_share);
  }
  SECTION("a CSIDriver object says that nothing is attached") {
    town.overrides.attach_required[kOneNode] = false;
    CHECK_FALSE(town.ahead());
  }
}

TEST_CASE("A rollout that will deadlock", "[outlook]") {
  Town town;
  town.deploy("web", 1);
  const auto found = town.ahead();
  REQUIRE(found);
  CHECK(found->risk == Risk::rollout_will_deadlock);
  CHECK(
      outlook_sentence(*found) ==
      "Volume \"pv-1\" (PVC default/data) is used by deployment web, whose strategy RollingUpdate "
      "keeps the old pod until the new one is Ready. Driver ibm/ibmc-block lets only ONE POD use "
      "a volume, even on one node. The next rollout will deadlock: the new pod waits for the "
      "volume, the old one for the new pod. Run: kubectl -n default patch deployment/web -p "
      "'{\"spec\":{\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":null}}}' (each rollout "
      "then stops the old pod before it starts the new one; the command itself restarts "
      "nothing).");

  SECTION("in the middle of one it is still so") {
    auto second = town.workload(cluster::WorkloadKind::replica_set, "web-2", 1,
                                World::owner("Deployment", "web"));
    second.revision = 2;
    town.view.upsert(second);
    CHECK(town.ahead() == found);
    town.pod("web-2-abcde", World::owner("ReplicaSet", "web-2"));
    CHECK(town.ahead() == found);
    town.view.remove_pod(town.ns, "web-1-abcde");
    CHECK(town.ahead() == found);
  }
  SECTION("the old pod may be stopped first") {
    town.change("web", [](cluster::Workload& web) { web.max_unavailable = {1, false}; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("no pod beside the old one") {
    town.change("web", [](cluster::Workload& web) { web.max_surge = {0, false}; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("Recreate") {
    town.change("web", [](cluster::Workload& web) { web.recreate = true; });
    CHECK_FALSE(town.ahead());
  }
}

TEST_CASE("A rollout that deadlocks on another node", "[outlook]") {
  Town town(kOneNode);
  town.deploy("web", 1);
  const auto found = town.ahead();
  REQUIRE(found);
  CHECK(found->risk == Risk::rollout_may_deadlock);
  CHECK_THAT(outlook_sentence(*found),
             Contains("A rollout whose new pod is placed on another node will deadlock") &&
                 Contains("Recreate"));
  SECTION("it stays on its node") {
    town.change_pod("web-1-abcde", [](cluster::Pod& pod) { pod.tied_to_node = true; });
    CHECK_FALSE(town.ahead());
  }
}

TEST_CASE("Several workloads on a volume of one pod", "[outlook]") {
  Town town;
  town.deploy("web", 1);
  town.change("web", [](cluster::Workload& web) { web.recreate = true; });
  REQUIRE_FALSE(town.ahead());

  SECTION("with a Job, whatever it is called this time") {
    town.pod("backup-1-abcde", World::owner("Job", "backup-1"));
    const auto found = town.ahead();
    REQUIRE(found);
    CHECK(found->risk == Risk::owners_cannot_share);
    CHECK(found->owner == OwnerName{"Deployment", "web"});
    CHECK_THAT(outlook_sentence(*found), Contains("pods of deployment web and also for a job."));
    town.view.remove_pod(town.ns, "backup-1-abcde");
    CHECK_FALSE(town.ahead());
    town.pod("backup-2-abcde", World::owner("Job", "backup-2"));
    CHECK(town.ahead() == found);
    town.change_pod("backup-2-abcde",
                    [](cluster::Pod& pod) { pod.phase = cluster::Phase::succeeded; });
    CHECK_FALSE(town.ahead());
  }
  SECTION("with a bare pod") {
    town.pod("debug", {});
    const auto found = town.ahead();
    REQUIRE(found);
    CHECK(found->other == OwnerName{"Pod", "debug"});
    CHECK_THAT(outlook_sentence(*found), Contains("and also for pod debug."));
    town.overrides.by_driver[kOnePod] = Granularity::single_node;
    CHECK_FALSE(town.ahead());  // they may come to one node
  }
  SECTION("with another Deployment") {
    town.deploy("api", 1);
    const auto found = town.ahead();
    REQUIRE(found);
    CHECK(found->owner == OwnerName{"Deployment", "api"});
    CHECK(found->other == OwnerName{"Deployment", "web"});
    town.change("web", [](cluster::Workload& web) { web.replicas = 0; });
    CHECK(town.risk() == Risk::rollout_will_deadlock);
  }
  SECTION("those that end take turns") {
    town.view.remove_pod(town.ns, "web-1-abcde");
    town.pod("backup-1-abcde", World::owner("Job", "backup-1"));
    town.pod("debug", {});
    CHECK_FALSE(town.ahead());
  }
}
