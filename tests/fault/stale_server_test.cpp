// SPDX-License-Identifier: Apache-2.0
// A server that has fallen behind: a second kube-apiserver whose connection to etcd stands still.
#include <algorithm>
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
}

/// Another kube-apiserver on the etcd of world(). It can be cut off from etcd, and then serves from
/// its cache what was so before.
class SecondServer {
 public:
  SecondServer() : etcd_(port_of(world().plane.setting("BSO_ETCD_URL"))) {
    const auto& plane = world().plane;
    Process::Options options;
    options.argv = {plane.setting("BSO_BINARIES") + "/kube-apiserver",
                    fmt::format("--etcd-servers=http://127.0.0.1:{}", etcd_.port()),
                    "--service-cluster-ip-range=10.0.0.0/24",
                    "--allow-privileged=true",
                    "--disable-admission-plugins=ServiceAccount",
                    "--authorization-mode=RBAC",
                    fmt::format("--secure-port={}", port_),
                    "--insecure-port=0",
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    "--cert-dir=" + directory_.path(),
                    "--tls-cert-file=" + plane.file("server.crt"),
                    "--tls-private-key-file=" + plane.file("server.key"),
                    "--service-account-issuer=" + plane.setting("BSO_URL") + "/",
                    "--service-account-key-file=" + plane.file("sa.pub"),
                    "--service-account-signing-key-file=" + plane.file("sa.key"),
                    "--client-ca-file=" + plane.file("ca.crt"),
                    "--token-auth-file=" + plane.file("tokens.csv")};
    options.output_path = directory_.file("log");
    process_ = std::make_unique<Process>(std::move(options));
    eventually(
        "the second kube-apiserver is ready",
        [&]() -> Missing {
          if (!process_->running()) throw Hopeless(read_file(directory_.file("log")));
          const auto answer = curl("/readyz");
          if (answer == "ok") return std::nullopt;
          return answer;
        },
        60s);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void stall(bool stalled) { etcd_.stall(stalled); }
  /// What it answers to a GET.
  [[nodiscard]] std::string curl(const std::string& path) const {
    Process::Options options;
    options.argv = {"curl",
                    "-s",
                    "--noproxy",
                    "*",
                    "--max-time",
                    "5",
                    "--cacert",
                    world().plane.file("ca.crt"),
                    "-H",
                    "Authorization: Bearer " + world().plane.setting("BSO_TOKEN_ADMIN"),
                    fmt::format("https://127.0.0.1:{}{}", port_, path)};
    return run(std::move(options), 10s).output;
  }

 private:
  Relay etcd_;
  TemporaryDirectory directory_;
  std::uint16_t port_ = port_of(world().plane.setting("BSO_URL")) + 7;
  std::unique_ptr<Process> process_;
};

}  // namespace

TEST_CASE("a server that has fallen behind does not bring back what is gone",
          "[fault][stale state][own]") {
  SecondServer behind;
  FaultBench bench;
  for (const char* name : {"gone", "again", "stays"}) create(bench.ns, name);
  eventually("the second server knows them", [&]() -> Missing {
    const auto list = behind.curl(maps_of(bench.ns) + "?resourceVersion=0");
    if (list.find("\"stays\"") != std::string::npos) return std::nullopt;
    return list;
  });
  bench.start();
  bench.wait_truth();
  behind.stall(true);

  remove(bench.ns, "gone");
  remove(bench.ns, "again");
  create(bench.ns, "again");
  label(bench.ns, "stays", "1");
  bench.wait_truth();
  const auto now = bench.live().held;
  bench.live().journal.clear();

  bench.proxy.lead_to(behind.port());
  SECTION("the watch is resumed there") { bench.proxy.cut_all(); }
  SECTION("a list is asked for there") {
    bench.proxy.on(
        match::watch(bench.ns), [](Passage& p) { p.refuse(410, "Expired"); }, 1);
    bench.proxy.cut_all();
  }
  bench.live().turn(6s);
  CHECK(bench.live().held == now);
  CHECK(bench.live().journal.empty());
  // It does serve the past to whoever takes it.
  CHECK(behind.curl(maps_of(bench.ns) + "?resourceVersion=0").find("\"gone\"") !=
        std::string::npos);

  behind.stall(false);
  create(bench.ns, "new");
  bench.wait_truth(90s);
}

TEST_CASE("a list that is older than what was seen is not believed", "[fault][stale state][own]") {
  FaultBench bench;
  for (const char* name : {"gone", "again", "stays"}) create(bench.ns, name);
  std::string head;
  std::string old;
  // The first list, kept to be told again: a cache between, or a server that was restored.
  bench.proxy.on(
      match::list(bench.ns),
      [&](Passage& p) {
        head = p.forward().text;
        old = p.read_all();
        p.send(fmt::format("{}Content-Length: {}\r\n\r\n{}", head, old.size(), old));
      },
      1);
  bench.start();
  remove(bench.ns, "gone");
  remove(bench.ns, "again");
  create(bench.ns, "again");
  bench.wait_truth();
  bench.live().journal.clear();
  bench.proxy.on(
      match::watch(bench.ns), [](Passage& p) { p.refuse(410, "Expired"); }, 1);
  bench.proxy.on(
      match::list(bench.ns),
      [&](Passage& p) {
        p.send(fmt::format("{}Content-Length: {}\r\n\r\n{}", head, old.size(), old));
      },
      1);
  const auto lists = bench.live().reflector().stats().lists;
  bench.proxy.cut_all();
  label(bench.ns, "stays", "1");
  bench.wait_truth();
  const auto& journal = bench.live().journal;
  CHECK(std::find(journal.begin(), journal.end(), "+gone") == journal.end());
  // The old one, and the one that etcd itself answered.
  CHECK(bench.live().reflector().stats().lists == lists + 2);
}

TEST_CASE("an operator that starts at a server fallen behind does not act on the past",
          "[fault][stale state][own]") {
  const PluginTest clean;
  SecondServer behind;
  WorldProxy proxy;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
    eventually("the second server knows the plug-in", [&]() -> Missing {
      const auto list = behind.curl(std::string(kPlugins) + "?resourceVersion=0");
      if (list.find("\"Available\"") != std::string::npos) return std::nullopt;
      return list;
    });
    behind.stall(true);
    uninstall_plugin();
  }
  proxy.lead_to(behind.port());
  OperatorProcess op(operator_options(proxy.admin()));
  holds(
      "nothing is installed",
      [&]() -> Missing {
        if (!world().api.find(kNodeDriver)) return std::nullopt;
        return "the node driver is there";
      },
      5s);
  behind.stall(false);
  op.wait_ready();
  holds(
      "nothing is installed",
      [&]() -> Missing {
        for (const auto& path : managed_paths()) {
          if (world().api.find(path)) return path;
        }
        return std::nullopt;
      },
      2s);
}
