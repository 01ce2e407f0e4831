// SPDX-License-Identifier: Apache-2.0
#include "install/startup_taint.h"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using bso::install::without_taint;
using nlohmann::json;

TEST_CASE("only the start-up taint is taken from a node", "[row-32]") {
  const json node = json::parse(R"({
    "metadata": {"name": "n", "uid": "u"},
    "spec": {"taints": [
      {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
      {"key": "driver-not-ready", "effect": "NoSchedule"},
      {"key": "driver-not-ready/x", "effect": "NoSchedule"},
      {"key": "driver-not-ready", "effect": "NoExecute"}]}})");
  const auto patch = without_taint(node, "driver-not-ready");
  REQUIRE(patch != nullptr);
  const json changed = node.patch(*patch);
  CHECK(changed["spec"]["taints"] ==
        json::parse(R"([{"key": "gpu", "value": "yes", "effect": "NoSchedule"},
                        {"key": "driver-not-ready/x", "effect": "NoSchedule"}])"));
  // It does not go through when somebody has changed the taints, or made the node anew.
  json other = node;
  other["spec"]["taints"].erase(0);
  CHECK_THROWS(other.patch(*patch));
  other = node;
  other["metadata"]["uid"] = "v";
  CHECK_THROWS(other.patch(*patch));
  CHECK((*patch)[0]["path"] == "/metadata/uid");

  CHECK(without_taint(node, "driver") == nullptr);
  CHECK(without_taint(json::parse(R"({"metadata": {"uid": "u"}})"), "gpu") == nullptr);
}
