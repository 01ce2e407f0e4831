// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/cluster_picture.h"
#include "integration/metrics_of.h"
#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// What our Events about it say. They are about any object, not only pods.
std::vector<Json> told(const std::string& path, const std::string& ns, const std::string& reason) {
  const auto object = world().api.get(path);
  const auto& metadata = object.at("metadata");
  std::vector<Json> found;
  for (auto& event : our_events({path, ns, metadata.at("name"), metadata.at("uid")})) {
    if (event.at("reason") == reason) found.push_back(std::move(event));
  }
  return found;
}

Json wait_told(const std::string& path, const std::string& ns, const std::string& reason) {
  Json event;
  eventually(path + " has an Event " + reason, [&]() -> Missing {
    const auto found = told(path, ns, reason);
    if (found.size() != 1) return std::to_string(found.size());
    event = found.front();
    return std::nullopt;
  });
  return event;
}

void wait_at_risk(OperatorProcess& op, const std::string& ns, const std::string& reason,
                  int expected) {
  const auto label = "namespace=\"" + ns + "\",reason=\"" + reason + "\"";
  eventually(reason + " counts " + std::to_string(expected), [&]() -> Missing {
    const auto status = plugin().value("status", Json::object());
    const auto shown = metric(op, "blockstorage_claims_at_risk", label);
    if (status.value("claimsAtRisk", 0) == expected && shown == expected) return std::nullopt;
    return std::to_string(shown) + " " + status.value("volumes", Json()).dump() + " " +
           std::to_string(status.value("claimsAtRisk", 0));
  });
}

}  // namespace

TEST_CASE("who will be stuck is told before anybody is", "[diagnosis][own]") {
  const PluginTest clean;
  create_plugin();
  Scene scene("ahead");
  const auto node = scene.add_node("node");
  const auto volume = scene.add_flex_claim("data");
  scene.add_rollout({.deployment = "web", .hash = "6d7f5b8c49"});
  const auto pod = scene.add_pod({.name = "web-6d7f5b8c49-abcde",
                                  .node = node,
                                  .claim = "data",
                                  .replica_set = "web-6d7f5b8c49",
                                  .running = true});
  const auto deployment = "/apis/apps/v1/namespaces/" + scene.ns() + "/deployments/web";
  const auto claim = "/api/v1/namespaces/" + scene.ns() + "/persistentvolumeclaims/data";
  Json strategy{{"type", "Recreate"}, {"rollingUpdate", nullptr}};
  {
    OperatorProcess op(operator_options());
    op.wait_ready();

    // One replica that runs, and nobody waits: it is about the next rollout.
    for (const auto& path : {deployment, claim}) {
      const auto event = wait_told(path, scene.ns(), "RolloutWillDeadlock");
      CHECK(event.at("type") == "Warning");
      CHECK_THAT(event.at("note").get<std::string>(),
                 Contains(volume) && Contains(scene.ns() + "/data") && Contains("deployment web") &&
                     Contains("kubectl -n " + scene.ns() + " patch deployment/web"));
    }
    CHECK(wait_told(deployment, scene.ns(), "RolloutWillDeadlock").at("related").at("name") ==
          "data");
    wait_at_risk(op, scene.ns(), "RolloutWillDeadlock", 1);
    CHECK(annotations(pod).none());
    CHECK(our_events(pod).empty());

    // More of them than the volume takes; none of the new pods is there yet.
    world().api.merge(deployment, {{"spec", {{"replicas", 3}}}});
    wait_told(claim, scene.ns(), "VolumeCannotBeShared");
    const auto event = wait_told(deployment, scene.ns(), "VolumeCannotBeShared");
    CHECK_THAT(event.at("note").get<std::string>(), Contains("scale deployment/web --replicas=1"));
    wait_at_risk(op, scene.ns(), "VolumeCannotBeShared", 1);

    // Nothing of it is written again, by this operator or by the next one.
    wait_settled();
    auto audit = world().audit();
    for (int i = 0; i < 5; ++i) scene.set_running(pod);
    stays_silent(audit, is_operator_write, 3s);
    CHECK(op.stop().code == 0);
  }
  const auto before = plugin().at("metadata").at("resourceVersion");
  OperatorProcess op(operator_options());
  op.wait_ready();
  wait_at_risk(op, scene.ns(), "VolumeCannotBeShared", 1);
  wait_settled();
  CHECK(plugin().at("metadata").at("resourceVersion") == before);
  CHECK(told(deployment, scene.ns(), "VolumeCannotBeShared").size() == 1);

  // Both commands, one by one.
  world().api.merge(deployment, {{"spec", {{"replicas", 1}}}});
  wait_at_risk(op, scene.ns(), "RolloutWillDeadlock", 1);
  world().api.merge(deployment, {{"spec", {{"strategy", strategy}}}});
  wait_at_risk(op, scene.ns(), "RolloutWillDeadlock", 0);
  CHECK_FALSE(plugin().at("status").contains("claimsAtRisk"));
}
