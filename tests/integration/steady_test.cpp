// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/cluster_picture.h"
#include "integration/metrics_of.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

/// Debian's libfaketime: the program's clocks and timers run this many times as fast. Faster, and
/// an answer that takes a busy server a second would come after the program's time-out of 30 s.
constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
constexpr int kSpeed = 20;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// Plug-ins in every state that lasts: one that is installed, and others that wait for somebody.
std::vector<std::string> create_many() {
  create_plugin({{"reconcile", {{"resyncSeconds", 30}}}});
  std::vector<std::string> names{"ibmc-block"};
  const std::map<std::string, Json> others{
      {"faulty", {{"images", {{"registry", "https://example.com"}}}}},
      {"no-such-driver", {{"driver", {{"name", "no-such-driver"}}}}},
      {"paused", {{"reconcile", {{"mode", "Paused"}, {"resyncSeconds", 30}}}}},
      {"planned", {{"reconcile", {{"mode", "Plan"}, {"resyncSeconds", 30}}}}},
      {"unmanaged", {{"managementState", "Unmanaged"}, {"reconcile", {{"resyncSeconds", 30}}}}},
  };
  for (const auto& [name, spec] : others) {
    create_plugin(spec, name);
    names.push_back(name);
  }
  return names;
}

void wait_all_settled(const std::vector<std::string>& names) {
  for (const auto& name : names) wait_settled(name);
}
#endif

std::string histogram(const std::vector<AuditEntry>& entries) {
  std::map<std::string, int> count;
  for (const auto& entry : entries) ++count[entry.verb + " " + entry.resource];
  std::string text;
  for (const auto& [what, times] : count) text += fmt::format("  {:4} {}\n", times, what);
  return text;
}

}  // namespace

TEST_CASE("an hour without a change is an hour without a write", "[steady][own][row-21][row-34]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("a sanitizer has to be the first library of a program, and so has the one that fakes time");
#else
  REQUIRE(std::filesystem::exists(kFakeTime));
  const PluginTest clean;
  auto options = operator_options();
  options.environment["LD_PRELOAD"] = fmt::format("{}:{}", BSO_DUE_TIMERS, kFakeTime);
  options.environment["FAKETIME"] = fmt::format("+0 x{}", kSpeed);
  OperatorProcess op(std::move(options));
  op.wait_ready();
  const auto names = create_many();
  wait_all_settled(names);
  play_workloads(2, 2);
  wait_all_settled(names);

  auto audit = world().audit();
  const auto before = reconciles(op);
  constexpr std::chrono::seconds hour{3600 / kSpeed};
  stays_silent(audit, is_operator_write, hour);
  const auto looked = reconciles(op) - before;
  std::cout << looked << " reconciles and no write in an hour of the operator's time\n";
  // The plug-in that is installed alone has a resync of 30 s, 120 times an hour. Half of that is
  // left for a busy machine; those that are refused are looked at every ten minutes.
  CHECK(looked > 60);
#endif
}

TEST_CASE("what an installation and a look at it cost", "[steady][figures][own]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  op.wait_ready();
  auto audit = world().audit();
  const auto by_operator = [](const AuditEntry& entry) {
    return entry.by_operator() && entry.verb != "watch" && entry.resource != "events" &&
           entry.resource.find("lease") == std::string::npos;
  };
  create_plugin({{"reconcile", {{"resyncSeconds", 30}}}});
  wait_settled();
  const auto installed = audit.entries(by_operator);
  const auto objects = managed_paths().size();
  std::cout << "first installation of ibmc-block, " << objects << " objects: " << installed.size()
            << " requests\n"
            << histogram(installed);
  std::size_t applies = 0;
  for (const auto& entry : installed) {
    if (entry.verb == "patch" && entry.resource.find("blockstorageplugins") != 0) ++applies;
  }
  CHECK(applies == objects);

  play_workloads(2, 2);
  wait_settled();
  const auto before = reconciles(op);
  auto quiet = world().audit();
  // An annotation of the plug-in is a reason to look, and nothing to change.
  constexpr int looks = 20;
  for (int i = 0; i < looks; ++i) {
    const auto seen = reconciles(op);
    world().api.merge(item(kPlugins, "ibmc-block"),
                      {{"metadata", {{"annotations", {{"example.com/look", std::to_string(i)}}}}}});
    eventually("it is looked at", [&]() -> Missing {
      if (reconciles(op) > seen) return std::nullopt;
      return "not yet";
    });
  }
  const auto requests = quiet.entries(by_operator);
  std::cout << reconciles(op) - before << " reconciles with nothing to change: " << requests.size()
            << " requests\n"
            << histogram(requests);
  CHECK(requests.empty());
}
