// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;

namespace {

/// Holds the operator still, so that it sees nothing of what happens.
class Frozen {
 public:
  explicit Frozen(OperatorProcess& op) : op_(op) { op_.process().send_signal(SIGSTOP); }
  ~Frozen() { op_.process().send_signal(SIGCONT); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  OperatorProcess& op_;
};

/// The view of the cluster before, and what became of it in the gap.
struct Outage {
  PluginTest clean;
  Scene scene{"outage"};
  std::string node = scene.add_node("node");
  std::string volume = scene.add_flex_claim("data");
  ScenePod holder =
      scene.add_pod({.name = "holder", .node = node, .claim = "data", .running = true});
  ScenePod recovers = scene.add_pod({.name = "recovers", .node = node, .claim = "data"});

  void before() {
    scene.add_mount_refused(recovers, node, volume, holder.uid);
    create_plugin();
    wait_applied();
    wait_annotated(recovers, "holder");
  }
  /// Something is changed, something deleted, something new.
  ScenePod change() {
    world().api.remove(kNodeDriver);
    world().api.merge(kProvisioner,
                      {{"metadata", {{"labels", {{"app.kubernetes.io/part-of", nullptr}}}}}});
    world().api.remove(item(kClasses, "ibmc-block-gold"));
    scene.remove(holder);
    scene.set_running(recovers);
    const auto late = scene.add_pod({.name = "late", .node = node, .claim = "data"});
    scene.add_mount_refused(late, node, volume, recovers.uid);
    return late;
  }
  void after(const ScenePod& late) const {
    wait_clear(recovers);
    wait_annotated(late, "recovers");
    wait_applied();
    eventually("the label comes back", [&]() -> Missing {
      const auto labels = world().api.get(kProvisioner).at("metadata").at("labels");
      if (labels.value("app.kubernetes.io/part-of", "") == "ibmc-block") return std::nullopt;
      return labels.dump();
    });
  }
};

}  // namespace

TEST_CASE("the API server dies and comes back: nothing is missed", "[lifecycle][own]") {
  Outage outage;
  OperatorProcess op(operator_options());
  outage.before();
  ScenePod late;
  {
    const Frozen nobody_looks(op);
    world().plane.kill_apiserver();
    world().plane.restart_apiserver();
    late = outage.change();
  }
  outage.after(late);
  op.wait_ready();
}

TEST_CASE("the API server is away for a while: one line tells, and it heals", "[lifecycle][own]") {
  Outage outage;
  OperatorProcess op(operator_options());
  outage.before();
  world().plane.kill_apiserver();
  eventually("the operator says that it is not ready", [&]() -> Missing {
    const auto answer = op.ask("/readyz");
    if (answer.status == 503) return std::nullopt;
    return answer.body;
  });
  CHECK(op.ask("/healthz").status == 200);
  world().plane.restart_apiserver();
  const auto late = outage.change();
  outage.after(late);
  op.wait_ready();
}

TEST_CASE("etcd has forgotten where the watches were: nothing is missed", "[lifecycle][own]") {
  Outage outage;
  OperatorProcess op(operator_options());
  outage.before();
  ScenePod late;
  {
    const Frozen nobody_looks(op);
    // The restart empties the watch cache, the compaction the past below it: 410 for everybody.
    world().plane.kill_apiserver();
    world().plane.restart_apiserver();
    late = outage.change();
    world().plane.compact_etcd();
  }
  outage.after(late);
  op.wait_ready();
}
