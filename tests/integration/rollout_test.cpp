// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kNodes = "/api/v1/nodes";
constexpr const char* kPods = "/api/v1/namespaces/kube-system/pods";
constexpr const char* kTaint = "example.com/driver-not-ready";

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now()));
}

Json ready_condition(bool ready) {
  return {{"type", "Ready"},
          {"status", ready ? "True" : "False"},
          {"reason", "Played"},
          {"message", ""},
          {"lastTransitionTime", utc_now()}};
}

/// Nodes and driver pods as kubelets and the DaemonSet controller would make them.
class DriverNodes {
 public:
  explicit DriverNodes(std::vector<std::string> names) : names_(std::move(names)) {
    clear();
    for (const auto& name : names_) {
      world().api.create(kNodes, {{"metadata", {{"name", name}}},
                                  {"spec",
                                   {{"taints",
                                     {{{"key", "example.com/gpu"}, {"effect", "NoSchedule"}},
                                      {{"key", kTaint}, {"effect", "NoSchedule"}},
                                      {{"key", kTaint}, {"effect", "NoExecute"}}}}}}});
      node_ready(name, true);
    }
  }
  ~DriverNodes() {
    try {
      clear();
    } catch (const TestFailure&) {
      // The next test cleans up, and reports it when it cannot.
    }
  }
  DriverNodes(const DriverNodes&) = delete;
  DriverNodes& operator=(const DriverNodes&) = delete;

  static void node_ready(const std::string& name, bool ready) {
    world().api.merge(item(kNodes, name) + "/status",
                      {{"status", {{"conditions", {ready_condition(ready)}}}}});
  }
  /// A pod of the DaemonSet's present template.
  static void start_pod(const std::string& node) {
    const auto driver = world().api.get(kNodeDriver);
    auto labels = driver.at("/spec/template/metadata/labels"_json_pointer);
    labels["pod-template-generation"] =
        driver.at("metadata").at("annotations").at("deprecated.daemonset.template.generation");
    auto spec = driver.at("/spec/template/spec"_json_pointer);
    spec["nodeName"] = node;
    // Priorities and accounts are for admission plug-ins, which this pod does not need.
    spec.erase("priorityClassName");
    spec.erase("serviceAccountName");
    spec.erase("serviceAccount");
    world().api.remove(item(kPods, "driver-" + node));
    world().api.create(
        kPods, {{"metadata", {{"name", "driver-" + node}, {"labels", labels}}}, {"spec", spec}});
  }
  static void pod_ready(const std::string& node, bool ready) {
    world().api.merge(
        item(kPods, "driver-" + node) + "/status",
        {{"status", {{"phase", "Running"}, {"conditions", {ready_condition(ready)}}}}});
  }
  static std::vector<std::string> taints(const std::string& name) {
    std::vector<std::string> keys;
    const auto node = world().api.get(item(kNodes, name));
    for (const auto& taint : node.at("spec").value("taints", Json::array())) {
      keys.push_back(taint.at("key"));
    }
    return keys;
  }

 private:
  void clear() const {
    for (const auto& name : names_) {
      world().api.remove(item(kPods, "driver-" + name));
      world().api.remove(item(kNodes, name));
    }
  }

  std::vector<std::string> names_;
};

void play_node_counts(int desired, int updated, int available) {
  const auto& api = world().api;
  api.merge(kNodeDriver + "/status",
            {{"status",
              {{"observedGeneration", api.get(kNodeDriver).at("metadata").at("generation")},
               {"desiredNumberScheduled", desired},
               {"currentNumberScheduled", desired},
               {"numberMisscheduled", 0},
               {"updatedNumberScheduled", updated},
               {"numberReady", available},
               {"numberAvailable", available}}}});
}

Json node_image() {
  return world().api.get(kNodeDriver).at("/spec/template/spec/containers/0/image"_json_pointer);
}

Json max_unavailable() {
  return world()
      .api.get(kNodeDriver)
      .at("/spec/updateStrategy/rollingUpdate/maxUnavailable"_json_pointer);
}

void change_spec(const Json& spec) {
  world().api.merge(item(kPlugins, "ibmc-block"), {{"spec", spec}});
}

/// Waits until a value is the wanted one.
template <class Read>
void wait_value(const std::string& what, const Json& wanted, Read read) {
  eventually(what, [&]() -> Missing {
    const Json found = read();
    if (found == wanted) return std::nullopt;
    return found.dump() + "\n" + plugin().at("status").dump(1);
  });
}

Json unavailable_nodes() {
  return plugin().at("status").value("/node/unavailableNodes"_json_pointer, Json());
}

void install_complete(int nodes) {
  wait_applied();
  play_workloads(nodes, nodes);
  wait_condition("Progressing", "False", "AsExpected");
}

}  // namespace

TEST_CASE("a broken image is rolled back, also by another operator than saw it start",
          "[own][rollout][row-D]") {
  const PluginTest clean;
  std::optional<OperatorProcess> op(std::in_place, operator_options());
  create_plugin({{"upgrade", {{"onFailure", "Rollback"}, {"progressDeadlineSeconds", 60}}}});
  install_complete(3);
  const auto image = node_image();
  const auto templates = world().api.get(kNodeDriver).at("/spec/template"_json_pointer);

  change_spec({{"images",
                {{"overrides",
                  {{"ibmcloud-block-storage-driver-container", "registry.example.com/no:1"}}}}}});
  wait_value("the broken image is rolled out", "registry.example.com/no:1", node_image);
  const auto begin = std::chrono::steady_clock::now();
  play_node_counts(3, 1, 2);
  wait_condition("Progressing", "True", "RollingOut");
  (void)op->stop();
  op.emplace(operator_options());

  auto audit = world().audit();
  eventually(
      "it is rolled back",
      [&]() -> Missing {
        if (condition(plugin(), "Degraded").value("reason", "") == "RolledBack" &&
            node_image() == image) {
          return std::nullopt;
        }
        return plugin().at("status").dump(1);
      },
      90s);
  CHECK(std::chrono::steady_clock::now() - begin < 75s);
  CHECK(world().api.get(kNodeDriver).at("/spec/template"_json_pointer) == templates);
  play_node_counts(3, 3, 3);
  wait_condition("Progressing", "False", "RolloutStalled");
  wait_condition("Available", "True");
  // The pass that decides on the way back and the one that has gone it each write a status.
  eventually("Degraded tells what holds from now on", [&]() -> Missing {
    const auto degraded = condition(plugin(), "Degraded").value("message", "");
    if (degraded.find("It is not tried again until the spec changes") != std::string::npos) {
      return std::nullopt;
    }
    return degraded;
  });
  // It waited without asking again and again.
  CHECK(audit.operator_writes().size() < 20);

  change_spec({{"images", {{"overrides", nullptr}}}});
  wait_condition("Degraded", "False");
  wait_condition("Progressing", "False", "AsExpected");
  CHECK(node_image() == image);
}

TEST_CASE("a start-up taint goes when the driver is ready, and no other taint",
          "[own][rollout][row-32][row-4]") {
  const PluginTest clean;
  const DriverNodes nodes({"taint-a", "taint-b"});
  OperatorProcess op(operator_options());
  create_plugin({{"node", {{"startupTaint", {{"remove", true}, {"key", kTaint}}}}}});
  wait_applied();
  for (const char* node : {"taint-a", "taint-b"}) DriverNodes::start_pod(node);
  wait_value("both nodes are named", Json({"taint-a", "taint-b"}), unavailable_nodes);
  const auto before = DriverNodes::taints("taint-a");
  CHECK(std::count(before.begin(), before.end(), kTaint) == 2);

  DriverNodes::pod_ready("taint-a", true);
  eventually("the taint is gone", [&]() -> Missing {
    const auto now = DriverNodes::taints("taint-a");
    if (std::count(now.begin(), now.end(), kTaint) == 0) return std::nullopt;
    return plugin().at("status").dump(1);
  });
  CHECK(DriverNodes::taints("taint-a").size() == before.size() - 2);
  CHECK(DriverNodes::taints("taint-b") == before);
  wait_value("one node is left", Json({"taint-b"}), unavailable_nodes);
}

TEST_CASE("nodes that are not ready do not use up the budget of a rollout",
          "[own][rollout][row-J][row-F]") {
  const PluginTest clean;
  const DriverNodes nodes({"budget-a", "budget-b", "budget-c"});
  OperatorProcess op(operator_options());
  create_plugin({{"node", {{"updateStrategy", {{"maxUnavailable", "1"}}}}}});
  wait_applied();
  for (const char* node : {"budget-a", "budget-b", "budget-c"}) {
    DriverNodes::start_pod(node);
    DriverNodes::pod_ready(node, true);
  }
  install_complete(3);
  DriverNodes::node_ready("budget-c", false);
  DriverNodes::pod_ready("budget-c", false);
  play_node_counts(3, 3, 2);
  wait_value("the dead node is named", Json({"budget-c"}), unavailable_nodes);
  CHECK(max_unavailable() == 1);
  CHECK(condition(plugin(), "Progressing").at("status") == "False");

  change_spec({{"driver", {{"version", "2.6.0"}}}});
  wait_value("one more may be unavailable", 2, max_unavailable);
  play_node_counts(3, 0, 2);
  CHECK(wait_condition("Progressing", "True").at("reason") == "RollingOut");
  wait_value("old drivers are named", Json({"budget-a", "budget-b", "budget-c"}), [] {
    return plugin().at("status").value("/node/outdatedNodes"_json_pointer, Json());
  });
  for (const char* node : {"budget-a", "budget-b"}) {
    DriverNodes::start_pod(node);
    DriverNodes::pod_ready(node, true);
  }
  play_workloads(3, 2);
  play_node_counts(3, 2, 2);
  wait_condition("Progressing", "False", "AsExpected");
  wait_value("the budget is the user's again", 1, max_unavailable);
  CHECK(plugin().at("status").at("version") == "2.6.0");
  // The pods come by another watch than the counts of their DaemonSet.
  wait_value("the old driver is named", Json({"budget-c"}), [] {
    return plugin().at("status").value("/node/outdatedNodes"_json_pointer, Json());
  });
}

TEST_CASE("an image that cannot be pulled is told at once", "[own][rollout]") {
  const PluginTest clean;
  const DriverNodes nodes({"pull-a"});
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  play_node_counts(1, 1, 0);
  DriverNodes::start_pod("pull-a");
  const auto begin = std::chrono::steady_clock::now();
  world().api.merge(item(kPods, "driver-pull-a") + "/status",
                    {{"status",
                      {{"phase", "Pending"},
                       {"containerStatuses",
                        {{{"name", "ibmcloud-block-storage-driver-container"},
                          {"image", "registry.example.com/no:1"},
                          {"imageID", ""},
                          {"ready", false},
                          {"restartCount", 0},
                          {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}}}}}}});
  wait_condition("Degraded", "True", "ImagePullFailed");
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("a manual upgrade waits for its approval", "[own][rollout]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"upgrade", {{"approval", "Manual"}}}});
  install_complete(2);
  const auto before = world().api.get(kNodeDriver).at("metadata").at("generation");
  change_spec({{"driver", {{"version", "2.6.0"}}}});
  wait_condition("Progressing", "False", "AwaitingApproval");
  CHECK(world().api.get(kNodeDriver).at("metadata").at("generation") == before);
  change_spec({{"upgrade", {{"approvedVersion", "2.6.0"}}}});
  wait_condition("Progressing", "True", "RollingOut");
  play_workloads(2, 2);
  wait_condition("Progressing", "False", "AsExpected");
  CHECK(plugin().at("status").at("lastGoodVersion") == "2.6.0");
}
