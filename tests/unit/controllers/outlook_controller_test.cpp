// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/outlook_controller.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "unit/diagnosis/world.h"
#include "unit/runtime/event_rig.h"
#include "unit/runtime/shown_metric.h"

using namespace bso;
using bso::test::shown;
using bso::test::World;

namespace {

/// The controller on a view that the test fills, before a server that takes Events.
struct OutlookRig {
  World world;
  runtime::EventRig events;
  controllers::Wire wire{events.loop.get_executor(),
                         events.server,
                         events.client,
                         [](std::string_view, std::string_view) {},
                         [](const kube::Reflector&, const Error&) {},
                         {}};
  controllers::ClusterFeed feed{wire, world.view};
  controllers::OutlookController outlooks{
      wire,           feed,
      world.view,     events.recorder,
      events.metrics, [this]() -> const diagnosis::SemanticsOverrides& { return world.overrides; }};
  Stop stop;
  int changes = 0;

  OutlookRig() {
    outlooks.on_change([this] { ++changes; });
  }
  ~OutlookRig() {
    stop.request();
    events.poll();
  }
  void act() {
    boost::asio::co_spawn(events.loop, outlooks.act(stop), boost::asio::detached);
    events.poll();
  }
  /// A Deployment of one pod with a claim of that name.
  void deploy(const std::string& name, const std::string& driver = "ibm/ibmc-block") {
    world.claim(name, "pv-" + name, driver);
    world.deployment(name, 1, {1});
    auto pod = world.make_pod(name + "-1-abcde", name, "", false);
    pod.owner = World::owner("ReplicaSet", name + "-1");
    world.view.upsert(pod);
  }
  void recreate(const std::string& name) {
    auto record = *world.view.workload(cluster::WorkloadKind::deployment, world.ns, name);
    record.recreate = true;
    world.view.upsert(record);
    events.poll();
  }
  [[nodiscard]] std::optional<bool> at_risk(const std::string& name) const {
    return outlooks.at_risk(*world.view.volume("pv-" + name));
  }
  [[nodiscard]] std::vector<nlohmann::json> about(const std::string& kind) const {
    std::vector<nlohmann::json> found;
    for (const auto& [name, stored] : events.server.events) {
      if (stored.event.at("regarding").at("kind") == kind) found.push_back(stored.event);
    }
    return found;
  }
};

constexpr const char* kGauge =
    R"(blockstorage_claims_at_risk{namespace="default",reason="RolloutWillDeadlock"})";

}  // namespace

TEST_CASE("Owner and claim are told once, and it is over when it is over", "[outlook]") {
  OutlookRig rig;
  rig.deploy("data");
  CHECK(rig.at_risk("data") == std::nullopt);
  CHECK(rig.events.server.requests.empty());
  rig.act();
  CHECK(rig.at_risk("data") == true);
  CHECK(rig.changes == 1);
  REQUIRE(rig.about("Deployment").size() == 1);
  REQUIRE(rig.about("PersistentVolumeClaim").size() == 1);
  const auto event = rig.about("Deployment").front();
  CHECK(event.at("type") == "Warning");
  CHECK(event.at("reason") == "RolloutWillDeadlock");
  CHECK(event.at("action") == "Diagnose");
  CHECK(event.at("regarding").at("uid") == "uid-data");
  CHECK(event.at("regarding").at("apiVersion") == "apps/v1");
  CHECK(event.at("related").at("uid") == "claim-data");
  CHECK(rig.about("PersistentVolumeClaim").front().at("note") == event.at("note"));
  CHECK(shown(rig.events.metrics, kGauge) == 1);

  // What happens to its pods is no news.
  auto pod = *rig.world.view.pod("default", "data-1-abcde");
  pod.phase = cluster::Phase::running;
  rig.world.view.upsert(pod);
  rig.events.poll();
  CHECK(rig.events.server.requests.size() == 2);

  rig.recreate("data");
  CHECK(rig.at_risk("data") == false);
  CHECK(rig.changes == 2);
  CHECK(shown(rig.events.metrics, kGauge) == 0);
  CHECK(rig.events.server.requests.size() == 2);
}

TEST_CASE("What is known of drivers counts for all claims", "[outlook]") {
  OutlookRig rig;
  rig.deploy("a");
  rig.deploy("b");
  rig.act();
  CHECK(rig.about("Deployment").size() == 2);
  rig.world.overrides.by_driver["ibm/ibmc-block"] = diagnosis::Granularity::not_exclusive;
  rig.outlooks.look_at_all();
  rig.events.poll();
  CHECK(rig.at_risk("a") == false);
  CHECK(rig.at_risk("b") == false);
}

TEST_CASE("A volume that once was the claim's is not at risk", "[outlook]") {
  OutlookRig rig;
  rig.deploy("data");
  rig.act();
  auto released = *rig.world.view.volume("pv-data");
  released.name = "pv-old";
  CHECK(rig.outlooks.at_risk(released) == false);
}

TEST_CASE("What may go well leaves room for what will not", "[outlook]") {
  OutlookRig rig;
  constexpr auto kHalf = controllers::OutlookController::kMostToldOfChance;
  for (std::size_t i = 0; i < kHalf + 2; ++i) {
    rig.deploy(fmt::format("c{:04}", i), "ebs.csi.aws.com");
  }
  rig.deploy("surely");
  rig.act();
  CHECK(rig.about("Deployment").size() == kHalf + 1);
  CHECK(shown(rig.events.metrics, kGauge) == 1);
}

TEST_CASE("So many claims get Events, the others are counted", "[outlook]") {
  OutlookRig rig;
  constexpr auto kMost = controllers::OutlookController::kMostTold;
  for (std::size_t i = 0; i < kMost + 2; ++i) rig.deploy(fmt::format("c{:04}", i));
  rig.act();
  CHECK(rig.about("Deployment").size() == kMost);
  CHECK(shown(rig.events.metrics, kGauge) == kMost + 2);
  CHECK(rig.at_risk(fmt::format("c{:04}", kMost + 1)) == true);
  // There is room when one is mended.
  rig.recreate("c0000");
  rig.outlooks.look_at_all();
  rig.events.poll();
  CHECK(rig.about("Deployment").size() == kMost + 1);
}
