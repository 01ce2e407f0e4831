// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <catch2/catch.hpp>

#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kSingleNodeDriver = "pd.csi.storage.gke.io";

Json detail_of(const Annotations& found) { return Json::parse(found.detail); }

struct Pair {
  ScenePod holder;
  ScenePod waiting;
};

/// Two bare pods that share the claim "data".
Pair add_pair(Scene& scene, const std::string& holder_node, const std::string& waiting_node) {
  Pair pair;
  pair.holder =
      scene.add_pod({.name = "holder", .node = holder_node, .claim = "data", .running = true});
  pair.waiting = scene.add_pod({.name = "waiting", .node = waiting_node, .claim = "data"});
  return pair;
}

}  // namespace

TEST_CASE("Multi-Attach of a FlexVolume names the pod and node that have it", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  Scene scene("flex");
  const auto here = scene.add_node("here");
  const auto there = scene.add_node("there");
  const auto volume = scene.add_flex_claim("data");
  const auto pair = add_pair(scene, there, here);
  scene.add_multi_attach(pair.waiting, volume, pair.holder.name);
  const auto found = wait_annotated(pair.waiting, pair.holder.name);
  INFO(found.sentence);
  CHECK_THAT(found.sentence, Contains(there) && Contains("data"));
  CHECK(detail_of(found).at("cause") == "SharedByOtherWorkload");
  CHECK(detail_of(found).at("confidence") == "Proven");
  CHECK(annotations(pair.holder).none());
}

TEST_CASE("Multi-Attach of a CSI volume names the pod and node that have it", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  Scene scene("csi");
  const auto here = scene.add_node("here");
  const auto there = scene.add_node("there");
  const auto volume = scene.add_csi_claim("data", kSingleNodeDriver);
  scene.add_attachment(volume, kSingleNodeDriver, there, true);
  scene.add_rollout({.deployment = "web", .hash = "77c9", .replicas = 2});
  const auto holder = scene.add_pod({.name = "web-77c9-aaaaa",
                                     .node = there,
                                     .claim = "data",
                                     .replica_set = "web-77c9",
                                     .running = true});
  const auto waiting = scene.add_pod(
      {.name = "web-77c9-bbbbb", .node = here, .claim = "data", .replica_set = "web-77c9"});
  scene.add_multi_attach(waiting, volume, holder.name);
  const auto found = wait_annotated(waiting, holder.name);
  INFO(found.sentence);
  CHECK_THAT(found.sentence, Contains(there) && Contains(kSingleNodeDriver));
  CHECK(detail_of(found).at("cause") == "ReplicasSpreadAcrossNodes");
}

TEST_CASE("a rollout that waits for itself is called a deadlock", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  Scene scene("rollout");
  const auto node = scene.add_node("node");
  const auto volume = scene.add_flex_claim("data");
  scene.add_rollout({.deployment = "shop", .hash = "aaaa", .revision = 1, .replicas = 1});
  scene.add_rollout({.deployment = "shop", .hash = "bbbb", .revision = 2, .replicas = 1});
  const auto old_pod = scene.add_pod({.name = "shop-aaaa-11111",
                                      .node = node,
                                      .claim = "data",
                                      .replica_set = "shop-aaaa",
                                      .running = true});
  const auto new_pod = scene.add_pod(
      {.name = "shop-bbbb-22222", .node = node, .claim = "data", .replica_set = "shop-bbbb"});
  scene.add_mount_refused(new_pod, node, volume, old_pod.uid);
  const auto found = wait_annotated(new_pod, old_pod.name);
  INFO(found.sentence);
  CHECK_THAT(found.sentence, Contains("Recreate") && Contains("kubectl -n " + scene.ns()));
  CHECK(detail_of(found).at("cause") == "RolloutDeadlock");
  CHECK(detail_of(found).at("state") == "Deadlock");
}

TEST_CASE("without any event the objects are evidence enough, and no more than that",
          "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  // A driver that lets all pods of a node have the volume: whatever this pod waits for, it is not
  // the other pod.
  Scene fine("fine");
  const auto node = fine.add_node("node");
  fine.add_attachment(fine.add_csi_claim("data", kSingleNodeDriver), kSingleNodeDriver, node, true);
  const auto no_conflict = add_pair(fine, node, node);
  // A driver that does not.
  Scene stuck("stuck");
  const auto busy = stuck.add_node("busy");
  (void)stuck.add_flex_claim("data");
  const auto conflict = add_pair(stuck, busy, busy);

  const auto found = wait_annotated(conflict.waiting, conflict.holder.name);
  CHECK(detail_of(found).at("confidence") == "Inferred");
  // It was made before the other one, so it is past the time after which a pod counts as stuck.
  CHECK(annotations(no_conflict.waiting).none());
}

TEST_CASE("a start after the fact: what is stuck is annotated, what recovered is cleared",
          "[diagnosis][own]") {
  install_crd();
  Scene scene("late");
  const auto node = scene.add_node("node");
  const auto volume = scene.add_flex_claim("data");
  const auto pair = add_pair(scene, node, node);
  scene.add_mount_refused(pair.waiting, node, volume, pair.holder.uid);
  {
    OperatorProcess op(operator_options());
    wait_annotated(pair.waiting, pair.holder.name);
    CHECK(op.stop().code == 0);
  }
  // Nobody looks while it recovers.
  scene.remove(pair.holder);
  scene.set_running(pair.waiting);
  CHECK_FALSE(annotations(pair.waiting).none());
  OperatorProcess op(operator_options());
  wait_clear(pair.waiting);
}
