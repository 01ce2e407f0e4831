// SPDX-License-Identifier: Apache-2.0
// The Lease on a sick wire: partitions, refusals, slow answers, and somebody who deletes it.
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// How long a lease is, and when its holder gives it up, in seconds.
struct Times {
  const char* duration;
  const char* deadline;
};
constexpr Times kShort{"3", "2"};
/// One attempt may fail, and there is still time for more.
constexpr Times kLonger{"8", "6"};

/// Two replicas, of which the first leads by way of a proxy.
struct Pair {
  Times times;
  PluginTest clean;
  WorldProxy proxy;
  std::string ns = make_namespace("lease");
  AuditLog audit = world().audit();
  std::unique_ptr<OperatorProcess> first = start(proxy.admin(), "first");
  std::unique_ptr<OperatorProcess> second;

  explicit Pair(Times wanted) : times(wanted) {
    wait_leader("first");
    second = start(world().plane.kubeconfig(), "second");
  }

  [[nodiscard]] std::unique_ptr<OperatorProcess> start(const std::string& kubeconfig,
                                                       const std::string& identity) const {
    auto options = replica_options(kubeconfig, identity, ns);
    for (const auto& [name, value] : {std::pair{"lease-duration", times.duration},
                                      {"renew-deadline", times.deadline},
                                      {"retry-period", "1"}}) {
      options.arguments.push_back(fmt::format("--leader-election-{}={}", name, value));
    }
    auto made = std::make_unique<OperatorProcess>(options);
    made->wait_ready();
    return made;
  }
  [[nodiscard]] std::string lease() const {
    return "/apis/coordination.k8s.io/v1/namespaces/" + ns + "/leases/block-storage-operator";
  }
  void wait_leader(const std::string& identity) const {
    eventually(identity + " leads", [&]() -> Missing {
      const auto found = world().api.find(lease());
      const auto now = found ? found->at("spec").value("holderIdentity", "") : "";
      if (now == identity) return std::nullopt;
      return "\"" + now + "\" leads";
    });
  }
  [[nodiscard]] FaultProxy::Filter lease_writes() const {
    return match::write("", "/leases/block-storage-operator");
  }
  /// The first goes on leading, and nobody else has led.
  void check_still_first(std::chrono::milliseconds window) const {
    std::this_thread::sleep_for(window);
    wait_leader("first");
    CHECK(first->process().running());
    CHECK(second->lines({"leading"}).empty());
  }
};

}  // namespace

TEST_CASE("a leader that is cut off ends before the next one leads",
          "[fault][leadership][lease][own]") {
  Pair pair(kShort);
  create_plugin();
  wait_applied();
  SECTION("connections are refused") { pair.proxy.go_away(); }
  SECTION("nothing is answered any more") {
    pair.proxy.fall_silent(true);
    pair.proxy.cut_all();
  }
  SECTION("the lease alone cannot be written") {
    pair.proxy.on(pair.lease_writes(), [](Passage& p) { p.hang(); });
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(pair.first->process().wait(kPatience).code == 6);
  pair.wait_leader("second");
  CHECK(std::chrono::steady_clock::now() - start < 17s);
  CHECK_THAT(pair.first->log(), Contains("the lease was lost"));
  // What the second does now is its own.
  world().api.remove(kNodeDriver);
  wait_applied();
}

TEST_CASE("a lease that cannot be written now and then is kept",
          "[fault][leadership][lease][own]") {
  Pair pair(kLonger);
  SECTION("a conflict") {
    pair.proxy.on(
        pair.lease_writes(),
        [](Passage& p) { p.refuse(409, "Conflict", "the object has been modified"); }, 1);
  }
  SECTION("a server in trouble") {
    pair.proxy.on(
        pair.lease_writes(),
        [](Passage& p) { p.refuse(500, "InternalError", "etcdserver: leader changed"); }, 1);
  }
  SECTION("a server that is busy") {
    pair.proxy.on(
        pair.lease_writes(),
        [](Passage& p) { p.refuse(429, "TooManyRequests", "later", "Retry-After: 1\r\n"); }, 1);
  }
  SECTION("an answer that is lost") {
    pair.proxy.on(
        pair.lease_writes(),
        [](Passage& p) {
          p.forward();
          (void)p.read_all();
          p.reset();
        },
        1);
  }
  SECTION("a slow answer") {
    pair.proxy.on(
        pair.lease_writes(),
        [](Passage& p) {
          p.forward();
          p.wait(700ms);
          p.send_head();
          p.pass_on();
        },
        2);
  }
  pair.check_still_first(4s);
}

TEST_CASE("a lease that somebody deletes belongs to one of them afterwards",
          "[fault][leadership][lease][own]") {
  Pair pair(kLonger);
  world().api.remove(pair.lease());
  std::string leader;
  eventually("somebody leads", [&]() -> Missing {
    const auto found = world().api.find(pair.lease());
    if (found) leader = found->at("spec").value("holderIdentity", "");
    if (!leader.empty()) return std::nullopt;
    return "nobody";
  });
  if (leader == "first") return pair.check_still_first(3s);
  // It was faster: the other one has ended before it does anything else.
  CHECK(leader == "second");
  CHECK(pair.first->process().wait(kPatience).code == 6);
  CHECK_THAT(pair.first->log(), Contains("another replica has taken it"));
}
