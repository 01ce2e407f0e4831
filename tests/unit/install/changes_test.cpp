// SPDX-License-Identifier: Apache-2.0
#include "install/changes.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso::install;
using nlohmann::json;
using Texts = std::vector<std::string>;

TEST_CASE("what a write changes is told field by field", "[install][plan]") {
  const json before = json::parse(R"({
    "kind": "Deployment",
    "metadata": {"labels": {"a/b.c": "1", "gone": "x"}, "resourceVersion": "7", "generation": 1,
                 "annotations": {"blockstorage.dev/applied-hash": "old"},
                 "managedFields": [{"manager": "m"}]},
    "spec": {"replicas": 1, "list": [1, 2], "same": true,
             "containers": [{"name": "one", "image": "i:1"}, {"name": "two", "image": "j:1"}]},
    "status": {"ready": 1}})");
  const json after = json::parse(R"({
    "kind": "Deployment",
    "metadata": {"labels": {"a/b.c": "2", "new": "y"}, "resourceVersion": "8", "generation": 2,
                 "annotations": {"blockstorage.dev/applied-hash": "new"},
                 "managedFields": [{"manager": "n"}]},
    "spec": {"replicas": 3, "list": [1, 5], "same": true, "affinity": {"nodeAffinity": {}},
             "containers": [{"name": "two", "image": "j:1"}, {"name": "one", "image": "i:2"}]},
    "status": {"ready": 2}})");
  CHECK(changes(before, after) ==
        Texts{"spec.affinity added", "spec.containers[one].image i:1 -> i:2", "spec.list[1] 2 -> 5",
              "spec.replicas 1 -> 3", "metadata.labels[a/b.c] 1 -> 2",
              "metadata.labels[gone] removed", "metadata.labels[new] set to y"});
  CHECK(changes(after, after).empty());
}

TEST_CASE("long values are not repeated, and many changes are counted", "[install][plan]") {
  json before = json::object();
  json after = json::object();
  before["parameters"] = {{"text", std::string(200, 'a')}, {"lines", "a\nb"}, {"empty", "x"}};
  after["parameters"] = {{"text", std::string(200, 'b')}, {"lines", "a\nc"}, {"empty", ""}};
  CHECK(changes(before, after) ==
        Texts{"parameters.empty x -> \"\"", "parameters.lines changed", "parameters.text changed"});
  for (int i = 0; i < 20; ++i) after["parameters"]["k" + std::to_string(i)] = "v";
  const auto many = changes(before, after, 4);
  REQUIRE(many.size() == 5);
  CHECK(many.back() == "and 19 more");
}

TEST_CASE("lists without names are compared by place, in any length", "[install][plan]") {
  CHECK(changes({{"rules", {1, 2, 3}}}, {{"rules", {1}}}) ==
        Texts{"rules[1] removed", "rules[2] removed"});
  CHECK(changes({{"rules", json::array()}}, {{"rules", {{{"verbs", {"get"}}}}}}) ==
        Texts{"rules[0] added"});
  CHECK(changes({{"x", 1}}, {{"x", {{"y", 1}}}}) == Texts{"x changed"});
}
