// SPDX-License-Identifier: Apache-2.0
#include "install/driver_pods.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/scene.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

using Names = std::vector<std::string>;

DriverPod pod(const std::string& node, const std::string& generation = "2", bool ready = true) {
  DriverPod made;
  made.node = node;
  made.ready = ready;
  made.template_generation = generation;
  made.revision = "r" + generation;
  made.images = {{"driver", "registry.example.com/driver:" + generation}};
  return made;
}

ObservedObject daemon_set(std::int64_t desired, std::int64_t updated) {
  ObservedObject object;
  object.template_generation = "2";
  object.desired = desired;
  object.updated = updated;
  object.images = {{"driver", "registry.example.com/driver:2"}};
  return object;
}

}  // namespace

TEST_CASE("nodes without a ready driver are named", "[row-4]") {
  std::vector<DriverPod> pods{pod("c", "2", false), pod("a"), pod("b", "2", false), pod("d")};
  CHECK(unavailable_nodes(pods) == Names{"b", "c"});
  // The pod's last word from a node that is gone silent does not count.
  pods[3].node_ready = false;
  CHECK(unavailable_nodes(pods) == Names{"b", "c", "d"});
  // The old pod still serves while the new one starts, or the other way round.
  pods.push_back(pod("b"));
  CHECK(unavailable_nodes(pods) == Names{"c", "d"});
  // One that waits for a node says nothing of any node.
  pods.push_back(pod("", "2", false));
  CHECK(unavailable_nodes(pods) == Names{"c", "d"});
  CHECK(unavailable_nodes({}).empty());
}

TEST_CASE("the status names at most twenty nodes, and changes only with their set", "[row-4]") {
  Scene scene;
  std::vector<DriverPod> pods;
  for (int i = 29; i >= 0; --i) {
    pods.push_back(pod(fmt::format("node-{:02}", i), "2", i >= 25));
  }
  scene.pods = pods;
  scene.settle();
  const json node = scene.document["status"]["node"];
  REQUIRE(node["unavailableNodes"].size() == 20);
  CHECK(node["unavailableNodes"][0] == "node-00");
  CHECK(node["unavailableNodes"][19] == "node-19");
  std::reverse(scene.pods.begin(), scene.pods.end());
  CHECK(has_status(scene.document, scene.status(kLater)));
  scene.pods.clear();
  CHECK_FALSE(scene.status()["node"].contains("unavailableNodes"));
}

TEST_CASE("a workload is shown with image and generation", "[row-3]") {
  Scene scene;
  scene.node().generation = 7;
  const json component = scene.status()["components"][1];
  CHECK(component["generation"] == 7);
  CHECK(component["image"] == "icr.io/ibm/ibmcloud-block-storage-driver:2.5.26");
  CHECK(component["name"] == kNode);
}

TEST_CASE("nodes that run an old driver are named", "[row-F]") {
  const std::vector<DriverPod> pods{pod("c", "1"), pod("a", "2"), pod("b", "1")};
  CHECK(outdated_nodes(pods, daemon_set(3, 1)) == Names{"b", "c"});
  CHECK(outdated_nodes(pods, daemon_set(3, 3)) == Names{"b", "c"});

  // Only a setting has changed: by the template, as long as the controller counts old pods.
  std::vector<DriverPod> same_image = pods;
  for (DriverPod& entry : same_image) {
    entry.images = daemon_set(3, 1).images;
  }
  CHECK(outdated_nodes(same_image, daemon_set(3, 1)) == Names{"b", "c"});
  CHECK(outdated_nodes(same_image, daemon_set(3, 3)).empty());
  // The template was changed and changed back: the old pods are those of the present revision.
  same_image[1].revision = "r1";
  CHECK(outdated_nodes(same_image, daemon_set(3, 2)).empty());
  // Containers that a webhook has added are none of ours.
  same_image[0].images["mesh"] = "mesh:9";
  CHECK(outdated_nodes(same_image, daemon_set(3, 3)).empty());
}

TEST_CASE("nodes that are not ready do not use up the rollout's budget", "[row-J]") {
  struct Row {
    std::string budget;
    std::int64_t desired;
    std::int64_t not_ready;
    std::string effective;
  };
  for (const Row& row : std::vector<Row>{{"1", 5, 0, "1"},
                                         {"10%", 5, 0, "10%"},
                                         {"1", 5, 2, "3"},
                                         {"10%", 5, 1, "2"},     // 0.5 is rounded up
                                         {"10%", 100, 7, "17"},  // 10 + 7
                                         {"10%", 101, 7, "18"},
                                         {"100%", 4, 2, "4"},  // never more than all nodes
                                         {"3", 4, 4, "4"},
                                         {"9", 4, 1, "9"},  // nor less than the user allows
                                         {"1", 0, 1, "1"}}) {
    INFO(row.budget << " of " << row.desired << " with " << row.not_ready << " not ready");
    CHECK(rollout_budget(row.budget, row.desired, row.not_ready) == row.effective);
  }
  std::vector<DriverPod> pods{pod("a"), pod("b", "1", false), pod("c", "2", false), pod("b")};
  CHECK(not_ready_nodes(pods) == 0);
  pods[1].node_ready = pods[2].node_ready = pods[3].node_ready = false;
  CHECK(not_ready_nodes(pods) == 2);
  const Unreachable away = unreachable(pods, daemon_set(3, 1));
  CHECK(away.outdated == 1);
  CHECK(away.unready == 2);
}
