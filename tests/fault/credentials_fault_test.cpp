// SPDX-License-Identifier: Apache-2.0
// Tokens and authorities that change under way.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "fault/fault_bench.h"
#include "fault/passage.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

/// A kubeconfig whose token and authority are files.
std::string by_files(const TemporaryDirectory& directory, const std::string& url) {
  const auto path = directory.file("kubeconfig");
  write_file(path, fmt::format("apiVersion: v1\n"
                               "kind: Config\n"
                               "clusters:\n"
                               "- name: test\n"
                               "  cluster: {{server: \"{}\", certificate-authority: ca.crt}}\n"
                               "users:\n"
                               "- name: user\n"
                               "  user: {{tokenFile: token}}\n"
                               "contexts:\n"
                               "- name: test\n"
                               "  context: {{cluster: test, user: user}}\n"
                               "current-context: test\n",
                               url));
  return path;
}

/// As the kubelet does with projected volumes: a link is swapped.
void swap_file(const TemporaryDirectory& directory, const std::string& name,
               const std::string& text) {
  static int count = 0;
  const auto fresh = directory.file(name + "." + std::to_string(++count));
  const auto link = directory.file(name + ".link");
  write_file(fresh, text);
  REQUIRE(::symlink(fresh.c_str(), link.c_str()) == 0);
  REQUIRE(::rename(link.c_str(), directory.file(name).c_str()) == 0);
}

}  // namespace

TEST_CASE("a token that is rotated costs at most one refusal", "[fault][credentials][own]") {
  FaultBench bench;
  const TemporaryDirectory directory;
  swap_file(directory, "ca.crt", bench.proxy.ca_pem());
  swap_file(directory, "token", "token-1");
  std::mutex mutex;
  std::string valid = "token-1";
  int refused = 0;
  // The proxy judges the tokens; the server knows the administrator's.
  bench.proxy.on(match::anything(), [&](Passage& p) {
    {
      const std::lock_guard lock(mutex);
      if (p.request().header("Authorization") != "Bearer " + valid) {
        ++refused;
        p.refuse(401, "Unauthorized", "Unauthorized");
        return;
      }
    }
    p.forward({.token = world().plane.setting("BSO_TOKEN_ADMIN"), .target = {}});
    p.send_head();
    p.pass_on();
  });
  create(bench.ns, "goes");
  bench.start(by_files(directory, bench.proxy.url()));
  for (int round = 2; round <= 4; ++round) {
    bench.settle();
    const auto token = fmt::format("token-{}", round);
    {
      const std::lock_guard lock(mutex);
      valid = token;
      refused = 0;
    }
    if (round == 3) {
      // Caught in the middle of being written: the old one is used as long as there is no new one.
      swap_file(directory, "token", "");
      bench.proxy.cut_all();
      bench.live().turn(300ms);
    }
    swap_file(directory, "token", token);
    bench.proxy.cut_all();
    create(bench.ns, fmt::format("new-{}", round));
    bench.wait_truth();
    const std::lock_guard lock(mutex);
    INFO("round " << round);
    if (round != 3) CHECK(refused <= 1);
  }
  // One at first, and one for each of the four cuts that met a watch which had only just begun.
  CHECK(bench.live().reflector().stats().lists <= 5);
}

TEST_CASE("an authority that is replaced is trusted from the next connection on",
          "[fault][credentials][own]") {
  FaultBench bench;
  const TemporaryDirectory directory;
  swap_file(directory, "ca.crt", bench.proxy.ca_pem());
  swap_file(directory, "token", world().plane.setting("BSO_TOKEN_ADMIN"));
  create(bench.ns, "goes");
  bench.start(by_files(directory, bench.proxy.url()));
  const Authority next("the next authority");
  const Leaf leaf{.common_name = "127.0.0.1", .names = {"IP:127.0.0.1"}};
  SECTION("the file first") {
    swap_file(directory, "ca.crt", bench.proxy.ca_pem() + next.pem());
    bench.proxy.present(next.issue(leaf));
    bench.proxy.cut_all();
  }
  SECTION("the server first") {
    bench.proxy.present(next.issue(leaf));
    bench.proxy.cut_all();
    bench.live().until("it is refused", [&] { return !bench.live().errors.empty(); });
    swap_file(directory, "ca.crt", next.pem());
  }
  remove(bench.ns, "goes");
  create(bench.ns, "new");
  bench.wait_truth(90s);
}
