// SPDX-License-Identifier: Apache-2.0
#include "runtime/lease_identity.h"

#include <catch2/catch.hpp>

using namespace bso::runtime;

TEST_CASE("a pod is the same after a restart of its container, another process of a host is not") {
  CHECK(lease_identity({.pod_name = "op-1", .pod_uid = "u-1", .host = "node", .random = 1}) ==
        std::string("op-1_u-1"));
  CHECK(lease_identity({.host = "node", .random = 0xAB}) == std::string("node_00000000000000ab"));
  CHECK(lease_identity({.pod_name = "op-1", .host = "node", .random = 1}) ==
        std::string("node_0000000000000001"));
  CHECK(lease_identity({.given = "mine", .pod_name = "op-1", .pod_uid = "u-1"}) ==
        std::string("mine"));
}

TEST_CASE("an identity that nobody can read is refused") {
  const auto given = GENERATE(std::string("two words"), std::string("new\nline"),
                              std::string("\xc3\xa4"), std::string(254, 'x'));
  const auto made = lease_identity({.given = given});
  REQUIRE_FALSE(made.has_value());
  CHECK_THAT(made.error().message, Catch::Contains("visible ASCII"));
}
