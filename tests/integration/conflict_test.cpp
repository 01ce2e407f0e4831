// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// A Deployment of three pods on one node that share one volume of ibm/ibmc-block: one has it.
struct ThreeReplicas {
  Scene scene{"three"};
  std::string node = scene.add_node("10.193.10.44");
  std::string volume = scene.add_flex_claim("pvc-blk");
  ScenePod holder;
  ScenePod first;
  ScenePod second;

  ThreeReplicas() {
    scene.add_rollout({.deployment = "dep3pod-blk", .hash = "6d7f5b8c49", .replicas = 3});
    holder = add("6d7bw", true);
    first = add("8hhrk", false);
    second = add("lnzht", false);
  }

  ScenePod add(const std::string& suffix, bool running) {
    return scene.add_pod({.name = "dep3pod-blk-6d7f5b8c49-" + suffix,
                          .node = node,
                          .claim = "pvc-blk",
                          .replica_set = "dep3pod-blk-6d7f5b8c49",
                          .running = running});
  }
  void report(const ScenePod& waiting) const {
    scene.add_mount_refused(waiting, node, volume, holder.uid);
  }
};

void check_verdict(const ThreeReplicas& stage, const ScenePod& waiting) {
  const auto found = wait_annotated(waiting, stage.holder.name);
  INFO(found.sentence);
  INFO(found.detail);
  CHECK_THAT(found.sentence, Contains(stage.node) && Contains("pvc-blk") &&
                                 Contains("ibm/ibmc-block") &&
                                 Contains("kubectl -n " + stage.scene.ns() +
                                          " scale deployment/dep3pod-blk --replicas=1"));
  const auto detail = Json::parse(found.detail);
  CHECK(detail.at("cause") == "ReplicasShareSinglePodVolume");
  CHECK(detail.at("confidence") == "Proven");
  REQUIRE(detail.at("holders").size() == 1);
  const auto& holder = detail.at("holders").at(0);
  CHECK(holder.at("pod") == stage.holder.name);
  CHECK(holder.at("uid") == stage.holder.uid);
  CHECK(holder.at("node") == stage.node);
}

std::vector<Json> wait_one_event(const ScenePod& pod) {
  std::vector<Json> events;
  eventually("an Event about " + pod.name, [&]() -> Missing {
    events = our_events(pod);
    if (!events.empty()) return std::nullopt;
    return "none";
  });
  return events;
}

/// From the moment the event was stored to the moment the annotation was.
std::chrono::microseconds annotation_delay(AuditLog& audit, const std::string& ns,
                                           const std::string& event, const ScenePod& pod) {
  const auto entry = [&](const AuditLog::Filter& filter) {
    const auto found = audit.entries(filter);
    if (found.empty()) throw TestFailure("the audit log lacks a request");
    return found.front();
  };
  const auto said = entry([&](const AuditEntry& each) {
    return each.verb == "create" && each.resource == "events" && each.ns == ns &&
           !each.by_operator() && (each.name == event || each.name.empty());
  });
  const auto written = entry([&](const AuditEntry& each) {
    return each.verb == "patch" && each.by_operator() && each.ns == ns && each.name == pod.name;
  });
  return written.answered - said.answered;
}

}  // namespace

TEST_CASE("replicas on one node: the waiting ones are told who has the volume",
          "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  ThreeReplicas stage;
  auto audit = world().audit();
  stage.report(stage.first);
  stage.report(stage.second);

  check_verdict(stage, stage.first);
  check_verdict(stage, stage.second);
  CHECK(annotations(stage.holder).none());
  for (const auto* waiting : {&stage.first, &stage.second}) {
    const auto events = wait_one_event(*waiting);
    REQUIRE(events.size() == 1);
    CHECK(events.front().at("type") == "Warning");
    CHECK_THAT(events.front().at("note").get<std::string>(), Contains(stage.holder.name));
  }
  CHECK(our_events(stage.holder).empty());

  // The same event again, as the kubelet repeats it, says nothing new.
  auto repeats = world().audit();
  stage.report(stage.first);
  holds(
      "repeats lead to no write",
      [&]() -> Missing {
        const auto writes = repeats.operator_writes();
        if (!writes.empty()) return writes.front().text();
        return std::nullopt;
      },
      1s);

  // The holder ends, one of the waiting pods gets the volume.
  stage.scene.remove(stage.holder);
  stage.scene.set_running(stage.first);
  wait_clear(stage.first);
  const auto next = wait_annotated(stage.second, stage.first.name);
  CHECK_THAT(next.sentence, !Contains(stage.holder.name));
  stage.scene.set_running(stage.second);
  wait_clear(stage.second);
}

TEST_CASE("the annotation comes within a second of the kubelet's event", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  ThreeReplicas stage;
  auto audit = world().audit();
  const auto event =
      stage.scene.add_mount_refused(stage.first, stage.node, stage.volume, stage.holder.uid);
  wait_annotated(stage.first, stage.holder.name);
  eventually("the audit log has it", [&]() -> Missing {
    (void)annotation_delay(audit, stage.scene.ns(), event, stage.first);
    return std::nullopt;
  });
  const auto delay = annotation_delay(audit, stage.scene.ns(), event, stage.first);
  std::cout << "annotation after the event: "
            << std::chrono::duration_cast<std::chrono::milliseconds>(delay).count() << " ms\n";
  // It may be below zero: the objects alone tell as much, and the watch is told of the event before
  // its sender has the answer.
  CHECK(delay < 1s);
}

TEST_CASE("a holder that goes away is not named any longer", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  ThreeReplicas stage;
  stage.report(stage.first);
  wait_annotated(stage.first, stage.holder.name);
  stage.scene.remove(stage.holder);
  eventually("the annotation names no holder that is gone", [&]() -> Missing {
    const auto found = annotations(stage.first);
    if (found.sentence.find(stage.holder.name) == std::string::npos) return std::nullopt;
    return found.sentence;
  });
}

TEST_CASE("a pod of the same name is another pod", "[diagnosis][own]") {
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  Scene scene("again");
  const auto node = scene.add_node("node");
  const auto volume = scene.add_flex_claim("data");
  const Scene::PodPlan plan{.name = "db-0", .node = node, .claim = "data"};
  for (int round = 0; round < 5; ++round) {
    const auto holder =
        scene.add_pod({.name = "reader", .node = node, .claim = "data", .running = true});
    const auto old = scene.add_pod(plan);
    scene.add_mount_refused(old, node, volume, holder.uid);
    if (round % 2 == 0) wait_annotated(old, "reader");  // else the verdict meets the new pod
    scene.remove(old);
    scene.remove(holder);
    const auto fresh = scene.add_pod(plan);
    REQUIRE(fresh.uid != old.uid);
    holds(
        "the new pod carries no verdict of the old one",
        [&]() -> Missing {
          const auto found = annotations(fresh);
          if (found.none()) return std::nullopt;
          return found.sentence;
        },
        500ms);
    scene.remove(fresh);
  }
}
