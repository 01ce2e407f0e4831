// SPDX-License-Identifier: Apache-2.0
// Thousands of pods that are found stuck at once.
#include <iostream>
#include <map>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

constexpr int kClaims = 200;
constexpr int kWaiting = 10;  ///< for each claim

struct Crowd {
  std::string holder;
  std::vector<std::string> waiting;
};

/// A Deployment for each claim, one of whose pods has the volume while the others wait beside it.
std::vector<Crowd> make_crowds(Scene& scene, const std::string& node) {
  std::vector<Crowd> crowds;
  for (int i = 0; i < kClaims; ++i) {
    const auto claim = fmt::format("data-{}", i);
    const auto name = fmt::format("web{}", i);
    (void)scene.add_flex_claim(claim);
    scene.add_rollout({.deployment = name, .hash = "aaaa", .replicas = kWaiting + 1});
    const auto add = [&](int number, bool running) {
      return scene
          .add_pod({.name = fmt::format("{}-aaaa-{}", name, number),
                    .node = node,
                    .claim = claim,
                    .replica_set = name + "-aaaa",
                    .running = running})
          .name;
    };
    Crowd crowd{add(0, true), {}};
    for (int number = 1; number <= kWaiting; ++number) crowd.waiting.push_back(add(number, false));
    crowds.push_back(std::move(crowd));
  }
  return crowds;
}

std::map<std::string, Json> pods_by_name(const Scene& scene) {
  const auto list = world().api.get("/api/v1/namespaces/" + scene.ns() + "/pods");
  std::map<std::string, Json> pods;
  for (const auto& pod : list.at("items")) pods.emplace(pod.at("metadata").at("name"), pod);
  return pods;
}

std::string detail_of(const Json& pod) {
  return pod.at("metadata").value("annotations", Json::object()).value(kConflictDetail, "");
}

/// Our Events of this reason, by the object that they are about.
std::map<std::string, int> events_by_object(const Scene& scene, const std::string& reason) {
  const auto list = world().api.get("/apis/events.k8s.io/v1/namespaces/" + scene.ns() + "/events");
  std::map<std::string, int> counts;
  for (const auto& event : list.at("items")) {
    if (event.value("reportingController", "") != "block-storage-operator") continue;
    if (event.at("reason") != reason) continue;
    const auto& about = event.at("regarding");
    ++counts[about.at("kind").get<std::string>() + "/" + about.at("name").get<std::string>()];
  }
  return counts;
}

bool is_pod_request(const AuditEntry& entry) {
  return entry.by_operator() && entry.resource == "pods" && entry.verb != "watch";
}

}  // namespace

TEST_CASE("two thousand pods that are stuck at once are each told once", "[storm][own]") {
  install_crd();
  Scene scene("storm");
  const auto node = scene.add_node("node");
  const auto crowds = make_crowds(scene, node);

  auto audit = world().audit();
  OperatorProcess op(operator_options());
  op.wait_ready();
  std::map<std::string, Json> pods;
  eventually(
      "each waiting pod is annotated",
      [&]() -> Missing {
        pods = pods_by_name(scene);
        int missing = 0;
        for (const auto& crowd : crowds) {
          for (const auto& name : crowd.waiting)
            missing += detail_of(pods.at(name)).empty() ? 1 : 0;
        }
        if (missing == 0) return std::nullopt;
        return fmt::format("{} are not", missing);
      },
      120s);
  for (const auto& crowd : crowds) {
    CHECK(detail_of(pods.at(crowd.holder)).empty());
    for (const auto& name : crowd.waiting) {
      INFO(name);
      const auto detail = Json::parse(detail_of(pods.at(name)));
      CHECK(detail.at("cause") == "ReplicasShareSinglePodVolume");
      REQUIRE(detail.at("holders").size() == 1);
      CHECK(detail.at("holders").at(0).at("pod") == crowd.holder);
    }
  }

  // Events come after the annotations, one after the other.
  constexpr const char* kReason = "VolumeHeldByOtherPod";
  std::map<std::string, int> events;
  eventually(
      "each pod, owner and claim has its Event",
      [&]() -> Missing {
        events = events_by_object(scene, kReason);
        if (events.size() == std::size_t{kClaims} * (kWaiting + 2)) return std::nullopt;
        return fmt::format("{} have", events.size());
      },
      120s);
  for (const auto& [object, count] : events) {
    INFO(object);
    CHECK(count == 1);
  }

  wait_silent(audit, is_pod_request, 3s);
  std::map<std::string, int> patches;
  int lists = 0;
  std::chrono::microseconds first{};
  std::chrono::microseconds last{};
  for (const auto& entry : audit.entries(is_pod_request)) {
    INFO(entry.text());
    if (entry.verb == "list") {
      ++lists;
      continue;
    }
    CHECK(entry.verb == "patch");
    CHECK(entry.code == 200);
    ++patches[entry.name];
    if (first.count() == 0) first = entry.received;
    last = std::max(last, entry.answered);
  }
  CHECK(lists <= 2);  // the cluster's pods, and those of plug-ins
  CHECK(patches.size() == std::size_t{kClaims} * kWaiting);
  for (const auto& [name, count] : patches) {
    INFO(name);
    CHECK(count == 1);
  }
  const double seconds = std::chrono::duration<double>(last - first).count();
  std::cout << fmt::format("storm: {} pods annotated in {:.1f} s, {:.0f} a second\n",
                           patches.size(), seconds, static_cast<double>(patches.size()) / seconds);
}
