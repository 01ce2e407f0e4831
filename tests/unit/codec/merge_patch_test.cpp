// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "codec/json.h"

using nlohmann::json;

TEST_CASE("a merge patch turns one document into the other") {
  const std::vector<std::pair<json, json>> cases{
      {json::object(), json::object()},
      {{{"a", 1}}, {{"a", 1}}},
      {{{"a", 1}, {"b", {{"c", 2}, {"d", 3}}}}, {{"b", {{"c", 4}}}, {"e", {1, 2}}}},
      {{{"a", {1, 2}}}, {{"a", {2, 1}}}},
      {{{"a", {{"b", 1}}}}, {{"a", "text"}}},
      {{{"a", "text"}}, {{"a", {{"b", 1}}}}},
  };
  for (const auto& [from, to] : cases) {
    const auto patch = bso::codec::merge_patch(from, to);
    INFO(from << " -> " << to << " by " << patch);
    json result = from;
    result.merge_patch(patch);
    CHECK(result == to);
    CHECK(patch.empty() == (from == to));
  }
}
