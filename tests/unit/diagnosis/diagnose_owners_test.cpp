// SPDX-License-Identifier: Apache-2.0
// The cause depends on whose the two pods are.
#include <catch2/catch.hpp>

#include "diagnosis/diagnose.h"
#include "diagnosis/remedy.h"
#include "unit/diagnosis/world.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

namespace {

void put(World& world, const char* name, const char* node, bool running, cluster::Owner owner) {
  auto pod = world.make_pod(name, "data", node, running);
  pod.owner = std::move(owner);
  world.view.upsert(pod);
}

/// A rollout from revision 1 to 2; the old pod runs on n1, the new one waits on `node`.
void rollout(World& world, const char* node, const std::string& driver) {
  world.claim("data", "pvc-1", driver);
  world.deployment("grafana", 1, {1, 1});
  put(world, "old", "n1", true, World::owner("ReplicaSet", "grafana-1"));
  put(world, "new", node, false, World::owner("ReplicaSet", "grafana-2"));
}

std::string first_command(const Verdict& verdict) {
  const auto remedy = remedy_for(verdict);
  return remedy.commands.empty() ? "" : remedy.commands.front();
}

}  // namespace

TEST_CASE("A rollout of one replica locks itself up") {
  World world;
  SECTION("on another node") { rollout(world, "n2", "ebs.csi.aws.com"); }
  SECTION("on the same node, one pod only") { rollout(world, "n1", "ibm/ibmc-block"); }
  const auto found = world.look("new", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::rollout_deadlock);
  CHECK(found.verdict->state == State::deadlock);
  CHECK(first_command(*found.verdict) ==
        R"(kubectl -n default patch deployment/grafana -p )"
        R"('{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}')");
}

TEST_CASE("A rollout that resolves itself is no deadlock") {
  World world;
  rollout(world, "n2", "ebs.csi.aws.com");
  auto deployment = *world.view.workload(cluster::WorkloadKind::deployment, "default", "grafana");
  SECTION("Recreate") { deployment.recreate = true; }
  SECTION("one may be unavailable") { deployment.max_unavailable = {1, false}; }
  SECTION("no surge") {
    deployment.max_surge = {0, false};
    deployment.max_unavailable = {0, false};
  }
  world.view.upsert(deployment);
  const auto found = world.look("new", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::rollout_in_progress);
  CHECK(found.verdict->self_healing());
}

TEST_CASE("When it is the old pod that waits, the rollout takes it away") {
  World world;
  rollout(world, "n2", "ebs.csi.aws.com");
  put(world, "old", "n1", false, World::owner("ReplicaSet", "grafana-1"));
  put(world, "new", "n2", true, World::owner("ReplicaSet", "grafana-2"));
  REQUIRE(world.look("old", 60).verdict);
  CHECK(world.look("old", 60).verdict->cause == Cause::rollout_in_progress);
}

TEST_CASE("Replicas of the old revision are plain replicas") {
  World world;
  rollout(world, "n1", "ibm/ibmc-block");
  put(world, "old-too", "n1", false, World::owner("ReplicaSet", "grafana-1"));
  REQUIRE(world.look("old-too", 60).verdict);
  CHECK(world.look("old-too", 60).verdict->cause == Cause::replicas_share_single_pod_volume);
}

TEST_CASE("The command fits the owner") {
  struct Row {
    const char* kind;
    const char* name;
    const char* command;
  };
  const auto row = GENERATE(values<Row>({
      {"StatefulSet", "db", "kubectl -n default scale statefulset/db --replicas=1"},
      {"ReplicaSet", "rs", "kubectl -n default scale replicaset/rs --replicas=1"},
      {"DaemonSet", "ds", ""},
      {"Job", "batch", "kubectl -n default wait --for=condition=complete job/batch --timeout=1h"},
      {"Rollout", "argo", ""},
  }));
  INFO(row.kind);
  World world;
  world.claim("data", "pvc-1", "ebs.csi.aws.com");
  put(world, "h", "n1", true, World::owner(row.kind, row.name));
  put(world, "w", "n2", false, World::owner(row.kind, row.name));
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::replicas_spread_across_nodes);
  CHECK(first_command(*found.verdict) == row.command);
}

TEST_CASE("Another workload has it") {
  struct Row {
    const char* kind;
    const char* name;
    State state;
    const char* command;
  };
  const auto row = GENERATE(values<Row>({
      {"Job", "backup", State::waiting,
       "kubectl -n default wait --for=condition=complete job/backup --timeout=1h"},
      {"StatefulSet", "db", State::deadlock,
       "kubectl -n default scale statefulset/db --replicas=0"},
      {"", "", State::deadlock, "kubectl -n default delete pod h"},
  }));
  INFO(row.kind);
  World world;
  world.claim("data", "pvc-1", "ebs.csi.aws.com");
  put(world, "h", "n1", true,
      *row.kind == '\0' ? cluster::Owner{} : World::owner(row.kind, row.name));
  put(world, "w", "n2", false, World::owner("ReplicaSet", "web-1"));
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->cause == Cause::shared_by_other_workload);
  CHECK(found.verdict->state == row.state);
  CHECK(first_command(*found.verdict) == row.command);
}

TEST_CASE("Owners that go in circles do not stop the answer") {
  World world;
  world.claim("data", "pvc-1", "ebs.csi.aws.com");
  world.view.upsert(
      world.workload(cluster::WorkloadKind::replica_set, "a", 1, World::owner("Deployment", "b")));
  world.view.upsert(
      world.workload(cluster::WorkloadKind::deployment, "b", 1, World::owner("ReplicaSet", "a")));
  put(world, "h", "n1", true, World::owner("ReplicaSet", "a"));
  put(world, "w", "n2", false, World::owner("ReplicaSet", "a"));
  REQUIRE(world.look("w", 60).verdict);
  CHECK(world.look("w", 60).verdict->cause == Cause::replicas_spread_across_nodes);
}

TEST_CASE("The worst of two volumes comes first") {
  World world;
  world.claim("moving", "pvc-1", "ebs.csi.aws.com");
  world.claim("held", "pvc-2", "ebs.csi.aws.com");
  world.attachment("csi-1", "pvc-1", "n2");
  world.view.upsert(world.make_pod("h", "held", "n2", true));
  auto pod = world.make_pod("w", "moving", "n1", false);
  auto second = pod.volumes[0];
  second.name = cluster::Symbol{"second"};
  second.claim = cluster::Symbol{"held"};
  pod.volumes.push_back(second);
  world.view.upsert(pod);
  const auto found = world.look("w", 60);
  REQUIRE(found.verdict);
  CHECK(found.verdict->claim == "held");
  REQUIRE(found.verdict->more_volumes.size() == 1);
}
