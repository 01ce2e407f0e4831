// SPDX-License-Identifier: Apache-2.0
// The operator's writes: cut off after any of them, not answered, refused, or raced by others.
#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/stage.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// What changes the cluster. Events tell of it, and are told again by an operator that starts anew.
bool is_work(const Exchange& exchange) {
  return exchange.is_write() && exchange.target.find("/events") == std::string::npos;
}

/// Nothing is written any more: what should be so is so.
void check_quiet(AuditLog& audit, std::chrono::milliseconds window = 1500ms) {
  const auto work = [](const AuditEntry& entry) {
    return is_operator_write(entry) && entry.resource != "events" && entry.code < 300;
  };
  // What follows from the last change, a count of volumes for one, may still be on its way.
  wait_silent(audit, work, 1500ms);
  stays_silent(audit, work, window);
}

/// Lets the operator do one write after the other, and kills it after each, before it hears of the
/// answer. Returns after how many it had nothing left to write.
int kill_after_each_write(WorldProxy& proxy, const std::function<bool()>& done) {
  constexpr int kTooMany = 120;
  const auto options = operator_options(proxy.admin());
  for (int writes = 0; writes < kTooMany; ++writes) {
    std::atomic<bool> written = false;
    proxy.on(
        is_work,
        [&written](Passage& p) {
          p.forward();
          (void)p.read_all();
          written = true;
          p.hang();
        },
        1);
    OperatorProcess op(options);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    auto quiet_since = std::chrono::steady_clock::now();
    while (!written) {
      std::this_thread::sleep_for(2ms);
      const auto now = std::chrono::steady_clock::now();
      if (!done()) quiet_since = now;
      if (now - quiet_since > 1s) {
        op.kill();
        proxy.heal();
        return writes;
      }
      if (now > deadline) throw TestFailure("neither another write nor the end");
    }
    op.kill();
  }
  throw TestFailure(fmt::format("{} writes, and no end", kTooMany));
}

/// A fault of a write, as a server, an admission plug-in or a race gives it.
struct Refusal {
  const char* name;
  int code;
  const char* reason;
  const char* message;
  const char* said;  ///< what the condition tells; "" when it is tried again without a word
};

}  // namespace

TEST_CASE("cut off after any write, the operator comes to the same end",
          "[fault][intermediate state][own]") {
  const auto& wanted = undisturbed_picture();
  const Stage stage;
  WorldProxy proxy;
  const auto installed = kill_after_each_write(proxy, [&] {
    const auto status = plugin().value("status", Json::object());
    return status.value("phase", "") == wanted.at("status").at("phase") &&
           !annotations(stage.waiting[0]).none() && !annotations(stage.waiting[1]).none();
  });
  std::cout << "killed after each of " << installed << " writes of an installation\n";
  CHECK(installed >= static_cast<int>(managed_paths().size()));
  auto audit = world().audit();
  OperatorProcess op(operator_options(proxy.admin()));
  stage.wait_converged();
  op.wait_ready();
  stage.wait_picture(wanted);
  check_quiet(audit);
}

TEST_CASE("cut off after any write of a removal, the operator goes on with it",
          "[fault][intermediate state][own]") {
  const PluginTest clean;
  WorldProxy proxy;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
  }
  const auto gone = [] { return !world().api.find(item(kPlugins, "ibmc-block")); };
  (void)world().kubectl.run({"delete", "blockstorageplugin", "ibmc-block", "--wait=false"});
  const auto removed = kill_after_each_write(proxy, gone);
  std::cout << "killed after each of " << removed << " writes of a removal\n";
  CHECK(removed >= static_cast<int>(managed_paths().size()));
  for (const auto& path : managed_paths()) {
    INFO(path);
    CHECK_FALSE(world().api.find(path));
  }
}

TEST_CASE("a write whose answer is lost is not lost, and not doubled",
          "[fault][intermediate state][own]") {
  const auto& wanted = undisturbed_picture();
  const Stage stage;
  WorldProxy proxy;
  std::mutex mutex;
  std::map<std::string, int> writes;
  proxy.on(is_work, [&](Passage& p) {
    const auto path = p.request().target.substr(0, p.request().target.find('?'));
    bool first = false;
    {
      const std::lock_guard lock(mutex);
      first = ++writes[path] == 1;
    }
    p.forward();
    if (first) {
      (void)p.read_all();
      p.reset();
    }
    p.send_head();
    p.pass_on();
  });
  auto audit = world().audit();
  OperatorProcess op(operator_options(proxy.admin()));
  // A lost answer costs each object a second before its apply is tried again.
  wait_applied(std::chrono::minutes(2));
  stage.wait_converged();
  stage.wait_picture(wanted);
  check_quiet(audit);
  const std::lock_guard lock(mutex);
  for (const auto& [path, count] : writes) {
    INFO(path);
    // Statuses are written as things happen; anything else once, and once more after the loss.
    if (path.find("/status") == std::string::npos) CHECK(count <= 2);
  }
}

TEST_CASE("writes that are refused are told of, tried again, and come through in the end",
          "[fault][write conflicts][own]") {
  static const std::vector<Refusal> refusals{
      {"somebody else was faster", 409, "Conflict",
       "Operation cannot be fulfilled on storageclasses \"ibmc-block-gold\": the object has been "
       "modified; please apply your changes to the latest version and try again",
       ""},
      {"an admission webhook", 400, "BadRequest",
       "admission webhook \"policy.example.com\" denied the request: not on my cluster",
       "policy.example.com"},
      {"a quota", 403, "Forbidden",
       "storageclasses \"ibmc-block-gold\" is forbidden: exceeded quota: few-classes",
       "few-classes"},
      {"a field that cannot be changed", 422, "Invalid",
       "StorageClass \"ibmc-block-gold\" is invalid: parameters: Forbidden: updates to parameters "
       "are forbidden",
       "updates to parameters are forbidden"},
      {"a server in trouble", 500, "InternalError", "etcdserver: request timed out", ""},
      {"a server that is busy", 429, "TooManyRequests", "too many requests", ""},
  };
  for (const auto& refusal : refusals) {
    INFO(refusal.name);
    const PluginTest clean;
    WorldProxy proxy;
    std::atomic<bool> refusing = true;
    std::atomic<int> refused = 0;
    proxy.on(match::write("PATCH", "storageclasses/ibmc-block-gold"), [&](Passage& p) {
      if (!refusing) {
        p.forward();
        p.send_head();
        p.pass_on();
        return;
      }
      ++refused;
      p.refuse(refusal.code, refusal.reason, refusal.message);
    });
    auto audit = world().audit();
    OperatorProcess op(operator_options(proxy.admin()));
    create_plugin();
    const bool told = *refusal.said != '\0';
    eventually("the write was tried", [&]() -> Missing {
      if (refused >= (told ? 1 : 2)) return std::nullopt;
      return std::to_string(refused.load());
    });
    if (told) {
      eventually("the status tells", [&]() -> Missing {
        const auto text = plugin().value("status", Json::object()).dump();
        if (text.find(refusal.said) != std::string::npos) return std::nullopt;
        return text;
      });
    }
    // What is not concerned is there.
    eventually("the other classes are there", [&]() -> Missing {
      if (world().api.find(item(kClasses, "ibmc-block-silver"))) return std::nullopt;
      return "no silver";
    });
    CHECK_FALSE(world().api.find(item(kClasses, "ibmc-block-gold")));
    refusing = false;
    // What only a person can mend is looked at again every 30 s, or when something is touched.
    if (told && &refusal != &refusals[1]) {
      world().api.merge(item(kPlugins, "ibmc-block"),
                        {{"metadata", {{"annotations", {{"example.com/mended", "yes"}}}}}});
    }
    eventually(
        "it came through",
        [&]() -> Missing {
          if (world().api.find(item(kClasses, "ibmc-block-gold"))) return std::nullopt;
          return "no gold";
        },
        45s);
    wait_applied();
    check_quiet(audit);
    // One for each attempt, not a stream of them.
    CHECK(refused <= 40);
    uninstall_plugin();
  }
}

TEST_CASE("an object that goes between a look and a write is made anew",
          "[fault][write conflicts][own]") {
  const PluginTest clean;
  WorldProxy proxy;
  OperatorProcess op(operator_options(proxy.admin()));
  create_plugin();
  wait_applied();
  std::atomic<int> raced = 0;
  proxy.on(
      match::write("PATCH", "daemonsets/ibmcloud-block-storage-driver"),
      [&](Passage& p) {
        ++raced;
        world().api.remove(kNodeDriver);
        p.forward();
        p.send_head();
        p.pass_on();
      },
      1);
  world().api.merge(kNodeDriver,
                    {{"metadata", {{"labels", {{"app.kubernetes.io/part-of", "me"}}}}}});
  eventually("the write was raced", [&]() -> Missing {
    if (raced > 0) return std::nullopt;
    return "not yet";
  });
  wait_applied();
  eventually("the label is ours", [&]() -> Missing {
    const auto labels = world().api.get(kNodeDriver).at("metadata").at("labels");
    if (labels.value("app.kubernetes.io/part-of", "") == "ibmc-block") return std::nullopt;
    return labels.dump();
  });
}

TEST_CASE("a finalizer that others race is given up, and theirs stand",
          "[fault][finalizers][own]") {
  const PluginTest clean;
  WorldProxy proxy;
  OperatorProcess op(operator_options(proxy.admin()));
  create_plugin();
  wait_applied();
  const auto path = item(kPlugins, "ibmc-block");
  std::atomic<int> raced = 0;
  // Between the operator's look and its write somebody adds a finalizer of their own.
  proxy.on(
      [](const Exchange& e) {
        return e.is_write() &&
               e.target.find("blockstorageplugins/ibmc-block") != std::string::npos &&
               e.body.find("finalizers") != std::string::npos;
      },
      [&](Passage& p) {
        ++raced;
        world().api.merge(path, {{"metadata",
                                  {{"annotations", {{"example.com/race", "1"}}},
                                   {"finalizers", {"blockstorage.dev/uninstall"}}}}});
        p.forward();
        p.send_head();
        p.pass_on();
      },
      1);
  SECTION("deleted in the background") {
    (void)world().kubectl.run({"delete", "blockstorageplugin", "ibmc-block", "--wait=false"});
  }
  SECTION("deleted in the foreground") {
    (void)world().kubectl.run(
        {"delete", "blockstorageplugin", "ibmc-block", "--wait=false", "--cascade=foreground"});
    // The garbage collector, which does not run here, would give up its finalizer when nothing is
    // owned any more.
    eventually("only the garbage collector's is left", [&]() -> Missing {
      const auto found = world().api.find(path);
      if (!found) return std::nullopt;
      const auto left = found->at("metadata").value("finalizers", Json::array());
      if (left == Json{"foregroundDeletion"}) {
        world().api.remove(path);
        return std::nullopt;
      }
      return left.dump();
    });
  }
  SECTION("deleted with its dependants orphaned") {
    (void)world().kubectl.run(
        {"delete", "blockstorageplugin", "ibmc-block", "--wait=false", "--cascade=orphan"});
    eventually("only the garbage collector's is left", [&]() -> Missing {
      const auto found = world().api.find(path);
      if (!found) return std::nullopt;
      const auto left = found->at("metadata").value("finalizers", Json::array());
      if (left == Json{"orphan"}) {
        world().api.remove(path);
        return std::nullopt;
      }
      return left.dump();
    });
  }
  eventually("it is gone", [&]() -> Missing {
    if (world().api.find(path)) return "still there";
    return std::nullopt;
  });
  CHECK(raced == 1);
  for (const auto& object : managed_paths()) CHECK_FALSE(world().api.find(object));
  // And it does not come back.
  auto audit = world().audit();
  check_quiet(audit);
  CHECK_FALSE(world().api.find(path));
}

TEST_CASE("a plug-in deleted while the operator was away goes when it is back",
          "[fault][finalizers][own]") {
  const PluginTest clean;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
  }
  (void)world().kubectl.run({"delete", "blockstorageplugin", "ibmc-block", "--wait=false"});
  CHECK(world().api.find(item(kPlugins, "ibmc-block")));
  CHECK(world().api.find(kNodeDriver));
  OperatorProcess op(operator_options());
  eventually("it is gone", [&]() -> Missing {
    if (world().api.find(item(kPlugins, "ibmc-block"))) return "still there";
    return std::nullopt;
  });
  for (const auto& object : managed_paths()) CHECK_FALSE(world().api.find(object));
}
