// SPDX-License-Identifier: Apache-2.0
#include "install/diff.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/install/support.h"

using namespace bso::install;
using nlohmann::json;
using Paths = std::vector<std::string>;

TEST_CASE("what counts as a difference") {
  struct Row {
    std::string desired, live;
    Paths paths;
  };
  for (const Row& row : std::vector<Row>{
           {R"({"spec": {"a": 1}})", R"({"spec": {"a": 1, "b": 2}, "status": {}})", {}},
           {R"({"spec": {"a": 1}})", R"({"spec": {"a": 2}})", {"spec.a"}},
           {R"({"spec": {"a": 1}})", R"({})", {"spec"}},
           {R"({"spec": {"a": [], "b": {}, "c": null}})", R"({"spec": {}})", {}},
           {R"({"spec": {"a": []}})", R"({"spec": {"a": [1]}})", {"spec.a"}},
           {R"({"spec": {"a": [1, 2]}})", R"({"spec": {"a": [2, 1]}})", {"spec.a[0]", "spec.a[1]"}},
           {R"({"spec": {"c": [{"name": "x", "i": 1}]}})",
            R"({"spec": {"c": [{"name": "y"}, {"name": "x", "i": 1, "p": 5}]}})",
            {}},
           {R"({"spec": {"c": [{"name": "x", "i": 1}]}})",
            R"({"spec": {"c": [{"name": "x", "i": 2}]}})",
            {"spec.c[x].i"}},
           {R"({"spec": {"c": [{"name": "x"}]}})",
            R"({"spec": {"c": [{"name": "y"}]}})",
            {"spec.c[x]"}},
           {R"({"resources": {"limits": {"cpu": "0.1", "memory": "1024Mi"}}})",
            R"({"resources": {"limits": {"cpu": "100m", "memory": "1Gi"}}})",
            {}},
           {R"({"resources": {"limits": {"cpu": "1"}}})",
            R"({"resources": {"limits": {"cpu": 1}}})",
            {}},
           {R"({"resources": {"limits": {"cpu": "1"}}})",
            R"({"resources": {"limits": {"cpu": "1m"}}})",
            {"resources.limits.cpu"}},
           {R"({"parameters": {"iopsPerGB": "2"}})",
            R"({"parameters": {"iopsPerGB": "2.0"}})",
            {"parameters.iopsPerGB"}},
           {R"({"metadata": {"labels": {"a": "1"}, "name": "x"}})",
            R"({"metadata": {"labels": {"a": "2", "b": "3"}, "name": "y"}})",
            {"metadata.labels[a]"}},
           {R"({"metadata": {"annotations": {"blockstorage.dev/applied-hash": "1"}}})",
            R"({})",
            {}},
           {R"({"apiVersion": "v1", "kind": "X"})", R"({})", {}},
           {R"({"spec": {"a": {"b": 1}}})", R"({"spec": {"a": "text"}})", {"spec.a"}},
       }) {
    INFO(row.desired << " against " << row.live);
    CHECK(differences(json::parse(row.desired), json::parse(row.live)) == row.paths);
  }
}

TEST_CASE("the list of differences is bounded") {
  const json desired = {{"spec", {{"a", 1}, {"b", 1}, {"c", 1}}}};
  const json live = {{"spec", json::object()}};
  CHECK(differences(desired, json{{"spec", {{"x", 1}}}}, 2).size() == 2);
  CHECK(differences(desired, live, 5).size() == 3);
}

TEST_CASE("an object as the server returns it does not differ from itself") {
  for (const auto& object : test::rendered()) {
    INFO(object.ref.display());
    CHECK(differences(*object.document, test::live(object)).empty());
  }
}

TEST_CASE("a list in which two items have one name is compared by place") {
  const json twice =
      json::parse(R"({"spec": {"l": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]}})");
  CHECK(differences(twice, twice).empty());
  json other = twice;
  other["spec"]["l"][1]["v"] = 3;
  CHECK(differences(twice, other) == Paths{"spec.l[1].v"});
}

TEST_CASE("immutable fields of a class have to be equal, not only contained") {
  const auto objects = test::rendered();
  const json desired = *test::object_named(objects, "StorageClass", "ibmc-block-gold").document;
  CHECK(immutable_class_differences(desired, desired).empty());
  json live = desired;
  live["parameters"]["region"] = "us-south";
  live["parameters"].erase("fsType");
  live["parameters"]["iopsPerGB"] = "4";
  live["reclaimPolicy"] = "Retain";
  live["allowVolumeExpansion"] = false;
  CHECK(immutable_class_differences(desired, live) ==
        Paths{"reclaimPolicy", "parameters.fsType", "parameters.iopsPerGB", "parameters.region"});
  CHECK(immutable_class_differences(desired, json::object()).size() >= 4);
}
