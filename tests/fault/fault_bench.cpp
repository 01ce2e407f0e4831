// SPDX-License-Identifier: Apache-2.0
#include "fault/fault_bench.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/world.h"

namespace bso::test {

WorldProxy::WorldProxy()
    : FaultProxy(static_cast<std::uint16_t>(std::stoul(world().plane.setting("BSO_PORT"))),
                 world().plane.setting("BSO_CA")) {}

std::string WorldProxy::admin() { return kubeconfig(world().plane.setting("BSO_TOKEN_ADMIN")); }

FaultBench::FaultBench() : ns(make_namespace("fault")), options(config_maps(ns)) {
  options.backoff.initial = 80ms;
  options.backoff.cap = 3s;
}

void FaultBench::begin() {
  live_ = std::make_unique<LiveReflector>(options, proxy.admin());
  live_->begin();
}

void FaultBench::start(const std::string& kubeconfig) {
  live_ = std::make_unique<LiveReflector>(options, kubeconfig.empty() ? proxy.admin() : kubeconfig);
  live_->start();
}

void FaultBench::await_watch() {
  live_->until("the watch is open", [this] {
    return proxy.count([](const Exchange& e) { return e.is_watch() && e.status == 200; }) > 0;
  });
}

void FaultBench::settle() {
  await_watch();
  live_->turn(1100ms);
}

bool FaultBench::holds(const std::string& name) const { return live_->held.count({ns, name}) == 1; }

void FaultBench::wait_truth(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::string missing = "nothing looked at";
  while (true) {
    const auto now = truth(ns);
    missing = difference(live_->held, now);
    if (missing.empty()) break;
    if (std::chrono::steady_clock::now() > deadline) {
      throw TestFailure(fmt::format("not what etcd holds: {}; errors: {}", missing,
                                    fmt::join(live_->errors, "; ")));
    }
    live_->turn(50ms);
  }
  CHECK(live_->went_back.empty());
}

std::size_t most_attempts(const Backoff::Options& backoff, std::chrono::milliseconds within) {
  std::size_t attempts = 2;
  auto pause = backoff.initial;
  for (std::chrono::milliseconds used = pause; used <= within; used += pause) {
    ++attempts;
    pause = std::min(backoff.cap, std::chrono::milliseconds(static_cast<long>(
                                      static_cast<double>(pause.count()) * backoff.factor)));
  }
  return attempts;
}

std::string difference(const Picture& held, const Picture& truth) {
  std::vector<std::string> lines;
  for (const auto& [key, object] : truth) {
    const auto found = held.find(key);
    if (found == held.end()) {
      lines.push_back(fmt::format("{} is missing", key.second));
    } else if (!(found->second == object)) {
      lines.push_back(fmt::format("{} is {}@{} and not {}@{}", key.second, found->second.uid,
                                  found->second.version, object.uid, object.version));
    }
  }
  for (const auto& [key, object] : held) {
    if (truth.count(key) == 0) lines.push_back(fmt::format("{} does not exist", key.second));
  }
  return fmt::format("{}", fmt::join(lines, ", "));
}

}  // namespace bso::test
