// SPDX-License-Identifier: Apache-2.0
#include "inspect/graph.h"

#include <catch2/catch.hpp>

#include "unit/inspect/scene.h"

using namespace bso;
using namespace bso::inspect;
using namespace bso::test;
using Catch::Matchers::Contains;

TEST_CASE("The tree shows claim, volume, nodes and pods, conflicts first", "[graph]") {
  Snapshot snapshot;
  take(snapshot,
       {pod_json("web-0", "a", true), pod_json("web-1", "a", false), claim_json(),
        volume_json("ibm/ibmc-block"), node_json("a"),
        pod_json("alone", "b", true, "shop", "another"), claim_json("pv-2", "shop", "another"),
        volume_json("d.example", "pv-2", "shop", "another"), node_json("b"),
        pod_json("early", "", false, "shop", "unbound")});
  const auto graph = graph_of(snapshot, "", "", snapshot.newest());
  REQUIRE(graph.size() == 3);
  CHECK(graph[0].conflict());
  CHECK(graph_text(graph, false) ==
        "PersistentVolumeClaim shop/data\n"
        "`- PersistentVolume pv-1  ibm/ibmc-block  SinglePod (built-in table)\n"
        "   `- node a\n"
        "      |- holds      shop/web-0\n"
        "      `- blocked    shop/web-1  SharedByOtherWorkload\n"
        "\n"
        "PersistentVolumeClaim shop/another\n"
        "`- PersistentVolume pv-2  d.example  SingleNode (assumed)\n"
        "   `- node b\n"
        "      `- holds      shop/alone\n"
        "\n"
        "PersistentVolumeClaim shop/unbound\n"
        "`- not bound to a volume\n"
        "   `- on no node\n"
        "      `- unplaced   shop/early\n");
  CHECK_THAT(graph_text(graph, true), Contains("\033[1;31mblocked"));
  // One pod alone brings its volume's other users.
  const auto one = graph_of(snapshot, "shop", "web-1", snapshot.newest());
  REQUIRE(one.size() == 1);
  CHECK(one[0].pods.size() == 2);
  CHECK(graph_text({}, false) == "No pod uses a volume that could be held by another one.\n");
}

TEST_CASE("Users in other namespaces are counted and not named", "[graph]") {
  Snapshot snapshot;
  take(snapshot, {pod_json("web-0", "a", true), claim_json(), volume_json("d.example"),
                  pod_json("secret", "b", true, "hidden"), claim_json("pv-2", "hidden"),
                  volume_json("d.example", "pv-2", "hidden"), node_json("a"), node_json("b")});
  const auto text = graph_text(graph_of(snapshot, "shop", "", snapshot.newest()), false);
  CHECK_THAT(text, Contains("`- used by 1 pod of other namespaces\n"));
  CHECK(text.find("secret") == std::string::npos);
  // Who may ask for all gets all, each volume by itself.
  CHECK(graph_of(snapshot, "", "", snapshot.newest()).size() == 2);
}

TEST_CASE("The drawing quotes every name", "[graph]") {
  GraphVolume volume;
  volume.claim = "shop/data";
  volume.name = "pv\"1\\";
  volume.driver = "d\n.example";
  volume.rule = "SinglePod (assumed)";
  GraphPod holder;
  holder.ns = "shop";
  holder.name = "a\"b";
  holder.node = "n";
  holder.standing = Standing::holds;
  GraphPod waiter;
  waiter.ns = "shop";
  waiter.name = "w";
  waiter.node = "n";
  waiter.owner = "Deployment/web";
  waiter.standing = Standing::blocked;
  waiter.cause = "RolloutDeadlock";
  volume.pods = {holder, waiter};
  const auto dot = graph_dot({volume});
  CHECK_THAT(dot, Contains(R"x(label="shop/data\npv\"1\\\nd?.example\nSinglePod (assumed)")x"));
  CHECK_THAT(dot, Contains(R"(v1 -> "shop/a\"b" [label="holds")"));
  CHECK_THAT(dot, Contains(R"("shop/w" -> v1 [label="blocked\nRolloutDeadlock")"));
  CHECK_THAT(dot, Contains(R"(subgraph cluster_1 {)"));
}
