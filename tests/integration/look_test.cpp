// SPDX-License-Identifier: Apache-2.0
// kubectl blockstorage why and graph against the real API server, without any operator.
#include <catch2/catch.hpp>

#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

Finished look(Arguments words, std::string standard_input = {}) {
  Process::Options options;
  options.argv = {BSO_KUBECTL_PLUGIN};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  options.standard_input = std::move(standard_input);
  options.environment["KUBECONFIG"] = world().plane.kubeconfig();
  auto finished = run(std::move(options), 60s);
  UNSCOPED_INFO(finished.status.text() << "\n" << finished.output << finished.errors);
  return finished;
}

/// Three replicas on one node, of which one has the volume.
struct SharedVolume {
  Scene scene{"look"};
  std::string node = scene.add_node("10.193.10.44");
  std::string volume = scene.add_flex_claim("blk");
  ScenePod holder;
  ScenePod waiting;

  SharedVolume() {
    scene.add_rollout({.deployment = "dep", .hash = "1", .replicas = 3});
    holder = add("holder", true);
    waiting = add("waiting", false);
    scene.add_mount_refused(waiting, node, volume, holder.uid);
  }
  ScenePod add(const std::string& name, bool running) {
    return scene.add_pod(
        {.name = name, .node = node, .claim = "blk", .replica_set = "dep-1", .running = running});
  }
};

void check_conflict(const Finished& finished, const SharedVolume& stage) {
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains(stage.scene.ns() + "/waiting  Deadlock") &&
                                  Contains("in use by pod holder") && Contains("(Proven)"));
}

}  // namespace

TEST_CASE("kubectl blockstorage why explains a stuck pod without the operator",
          "[own][kubectl-plugin][look]") {
  SharedVolume stage;
  const auto ns = stage.scene.ns();
  auto finished = look({"why", "-n", ns});
  check_conflict(finished, stage);
  CHECK(finished.errors.empty());
  CHECK_THAT(finished.output, Contains("kubectl -n " + ns + " scale deployment/dep --replicas=1") &&
                                  Contains("1 of 2 pods in namespace " + ns));
  check_conflict(look({"why", ns + "/waiting"}), stage);
  check_conflict(look({"why", "-A"}), stage);

  finished = look({"why", "holder", "-n", ns});
  CHECK(finished.status.code == 0);
  CHECK_THAT(finished.output, Contains("not blocked\n  It runs"));
  finished = look({"why", "nobody", "-n", ns});
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("There is no pod nobody"));

  finished = look({"graph", "-n", ns});
  CHECK(finished.status.code == 0);
  CHECK_THAT(finished.output,
             Contains("holds      " + ns + "/holder  Deployment/dep\n") &&
                 Contains("blocked    " + ns + "/waiting  Deployment/dep  ReplicasShare"));
  CHECK(look({"__complete", "why", "-n", ns, "ho"}).output == "holder\n:4\n");
}

TEST_CASE("A dump tells what the cluster tells", "[own][kubectl-plugin][look]") {
  SharedVolume stage;
  const auto ns = stage.scene.ns();
  const auto live = Json::parse(look({"why", "-n", ns, "-o", "json"}).output);
  for (const std::string form : {"json", "yaml"}) {
    const auto dump = world().kubectl.run(
        {"get", "pods,pvc,pv,volumeattachments,nodes,deployments,replicasets,statefulsets,events",
         "-n", ns, "-o", form});
    const auto finished = look({"why", "--from", "-", "-o", "json"}, dump);
    CHECK(finished.status.code == 2);
    CHECK(Json::parse(finished.output).at("pods") == live.at("pods"));
    const auto graph = look({"graph", "--from", "-"}, dump);
    CHECK(graph.output == look({"graph", "-n", ns}).output);
  }
}

TEST_CASE("With rights in one namespace why goes on, and says what that costs",
          "[own][kubectl-plugin][look]") {
  SharedVolume stage;
  const auto ns = stage.scene.ns();
  world().kubectl.run({"create", "role", "looker", "-n", ns, "--verb=get,list",
                       "--resource=pods,persistentvolumeclaims,events"});
  world().kubectl.run(
      {"create", "rolebinding", "looker", "-n", ns, "--role=looker", "--user=looker"});
  Finished finished;
  eventually("the rights count", [&]() -> Missing {
    finished = look({"why", "-n", ns, "--as", "looker"});
    if (finished.status.code != 1) return std::nullopt;
    return finished.errors;
  });
  check_conflict(finished, stage);
  CHECK_THAT(
      finished.errors,
      Contains("warning: You may not list persistentvolumes in the whole cluster: drivers") &&
          Contains("You may not list nodes") &&
          Contains("You may not list replicasets in namespace " + ns));
  finished = look({"why", "-A", "--as", "looker"});
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("pods") && Contains("--as"));
}
