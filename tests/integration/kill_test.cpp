// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "integration/stage.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKills = 10;

}  // namespace

TEST_CASE("kill -9 at any moment leads to the same end", "[lifecycle][own]") {
  Json undisturbed;
  std::chrono::milliseconds length{};
  {
    const Stage stage;
    const auto start = Clock::now();
    OperatorProcess op(operator_options());
    stage.wait_converged();
    length = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    undisturbed = stage.picture();
  }
  const unsigned chosen = seed();
  std::cout << "converged in " << length.count() << " ms; BSO_TEST_SEED=" << chosen << '\n';
  INFO("BSO_TEST_SEED=" << chosen);
  std::mt19937 random(chosen);
  std::uniform_int_distribution<long> moment(0, length.count());

  const Stage stage;
  // As a container that is restarted in its pod: the same again, it need not wait for its own
  // lease.
  const auto options =
      replica_options(world().plane.kubeconfig(), "the-pod_its-uid", stage.scene.ns());
  for (int round = 0; round < kKills; ++round) {
    OperatorProcess op(options);
    // Any moment will do; that it is a random one is the point.
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    op.kill();
  }
  OperatorProcess op(options);
  stage.wait_converged();
  op.wait_ready();
  stage.wait_picture(undisturbed);
}
