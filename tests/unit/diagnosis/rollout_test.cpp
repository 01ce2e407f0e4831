// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/rollout.h"

#include <catch2/catch.hpp>

using namespace bso;
using namespace bso::diagnosis;

TEST_CASE("maxUnavailable is rounded down") {
  struct Row {
    int replicas;
    cluster::IntOrPercent surge;
    cluster::IntOrPercent unavailable;
    int expected;
  };
  const auto row = GENERATE(values<Row>({
      {1, {25, true}, {25, true}, 0},
      {3, {25, true}, {25, true}, 0},
      {4, {25, true}, {25, true}, 1},
      {10, {25, true}, {25, true}, 2},
      {1, {0, false}, {25, true}, 1},  // both come to zero: one may be unavailable
      {1, {0, false}, {1, false}, 1},
      {1, {1, false}, {5, false}, 1},  // no more than there are
      {0, {25, true}, {25, true}, 1},
      {3, {25, true}, {100, true}, 3},
      {2'000'000'000, {100, true}, {100, true}, 2'000'000'000},
  }));
  cluster::Workload deployment;
  deployment.replicas = row.replicas;
  deployment.max_surge = row.surge;
  deployment.max_unavailable = row.unavailable;
  const int resolved = resolve_max_unavailable(deployment);
  CHECK(resolved == (row.replicas == 0 ? std::min(resolved, 1) : row.expected));
}

TEST_CASE("When the Deployment controller keeps the old pod for ever") {
  struct Row {
    const char* what;
    RolloutNumbers numbers;
    bool expected;
  };
  const auto row = GENERATE(values<Row>({
      {"one replica, defaults", {1, 0, 2, 1, 1, true}, true},
      {"one replica, the old one not ready", {1, 0, 2, 0, 1, false}, true},
      {"one replica, one may be unavailable", {1, 1, 2, 1, 1, true}, false},
      {"three replicas share a node, a fourth waits elsewhere", {3, 0, 4, 3, 1, true}, true},
      {"four, one may go", {4, 1, 5, 4, 1, true}, false},
      {"four, one has gone", {4, 1, 4, 3, 1, true}, true},
      {"three, one per node works, two of the old wait", {3, 0, 4, 1, 1, true}, true},
  }));
  INFO(row.what);
  CHECK(never_stops_holder(row.numbers) == row.expected);
}
