// SPDX-License-Identifier: Apache-2.0
// Several replicas: one acts, and the next one when that one ends, dies or stands still.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kBinding = "leadership-test";

/// Two users with all rights, so that the audit log tells two replicas apart.
class Users {
 public:
  Users() {
    world().api.remove(item(kClusterRoleBindings, kBinding));
    world().api.create(
        kClusterRoleBindings,
        {{"metadata", {{"name", kBinding}}},
         {"roleRef",
          {{"apiGroup", "rbac.authorization.k8s.io"},
           {"kind", "ClusterRole"},
           {"name", "cluster-admin"}}},
         {"subjects",
          {{{"kind", "User"}, {"name", "limited"}, {"apiGroup", "rbac.authorization.k8s.io"}}}}});
  }
  ~Users() { world().api.remove(item(kClusterRoleBindings, kBinding)); }
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  [[nodiscard]] static std::string admin() { return world().plane.kubeconfig(); }
  [[nodiscard]] static std::string limited() { return world().plane.file("kubeconfig-limited"); }
};

/// Many pods that wait for one, as the operator finds them or as they come.
struct Crowd {
  PluginTest clean;
  Users users;
  Scene scene{"leadership"};
  std::string node = scene.add_node("node");
  std::string volume = scene.add_flex_claim("data");
  ScenePod holder =
      scene.add_pod({.name = "holder", .node = node, .claim = "data", .running = true});
  std::vector<ScenePod> waiting;

  void add(int count) {
    for (int i = 0; i < count; ++i) {
      waiting.push_back(scene.add_pod(
          {.name = "waiting-" + std::to_string(waiting.size()), .node = node, .claim = "data"}));
    }
  }
  /// The kubelet's word about a pod, upon which it is annotated.
  void report(const ScenePod& pod) const { scene.add_mount_refused(pod, node, volume, holder.uid); }
  void report_all() const {
    for (const auto& pod : waiting) report(pod);
  }
  [[nodiscard]] int annotated() const {
    int count = 0;
    for (const auto& pod : waiting) count += annotations(pod).none() ? 0 : 1;
    return count;
  }
  void wait_annotated(std::size_t count) const {
    eventually("pods are annotated", [&]() -> Missing {
      const auto have = static_cast<std::size_t>(annotated());
      if (have >= count) return std::nullopt;
      return std::to_string(have) + " of " + std::to_string(count);
    });
  }

  [[nodiscard]] OperatorProcess::Options replica(const std::string& identity,
                                                 const std::string& kubeconfig) const {
    return replica_options(kubeconfig, identity, scene.ns());
  }
  /// The same with a short lease: 3 s, given up by its holder after 2 s.
  [[nodiscard]] OperatorProcess::Options hasty(const std::string& identity,
                                               const std::string& kubeconfig) const {
    auto options = replica(identity, kubeconfig);
    options.arguments.insert(options.arguments.end(), {"--leader-election-lease-duration=3",
                                                       "--leader-election-renew-deadline=2",
                                                       "--leader-election-retry-period=1"});
    return options;
  }
  [[nodiscard]] std::string lease() const {
    return "/apis/coordination.k8s.io/v1/namespaces/" + scene.ns() +
           "/leases/block-storage-operator";
  }
  [[nodiscard]] std::string leader() const {
    const auto found = world().api.find(lease());
    return found ? found->at("spec").value("holderIdentity", "") : "";
  }
  void wait_leader(const std::string& identity) const {
    eventually(identity + " leads", [&]() -> Missing {
      const auto now = leader();
      if (now == identity) return std::nullopt;
      return "\"" + now + "\" leads";
    });
  }
};

std::chrono::milliseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

bool of_the_lease(const AuditEntry& entry) { return entry.resource == "leases"; }

/// Writes of one user's replica to anything but the lease.
std::vector<AuditEntry> work_of(AuditLog& audit, const std::string& user) {
  return audit.entries([&](const AuditEntry& entry) {
    return entry.by_operator() && entry.writes() && entry.user == user && !of_the_lease(entry);
  });
}

/// When the API server had answered the write by which `user` got the lease.
std::chrono::microseconds took_lease(AuditLog& audit, const std::string& user) {
  const auto writes = audit.entries([&](const AuditEntry& entry) {
    return entry.by_operator() && entry.writes() && entry.user == user && of_the_lease(entry) &&
           entry.code < 300;
  });
  REQUIRE_FALSE(writes.empty());
  return writes.front().answered;
}

/// Nothing of what `user` wrote came after that time; how much came before. A request may have come
/// of which only the head had been sent: its body is kept back, so it is not carried out, and the
/// API server answers 500 (unexpected EOF).
int check_ended(AuditLog& audit, const std::string& user, std::chrono::microseconds change) {
  int before = 0;
  for (const auto& entry : work_of(audit, user)) {
    INFO(entry.text());
    if (entry.received < change) {
      ++before;
    } else {
      CHECK(entry.code == 500);
    }
  }
  return before;
}

double master_status(OperatorProcess& op) {
  const auto text = op.ask("/metrics").body;
  const std::string name = "leader_election_master_status{name=\"block-storage-operator\"} ";
  const auto at = text.find(name);
  REQUIRE(at != std::string::npos);
  return std::strtod(text.c_str() + at + name.size(), nullptr);
}

}  // namespace

TEST_CASE("a leader that stood still for longer than its lease writes nothing any more",
          "[leadership][own][still]") {
  const unsigned chosen = seed();
  std::cout << "BSO_TEST_SEED=" << chosen << '\n';
  INFO("BSO_TEST_SEED=" << chosen);
  std::mt19937 random(chosen);
  for (int round = 0; round < 3; ++round) {
    Crowd crowd;
    auto audit = world().audit();
    OperatorProcess first(crowd.hasty("first", Users::admin()));
    first.wait_ready();
    crowd.wait_leader("first");
    OperatorProcess second(crowd.hasty("second", Users::limited()));
    second.wait_ready();

    // It stands still in the middle of its work: each report makes it write, at once.
    crowd.add(20);
    const auto last_seen = crowd.waiting.begin() + static_cast<long>(5 + random() % 10);
    for (auto pod = crowd.waiting.begin(); pod != last_seen; ++pod) crowd.report(*pod);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 5));
    first.process().send_signal(SIGSTOP);
    for (auto pod = last_seen; pod != crowd.waiting.end(); ++pod) crowd.report(*pod);
    crowd.wait_leader("second");
    crowd.wait_annotated(crowd.waiting.size());
    // What the first one still believes is wrong now.
    crowd.scene.remove(crowd.holder);

    first.process().send_signal(SIGCONT);
    CHECK(first.process().wait(kPatience).code == 6);
    CHECK_THAT(first.log(), Contains("the lease was lost"));

    const auto change = took_lease(audit, "limited");
    CHECK(work_of(audit, "limited").size() > 0);
    const auto before = check_ended(audit, "admin", change);
    std::cout << "round " << round << ": " << before << " writes by the first, none after\n";
    CHECK(second.stop().code == 0);
  }
}

TEST_CASE("who ends hands over at once, who dies within the lease's time",
          "[leadership][own][change][row-22]") {
  Crowd crowd;
  auto first = std::make_unique<OperatorProcess>(crowd.replica("first", Users::admin()));
  first->wait_ready();
  crowd.wait_leader("first");
  OperatorProcess second(crowd.replica("second", Users::limited()));
  second.wait_ready();

  auto start = Clock::now();
  first->process().send_signal(SIGTERM);
  crowd.wait_leader("second");
  const auto handed_over = since(start);
  CHECK(first->process().wait(kPatience).code == 0);
  CHECK_THAT(first->log(), Contains("gave up the lease"));
  std::cout << "taken over " << handed_over.count() << " ms after SIGTERM\n";
  CHECK(handed_over < 2s);

  OperatorProcess third(crowd.replica("third", Users::admin()));
  third.wait_ready();
  start = Clock::now();
  second.kill();
  crowd.wait_leader("third");
  const auto taken_over = since(start);
  std::cout << "taken over " << taken_over.count() << " ms after SIGKILL\n";
  CHECK(taken_over < 17s);
  CHECK(taken_over > 10s);  // otherwise it did not wait for the lease to run out
  CHECK(third.stop().code == 0);
}

TEST_CASE("the defaults hold for a leader that stands still, too", "[leadership][own][still]") {
  Crowd crowd;
  auto audit = world().audit();
  OperatorProcess first(crowd.replica("first", Users::admin()));
  first.wait_ready();
  crowd.wait_leader("first");
  OperatorProcess second(crowd.replica("second", Users::limited()));
  second.wait_ready();
  crowd.add(10);
  crowd.report_all();
  const auto start = Clock::now();
  first.process().send_signal(SIGSTOP);
  crowd.wait_leader("second");
  std::cout << "taken over " << since(start).count() << " ms after SIGSTOP\n";
  crowd.wait_annotated(crowd.waiting.size());
  crowd.scene.remove(crowd.holder);
  first.process().send_signal(SIGCONT);
  CHECK(first.process().wait(kPatience).code == 6);
  (void)check_ended(audit, "admin", took_lease(audit, "limited"));
}

TEST_CASE("no pod is annotated twice when the leader changes", "[leadership][own][change]") {
  Crowd crowd;
  crowd.add(40);
  crowd.report_all();
  auto audit = world().audit();
  OperatorProcess first(crowd.replica("first", Users::admin()));
  OperatorProcess second(crowd.replica("second", Users::limited()));
  crowd.wait_annotated(5);
  const bool first_leads = crowd.leader() == "first";
  auto& leader = first_leads ? first : second;
  auto& other = first_leads ? second : first;
  CHECK(leader.stop().code == 0);
  crowd.wait_annotated(crowd.waiting.size());
  other.wait_ready();
  create_plugin();  // and one more thing to do, after which the queue is empty
  wait_applied();
  CHECK(other.stop().code == 0);
  std::map<std::string, int> writes;
  for (const auto& entry : audit.operator_writes()) {
    if (entry.resource != "pods" || entry.ns != crowd.scene.ns()) continue;
    // A patch decided on an older state of the pod is refused, which is no write.
    if (entry.code == 200) {
      ++writes[entry.name];
    } else {
      std::cout << entry.text() << '\n';
      CHECK(entry.code == 409);
    }
  }
  CHECK(writes.size() == crowd.waiting.size());
  for (const auto& [pod, count] : writes) {
    INFO(pod);
    CHECK(count == 1);
  }
}

TEST_CASE("a replica that waits is ready, knows the cluster and writes nothing",
          "[leadership][own][change]") {
  Crowd crowd;
  OperatorProcess first(crowd.replica("first", Users::admin()));
  first.wait_ready();
  crowd.wait_leader("first");
  auto audit = world().audit();
  OperatorProcess second(crowd.replica("second", Users::limited()));
  second.wait_ready();
  CHECK(master_status(first) == 1);
  CHECK(master_status(second) == 0);
  crowd.add(3);
  crowd.report_all();
  create_plugin();
  crowd.wait_annotated(3);
  wait_applied();
  CHECK(work_of(audit, "limited").empty());
  CHECK(second.lines({"waiting for the lease", "first"}).size() == 1);

  const auto all = second.ask("/readyz?verbose");
  CHECK(all.status == 200);
  CHECK_THAT(all.body, Contains("[+]watch-pods ok") && Contains("readyz check passed"));
  CHECK(second.ask("/readyz/watch-pods").status == 200);
  CHECK(second.ask("/readyz/no-such").status == 404);
  CHECK_THAT(second.ask("/readyz?verbose&exclude=watch-pods").body,
             Contains("[+]watch-pods excluded: ok"));
  CHECK(first.ask("/livez/leader-election").status == 200);

  // Somebody else's hand in the lease: the leader ends, and whoever is next goes on.
  world().api.merge(crowd.lease(),
                    {{"spec", {{"holderIdentity", "nobody-there"}, {"leaseDurationSeconds", 1}}}});
  CHECK(first.process().wait(kPatience).code == 6);
  CHECK_THAT(first.log(), Contains("another replica has taken it"));
  crowd.wait_leader("second");
}

TEST_CASE("wrong lease times and identities are refused by name", "[startup]") {
  const auto run_with = [](Arguments arguments) {
    Process::Options options;
    options.argv = {operator_program()};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}};
    return run(std::move(options), kPatience);
  };
  const auto order = run_with({"--leader-election-lease-duration=10"});
  CHECK(order.status.code == 2);
  CHECK_THAT(order.errors, Contains("--leader-election-lease-duration") &&
                               Contains("longer than the renew deadline (10 s)"));
  const auto zero = run_with({"--leader-election-retry-period=0"});
  CHECK(zero.status.code == 2);
  CHECK_THAT(zero.errors, Contains("--leader-election-retry-period"));
  const auto identity = run_with({"--leader-identity=two words"});
  CHECK(identity.status.code == 2);
  CHECK_THAT(identity.errors, Contains("--leader-identity"));
  const auto name = run_with({"--leader-election-name="});
  CHECK(name.status.code == 2);
  CHECK_THAT(name.errors, Contains("--leader-election-name"));
}
