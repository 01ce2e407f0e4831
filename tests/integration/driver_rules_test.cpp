// SPDX-License-Identifier: Apache-2.0
// What the operator is told of drivers, and what it learns of them.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/cause_stage.h"
#include "integration/plugin.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kMapName = "block-storage-operator-driver-rules";
constexpr const char* kRuledDriver = "rules.example.com";

/// A driver that nobody knows, two pods of one node that share its volume, and a place for rules.
struct RuledPair {
  Scene scene{"ruled"};
  std::string rules_ns = make_namespace("rules");
  std::string node = scene.add_node("node");
  std::string volume = scene.add_csi_claim("data", kRuledDriver);
  ScenePod holder =
      scene.add_pod({.name = "holder", .node = node, .claim = "data", .running = true});
  ScenePod waiting = scene.add_pod({.name = "waiting", .node = node, .claim = "data"});

  [[nodiscard]] OperatorProcess::Options options() const {
    install_crd();
    auto options = operator_options();
    options.arguments.push_back("--bundle-namespace=" + rules_ns);
    return options;
  }
  [[nodiscard]] std::string maps() const {
    return fmt::format("/api/v1/namespaces/{}/configmaps", rules_ns);
  }
  [[nodiscard]] std::string map() const { return fmt::format("{}/{}", maps(), kMapName); }
  void create_rules(const std::string& text) const {
    world().api.create(maps(),
                       {{"metadata", {{"name", kMapName}}}, {"data", {{"rules.yaml", text}}}});
  }
  void change_rules(const std::string& text) const {
    world().api.merge(map(), {{"data", {{"rules.yaml", text}}}});
  }
};

bool has_event(const std::string& ns, const std::string& reason) {
  const auto all = world().api.get("/apis/events.k8s.io/v1/namespaces/" + ns + "/events");
  const auto& items = all.at("items");
  return std::any_of(items.begin(), items.end(),
                     [&reason](const Json& event) { return event.value("reason", "") == reason; });
}

}  // namespace

TEST_CASE("an administrator's rule for a driver counts at once; a faulty one changes nothing",
          "[diagnosis][own]") {
  RuledPair pair;
  OperatorProcess op(pair.options());
  op.wait_ready();
  pair.create_rules(fmt::format("drivers:\n  {}: single-pod\n", kRuledDriver));
  const auto detail = wait_cause(pair.waiting, "SharedByOtherWorkload");
  CHECK(detail.at("volume").at("semantics") == "SinglePod");
  CHECK(detail.at("volume").at("semanticsFrom") == "override");

  pair.change_rules(fmt::format("drivers:\n  {}: one-pod\n", kRuledDriver));
  op.wait_log({"refused rules for drivers", kRuledDriver});
  eventually("an Event tells of it", [&]() -> Missing {
    if (has_event(pair.rules_ns, "DriverRulesInvalid")) return std::nullopt;
    return "none";
  });
  CHECK_FALSE(annotations(pair.waiting).none());

  pair.change_rules(fmt::format("drivers:\n  {}: not-exclusive\n", kRuledDriver));
  wait_clear(pair.waiting);
  pair.change_rules(fmt::format("drivers:\n  {}: single-pod\n", kRuledDriver));
  (void)wait_annotated(pair.waiting, pair.holder.name);
  world().api.remove(pair.map());
  wait_clear(pair.waiting);
}

TEST_CASE("the operator's own rights are enough to read the rules", "[diagnosis][own]") {
  RuledPair pair;
  pair.create_rules(fmt::format("drivers:\n  {}: single-pod\n", kRuledDriver));
  const TemporaryDirectory directory;
  auto options = pair.options();
  options.kubeconfig = own_rights_kubeconfig(directory);
  OperatorProcess op(options);
  (void)wait_cause(pair.waiting, "SharedByOtherWorkload");
}

TEST_CASE("a StorageClass of OpenEBS lets the pods of a node share", "[diagnosis][own]") {
  Scene scene("openebs");
  const auto node = scene.add_node("node");
  install_crd();
  OperatorProcess op(operator_options());
  op.wait_ready();
  (void)scene.add_csi_claim("data", "zfs.csi.openebs.io");
  (void)scene.add_pod({.name = "holder", .node = node, .claim = "data", .running = true});
  const auto waiting = scene.add_pod({.name = "waiting", .node = node, .claim = "data"});
  const auto detail = wait_cause(waiting, "SharedByOtherWorkload");
  CHECK(detail.at("volume").at("semanticsFrom") == "built-in table");

  // Volumes of a scene have the class "".
  const auto name = scene.global("shared");
  world().api.create(kClasses, {{"metadata", {{"name", name}}},
                                {"provisioner", "zfs.csi.openebs.io"},
                                {"parameters", {{"shared", "yes"}}}});
  const auto shared = scene.add_csi_claim("shared", "zfs.csi.openebs.io", {}, name);
  (void)scene.add_pod({.name = "holder-2", .node = node, .claim = "shared", .running = true});
  const auto fine = scene.add_pod({.name = "fine", .node = node, .claim = "shared"});
  const auto later = scene.add_pod({.name = "later", .node = node, .claim = "data"});
  (void)wait_cause(later, "SharedByOtherWorkload");
  CHECK(annotations(fine).none());
  world().api.remove(item(kClasses, name));
}

TEST_CASE("a driver that refuses once explains the next pod without words", "[diagnosis][own]") {
  RuledPair pair;
  OperatorProcess op(pair.options());
  op.wait_ready();
  pair.scene.add_event(
      pair.waiting, "FailedMount", "kubelet", pair.node,
      fmt::format("MountVolume.SetUp failed for volume \"{0}\" : rpc error: code = "
                  "FailedPrecondition desc = device already mounted at [/var/lib/kubelet/pods/{1}/"
                  "volumes/kubernetes.io~csi/{0}/mount]",
                  pair.volume, pair.holder.uid));
  const auto detail = wait_cause(pair.waiting, "SharedByOtherWorkload");
  CHECK(detail.at("volume").at("semanticsFrom") == "driver message");
  const auto next = pair.scene.add_pod({.name = "next", .node = pair.node, .claim = "data"});
  const auto learned = wait_cause(next, "SharedByOtherWorkload");
  CHECK(learned.at("volume").at("semanticsFrom") == "earlier driver message");
  CHECK(learned.at("confidence") == "Inferred");
}
