// SPDX-License-Identifier: Apache-2.0
#include "install/image_pull.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace bso::install;

TEST_CASE("containers that wait for an image are named once each") {
  const auto pods = nlohmann::json::parse(R"([
    {"status":{"containerStatuses":[{"name":"a","image":"x/a:1",
      "state":{"waiting":{"reason":"ImagePullBackOff","message":"not found"}}}]}},
    {"status":{"containerStatuses":[{"name":"a","image":"x/a:1",
      "state":{"waiting":{"reason":"ErrImagePull"}}}],
      "initContainerStatuses":[{"name":"i","image":"::","state":{"waiting":{"reason":"InvalidImageName"}}}]}},
    {"status":{"containerStatuses":[{"name":"b","state":{"waiting":{"reason":"ContainerCreating"}}},
      {"name":"c","state":{"running":{}}}]}},
    {"status":{"containerStatuses":"odd"}}, 7, null, {}])");
  const auto faults = image_pull_faults({.kind = "DaemonSet", .name = "d"}, pods);
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].container == "a");
  CHECK(faults[0].image == "x/a:1");
  CHECK(faults[0].reason == "ImagePullBackOff");
  CHECK(faults[0].message == "not found");
  CHECK(faults[1].container == "i");
  CHECK(image_pull_faults({}, nlohmann::json::object()).empty());
}
