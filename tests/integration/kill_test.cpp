// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKills = 10;

/// What differs between two runs that did the same.
Json without_identity(Json object) {
  auto& metadata = object["metadata"];
  for (const char* field :
       {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"}) {
    metadata.erase(field);
  }
  return object;
}

Json status_of_plugin() {
  auto status = plugin().at("status");
  for (auto& condition : status.at("conditions")) condition.erase("lastTransitionTime");
  for (auto& entry : status.at("inventory")) entry.erase("uid");
  return status;
}

/// A plug-in to install and two pods that wait for a third.
struct Stage {
  PluginTest clean;
  Scene scene{"kill"};
  std::string node = scene.add_node("node");
  std::string volume = scene.add_flex_claim("data");
  ScenePod holder =
      scene.add_pod({.name = "holder", .node = node, .claim = "data", .running = true});
  std::vector<ScenePod> waiting;

  Stage() {
    for (const char* name : {"waiting-a", "waiting-b"}) {
      waiting.push_back(scene.add_pod({.name = name, .node = node, .claim = "data"}));
      scene.add_mount_refused(waiting.back(), node, volume, holder.uid);
    }
    create_plugin();
  }

  void wait_converged() const {
    wait_applied();
    for (const auto& pod : waiting) {
      wait_annotated(pod, holder.name);
      eventually("an Event about " + pod.name, [&]() -> Missing {
        if (!our_events(pod).empty()) return std::nullopt;
        return "none";
      });
    }
  }

  /// The end state, with what is particular to this stage replaced.
  [[nodiscard]] Json picture() const {
    Json all;
    for (const auto& path : managed_paths()) {
      all[path] = without_identity(world().api.get(path));
    }
    all["status"] = status_of_plugin();
    for (const auto& pod : waiting) {
      all[pod.name] = {{"sentence", generic(annotations(pod).sentence)},
                       {"events", our_events(pod).size()}};
    }
    all["holder"] = {{"annotated", !annotations(holder).none()},
                     {"events", our_events(holder).size()}};
    return all;
  }

  [[nodiscard]] std::string generic(std::string text) const {
    for (std::size_t at = 0; (at = text.find(scene.ns(), at)) != std::string::npos;) {
      text.replace(at, scene.ns().size(), "NAMESPACE");
    }
    return text;
  }
};

}  // namespace

TEST_CASE("kill -9 at any moment leads to the same end", "[lifecycle][own]") {
  Json undisturbed;
  std::chrono::milliseconds length{};
  {
    const Stage stage;
    const auto start = Clock::now();
    OperatorProcess op(operator_options());
    stage.wait_converged();
    length = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    undisturbed = stage.picture();
  }
  const unsigned chosen = seed();
  std::cout << "converged in " << length.count() << " ms; BSO_TEST_SEED=" << chosen << '\n';
  INFO("BSO_TEST_SEED=" << chosen);
  std::mt19937 random(chosen);
  std::uniform_int_distribution<long> moment(0, length.count());

  const Stage stage;
  // As a container that is restarted in its pod: the same again, it need not wait for its own
  // lease.
  const auto options =
      replica_options(world().plane.kubeconfig(), "the-pod_its-uid", stage.scene.ns());
  for (int round = 0; round < kKills; ++round) {
    OperatorProcess op(options);
    // Any moment will do; that it is a random one is the point.
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    op.kill();
  }
  OperatorProcess op(options);
  stage.wait_converged();
  op.wait_ready();
  eventually("the same end state", [&]() -> Missing {
    const auto now = stage.picture();
    if (now == undisturbed) return std::nullopt;
    return Json::diff(undisturbed, now).dump(1);
  });
}
