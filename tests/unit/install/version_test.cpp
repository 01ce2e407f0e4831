// SPDX-License-Identifier: Apache-2.0
#include "install/version.h"

#include <compare>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

using bso::install::compare_versions;

TEST_CASE("versions are ordered as semver.org has it") {
  const std::vector<std::string> ascending{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                           "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                           "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                                           "1.2.0",       "1.10.0",        "2.5.4",
                                           "2.5.26",      "10.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      INFO(ascending[i] << " and " << ascending[j]);
      CHECK(is_lt(compare_versions(ascending[i], ascending[j])) == (i < j));
      CHECK(is_eq(compare_versions(ascending[i], ascending[j])) == (i == j));
    }
  }
  CHECK(is_eq(compare_versions("v2.5.26", "2.5.26")));
  CHECK(is_eq(compare_versions("2.5.26+build.7", "2.5.26")));
  CHECK(is_eq(compare_versions("2.5", "2.5.0")));
  CHECK(is_lt(compare_versions("", "2.5.0")));
}
