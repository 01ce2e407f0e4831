// SPDX-License-Identifier: Apache-2.0
// Everything at once, for as long as one likes: BSO_WALK_SECONDS (120), BSO_TEST_SEED (a fixed
// one).
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kSeed = 20'261'126;
constexpr auto kBetweenQuietPoints = 12s;
constexpr std::size_t kFewestQuietPoints = 4;
/// A reflector's longest pause is a minute (30 s and as much jitter); the rest is work.
constexpr auto kLongestPause = 150s;

std::chrono::seconds walk_length() {
  const char* given = std::getenv("BSO_WALK_SECONDS");
  return std::chrono::seconds(given == nullptr ? 120 : std::strtol(given, nullptr, 10));
}

unsigned walk_seed() { return std::getenv("BSO_TEST_SEED") == nullptr ? kSeed : seed(); }

/// What a process holds of the machine.
struct Holdings {
  std::size_t resident_kb = 0;
  std::size_t descriptors = 0;
};

Holdings holdings(pid_t pid) {
  Holdings found;
  std::istringstream status(read_file(fmt::format("/proc/{}/status", pid)));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) found.resident_kb = std::stoul(line.substr(6));
  }
  const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", pid));
  found.descriptors = static_cast<std::size_t>(std::distance(begin(all), end(all)));
  return found;
}

/// One reflector of several sorts, and what it should hold.
struct Walker {
  const char* name;
  bso::kube::Reflector::Options options;
  std::unique_ptr<LiveReflector> live;
};

class Walk {
 public:
  Walk() : random_(walk_seed()) {
    auto options = config_maps(namespaces_[0]);
    options.backoff.initial = 80ms;
    options.backoff.cap = 2s;
    options.min_watch_timeout = 4s;
    options.idle_margin = 2s;
    walkers_.push_back({"protobuf", options, nullptr});
    options.resource.protobuf = false;
    walkers_.push_back({"JSON", options, nullptr});
    options.paged = true;
    walkers_.push_back({"in pages", options, nullptr});
    options.paged = false;
    options.resource.protobuf = true;
    options.ns = namespaces_[1];
    walkers_.push_back({"protobuf, another namespace", options, nullptr});
    for (auto& walker : walkers_) restart(walker);
  }

  void step() {
    if (one_in(30)) {
      // The operator's own pauses are client-go's, and grow to half a minute: it meets fewer
      // faults.
      fault(one_in(5) ? operator_proxy_ : proxy_);
    } else if (one_in(6)) {
      change_pods();
    } else {
      change_maps();
    }
    turn(3ms);
  }

  /// All faults end; then everything has to be so as etcd has it.
  void quiet_point(Clock::duration since_start) {
    for (auto* proxy : {&proxy_, &operator_proxy_}) {
      proxy->heal();
      proxy->fall_silent(false);
      proxy->come_back();
    }
    held_back_ = false;
    const auto begun = Clock::now();
    for (auto& walker : walkers_) wait_truth(walker);
    for (const auto& pod : pods_) {
      if (!pod) continue;
      eventually(
          pod->name + " is annotated",
          [&]() -> Missing {
            if (annotations(*pod).sentence.find(holder_.name) != std::string::npos) {
              return std::nullopt;
            }
            return "not yet";
          },
          kLongestPause);
    }
    eventually(
        "the operator is ready",
        [&]() -> Missing {
          const auto answer = operator_.ask("/readyz");
          if (answer.ok()) return std::nullopt;
          return answer.body;
        },
        kLongestPause);
    REQUIRE(operator_.process().running());
    holdings_.push_back(holdings(operator_.process().pid()));
    own_.push_back(holdings(::getpid()));
    std::cout
        << fmt::format(
               "{:4} s: in step after {:.1f} s; {} changes, {} faults, {} requests; operator {} "
               "KiB, {} descriptors; test {} KiB, {} descriptors",
               std::chrono::duration_cast<std::chrono::seconds>(since_start).count(),
               std::chrono::duration<double>(Clock::now() - begun).count(), changes_, faults_,
               proxy_.exchanges().size() + operator_proxy_.exchanges().size(),
               holdings_.back().resident_kb, holdings_.back().descriptors, own_.back().resident_kb,
               own_.back().descriptors)
        << std::endl;
    proxy_.forget_exchanges();
    operator_proxy_.forget_exchanges();
  }

  [[nodiscard]] std::size_t quiet_points() const { return holdings_.size(); }

  /// Nothing grows. The first third is for warming up.
  void check_flat() const {
    const auto warm = holdings_.begin() + static_cast<long>((holdings_.size() + 2) / 3);
    const auto most = [](auto from, auto to, auto member) {
      return (*std::max_element(from, to,
                                [member](const Holdings& a, const Holdings& b) {
                                  return a.*member < b.*member;
                                })).*
             member;
    };
    const auto resident = &Holdings::resident_kb;
    const auto descriptors = &Holdings::descriptors;
    INFO("memory at first " << most(holdings_.begin(), warm, resident) << " KiB, at the end "
                            << holdings_.back().resident_kb << " KiB");
    if (kMemoryIsOurs) {
      CHECK(holdings_.back().resident_kb <=
            most(holdings_.begin(), warm, resident) * 11 / 10 + 1024);
    }
    // Idle connections for calls come and go; watches are as many as there are kinds.
    CHECK(holdings_.back().descriptors <= most(holdings_.begin(), warm, descriptors) + 4);
  }

 private:
  bool one_in(int many) { return below(many) == 0; }
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  std::chrono::milliseconds up_to(std::chrono::milliseconds most) {
    return std::chrono::milliseconds(below(static_cast<int>(most.count())));
  }

  void turn(std::chrono::milliseconds time) {
    for (auto& walker : walkers_) walker.live->turn(time);
  }
  void turn_for(std::chrono::milliseconds time) {
    for (const auto end = Clock::now() + time; Clock::now() < end;) turn(5ms);
  }

  void restart(Walker& walker) {
    walker.live.reset();
    walker.live = std::make_unique<LiveReflector>(walker.options, proxy_.admin());
    walker.live->begin();
  }

  void change_maps() {
    ++changes_;
    const auto& ns = namespaces_[static_cast<std::size_t>(below(2))];
    const auto name = fmt::format("map-{}", below(25));
    const auto path = maps_of(ns) + "/" + name;
    const Json metadata{{"name", name}, {"labels", {{"select", std::to_string(changes_)}}}};
    switch (below(4)) {
      case 0:
        (void)world().api.call("DELETE", path);
        break;
      case 1:
        // As a controller that replaces a thing: the same name again, at once.
        (void)world().api.call("DELETE", path);
        [[fallthrough]];
      case 2:
        (void)world().api.call(
            "POST", maps_of(ns),
            Json{{"metadata", metadata},
                 {"data", {{"text", std::string(static_cast<std::size_t>(below(3000)), 'x')}}}});
        break;
      default:
        (void)world().api.call("PATCH", path,
                               Json{{"metadata", {{"labels", {{"select", "x"}}}}},
                                    {"data", {{"count", std::to_string(changes_)}}}},
                               "application/merge-patch+json");
    }
  }

  void change_pods() {
    ++changes_;
    const auto number = static_cast<std::size_t>(below(static_cast<int>(pods_.size())));
    auto& pod = pods_[number];
    if (pod) {
      scene_.remove(*pod);
      pod.reset();
    } else {
      pod = scene_.add_pod(
          {.name = fmt::format("waiting-{}", number), .node = node_, .claim = "data"});
      scene_.add_mount_refused(*pod, node_, volume_, holder_.uid);
    }
  }

  void fault(WorldProxy& proxy) {
    ++faults_;
    switch (below(14)) {
      case 0:
      case 1:
        return proxy.cut_all();
      case 2:
        proxy.go_away();
        turn_for(up_to(2s));
        return proxy.come_back();
      case 3:
        proxy.fall_silent(true);
        proxy.cut_all();
        turn_for(up_to(1500ms));
        return proxy.fall_silent(false);
      case 4:
        return proxy.on(
            match::watch(), [](Passage& p) { p.refuse(410, "Expired"); }, 1 + below(3));
      case 5:
        return proxy.on(
            match::list(), [](Passage& p) { p.refuse(500, "InternalError"); }, 1 + below(3));
      case 6:
        return proxy.on(
            match::anything(),
            [](Passage& p) { p.refuse(429, "TooManyRequests", "later", "Retry-After: 1\r\n"); },
            1 + below(5));
      case 7:
        return proxy.on(
            match::watch(),
            [](Passage& p) {
              p.forward();
              p.send_head();
              const auto event = p.read_event();
              p.send_chunk(event.substr(0, event.size() / 2));
              p.reset();
            },
            1 + below(3));
      case 8:
        return proxy.on(
            match::watch(),
            [](Passage& p) {
              p.forward();
              p.send_head();
              for (int i = 0; i < 5; ++i) p.send_chunk(p.read_event(), 7);
              p.pass_on();
            },
            1 + below(3));
      case 9:
        held_back_ = true;
        return proxy.on(
            match::watch(),
            [this](Passage& p) {
              p.forward();
              p.send_head();
              const auto end = Clock::now() + 3s;
              p.wait_until([&] { return !held_back_ || Clock::now() > end; });
              p.pass_on();
            },
            2);
      case 10:
        // The answer to a write is lost.
        return proxy.on(
            match::write(),
            [](Passage& p) {
              p.forward();
              (void)p.read_all();
              p.reset();
            },
            1);
      case 11:
        return world().plane.compact_etcd();
      case 12:
        return restart(
            walkers_[static_cast<std::size_t>(below(static_cast<int>(walkers_.size())))]);
      default:
        // Rarely: it takes seconds in which nothing else happens.
        if (!one_in(3)) return proxy.cut_all();
        world().plane.kill_apiserver();
        turn_for(up_to(1s));
        world().plane.restart_apiserver();
        if (one_in(2)) world().plane.compact_etcd();
    }
  }

  void wait_truth(Walker& walker) {
    const auto deadline = Clock::now() + 60s;
    for (std::string missing = "?"; !missing.empty();) {
      turn(10ms);
      missing = difference(walker.live->held, truth(walker.options.ns));
      if (missing.empty()) break;
      if (Clock::now() > deadline) {
        throw TestFailure(
            fmt::format("{}: not what etcd holds: {}; the last error: {}", walker.name, missing,
                        walker.live->errors.empty() ? "none" : walker.live->errors.back()));
      }
    }
    INFO(walker.name);
    CHECK(walker.live->went_back.empty());
    walker.live->journal.clear();
    walker.live->errors.clear();
  }

  std::mt19937 random_;
  std::array<std::string, 2> namespaces_{make_namespace("walk"), make_namespace("walk")};
  WorldProxy proxy_;
  WorldProxy operator_proxy_;
  std::atomic<bool> held_back_ = false;
  std::vector<Walker> walkers_;

  Scene scene_{"walk"};
  std::string node_ = scene_.add_node("node");
  std::string volume_ = scene_.add_flex_claim("data");
  ScenePod holder_ =
      scene_.add_pod({.name = "holder", .node = node_, .claim = "data", .running = true});
  std::array<std::optional<ScenePod>, 8> pods_;
  OperatorProcess operator_{operator_options(operator_proxy_.admin())};

  int changes_ = 0;
  int faults_ = 0;
  std::vector<Holdings> holdings_;
  std::vector<Holdings> own_;
};

}  // namespace

TEST_CASE("a random walk through changes, restarts and faults", "[fault][walk][own]") {
  std::cout << "BSO_TEST_SEED=" << walk_seed() << " BSO_WALK_SECONDS=" << walk_length().count()
            << std::endl;
  install_crd();
  Walk walk;
  const auto start = Clock::now();
  const auto end = start + walk_length();
  while (Clock::now() < end || walk.quiet_points() < kFewestQuietPoints) {
    const auto next = Clock::now() + kBetweenQuietPoints;
    while (Clock::now() < next) walk.step();
    walk.quiet_point(Clock::now() - start);
  }
  walk.check_flat();
}
