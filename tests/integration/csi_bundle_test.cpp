// SPDX-License-Identifier: Apache-2.0
// The bundle ibm-vpc-block, drivers that somebody else installs, and a bundle whose workloads
// change their kind.
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kDrivers = "/apis/storage.k8s.io/v1/csidrivers";
constexpr const char* kVpcDriver = "vpc.block.csi.ibm.io";
constexpr const char* kName = "vpc";
constexpr const char* kStatefulSets = "/apis/apps/v1/namespaces/kube-system/statefulsets";
constexpr const char* kDaemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";

/// Path of an entry of status.inventory.
std::string path_of(const Json& entry) {
  static const std::map<std::string, std::string> kPlurals{
      {"CSIDriver", "csidrivers"},
      {"ClusterRole", "clusterroles"},
      {"ClusterRoleBinding", "clusterrolebindings"},
      {"ConfigMap", "configmaps"},
      {"DaemonSet", "daemonsets"},
      {"Deployment", "deployments"},
      {"Role", "roles"},
      {"RoleBinding", "rolebindings"},
      {"ServiceAccount", "serviceaccounts"},
      {"StorageClass", "storageclasses"}};
  const auto group = entry.value("group", "");
  const auto ns = entry.value("namespace", "");
  return fmt::format("{}/{}{}/{}/{}", group.empty() ? "/api" : "/apis/" + group,
                     entry.at("version").get<std::string>(), ns.empty() ? "" : "/namespaces/" + ns,
                     kPlurals.at(entry.at("kind")), entry.at("name").get<std::string>());
}

std::vector<std::string> inventory_paths(const Json& object) {
  std::vector<std::string> paths;
  for (const auto& entry : object.value("/status/inventory"_json_pointer, Json::array())) {
    paths.push_back(path_of(entry));
  }
  return paths;
}

void create_vpc(const Json& driver = Json::object()) {
  Json wanted{{"name", "ibm-vpc-block"}};
  wanted.update(driver);
  create_plugin({{"driver", wanted}}, kName);
}

/// Plays the controllers of its workloads on two nodes.
void play_vpc() {
  const auto play = [](const std::string& path, Json status) {
    status["observedGeneration"] = world().api.get(path).at("metadata").at("generation");
    world().api.merge(path + "/status", {{"status", status}});
  };
  play("/apis/apps/v1/namespaces/kube-system/deployments/ibm-vpc-block-csi-controller",
       {{"replicas", 1}, {"updatedReplicas", 1}, {"readyReplicas", 1}, {"availableReplicas", 1}});
  play(item(kDaemonSets, "ibm-vpc-block-csi-node"), {{"desiredNumberScheduled", 2},
                                                     {"currentNumberScheduled", 2},
                                                     {"numberMisscheduled", 0},
                                                     {"updatedNumberScheduled", 2},
                                                     {"numberReady", 2},
                                                     {"numberAvailable", 2}});
}

void wait_gone(const std::string& path) {
  eventually(path + " is gone", [&]() -> Missing {
    if (const auto left = world().api.find(path)) return left->value("status", Json()).dump(1);
    return std::nullopt;
  });
}

Json ours(const std::string& name) {
  return {{"name", name},
          {"labels",
           {{"app.kubernetes.io/managed-by", "block-storage-operator"},
            {"blockstorage.dev/plugin", "ibmc-block"}}}};
}

Json workload(const std::string& name) {
  return {{"metadata", ours(name)},
          {"spec",
           {{"selector", {{"matchLabels", {{"app", name}}}}},
            {"template",
             {{"metadata", {{"labels", {{"app", name}}}}},
              {"spec", {{"containers", {{{"name", "x"}, {"image", "example.com/x:1"}}}}}}}}}}};
}

}  // namespace

TEST_CASE("ibm-vpc-block installs with the operator's own rights, and goes without a trace",
          "[own][csi][row-26]") {
  const PluginTest clean;
  const TemporaryDirectory directory;
  const auto kubeconfig = own_rights_kubeconfig(directory);
  OperatorProcess op(replica_options(kubeconfig, "vpc", "block-storage-operator"));
  auto audit = world().audit();
  create_vpc();
  wait_condition("StorageClassesReady", "True", "AsExpected", kName);
  wait_condition("SpecValid", "True", "Valid", kName);
  play_vpc();
  wait_condition("Available", "True", "AsExpected", kName);
  wait_condition("Degraded", "False", "AsExpected", kName);
  wait_condition("DriftDetected", "False", "NoDrift", kName);
  wait_condition("Progressing", "False", "AsExpected", kName);

  const auto paths = inventory_paths(plugin(kName));
  CHECK(std::set(paths.begin(), paths.end()).size() == 41);
  for (const auto& path : paths) {
    INFO(path);
    CHECK(world().api.find(path));
  }
  const auto driver = world().api.get(item(kDrivers, kVpcDriver));
  CHECK(driver.at("spec").at("fsGroupPolicy") == "File");
  CHECK(driver.at("spec").at("attachRequired") == true);
  // Nothing that this server does not know was sent, nothing was refused, nothing twice.
  std::map<std::string, int> applied;
  for (const auto& write : audit.operator_writes()) {
    INFO(write.text());
    // Two writes of the status in a row may meet: the second is tried again.
    const bool raced = write.code == 409 && write.resource == "blockstorageplugins/status";
    CHECK((write.code < 400 || raced));
    if (write.verb == "patch" && write.resource.find("blockstorageplugins") != 0) {
      ++applied[write.resource + "/" + write.ns + "/" + write.name];
    }
  }
  applied.erase("leases/block-storage-operator/block-storage-operator");
  for (const auto& [object, times] : applied) {
    INFO(object);
    CHECK(times == 1);
  }

  (void)world().api.call("DELETE", item(kPlugins, kName));
  wait_gone(item(kPlugins, kName));
  for (const auto& path : paths) {
    INFO(path);
    CHECK_FALSE(world().api.find(path));
  }
}

TEST_CASE("volumes of a CSI driver hold its deletion up", "[own][csi][row-10]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_vpc();
  wait_condition("StorageClassesReady", "True", "AsExpected", kName);
  const auto& api = world().api;
  const std::string volume = "/api/v1/persistentvolumes/csi-blocker";
  api.remove(volume);
  api.create("/api/v1/persistentvolumes",
             {{"metadata", {{"name", "csi-blocker"}}},
              {"spec",
               {{"accessModes", {"ReadWriteOnce"}},
                {"capacity", {{"storage", "20Gi"}}},
                {"csi", {{"driver", kVpcDriver}, {"volumeHandle", "r006-1"}}}}}});
  (void)api.call("DELETE", item(kPlugins, kName));
  const auto blocked = wait_condition("DeletionBlocked", "True", "VolumesExist", kName);
  CHECK_THAT(blocked.at("message").get<std::string>(), Contains("csi-blocker"));
  CHECK(api.find(item(kDrivers, kVpcDriver)));
  api.remove(volume);
  wait_gone(item(kPlugins, kName));
  CHECK_FALSE(api.find(item(kDrivers, kVpcDriver)));
}

TEST_CASE("over a driver that somebody else installs only the classes are the operator's",
          "[own][csi][row-G]") {
  const PluginTest clean;
  const auto& api = world().api;
  api.remove(item(kDrivers, kVpcDriver));
  OperatorProcess op(operator_options());
  create_vpc({{"install", "External"}});
  wait_condition("StorageClassesReady", "True", "AsExpected", kName);
  const auto missing = wait_condition("Available", "False", "ExternalDriverMissing", kName);
  CHECK_THAT(missing.at("message").get<std::string>(), Contains(kVpcDriver));
  CHECK(plugin(kName).at("status").at("phase") == "Degraded");

  auto audit = world().audit();
  api.create(kDrivers, {{"metadata", {{"name", kVpcDriver}}},
                        {"spec", {{"attachRequired", true}, {"podInfoOnMount", true}}}});
  wait_condition("Available", "True", "AsExpected", kName);
  eventually("it is Ready", [&]() -> Missing {
    const auto status = plugin(kName).at("status");
    if (status.at("phase") == "Ready") return std::nullopt;
    return status.dump(1);
  });
  const auto installed = plugin(kName);
  for (const auto& component : installed.at("status").at("components")) {
    CHECK(component.at("state") == "Skipped");
  }
  // It was heard of by the watch: nothing was asked for.
  for (const auto& entry :
       audit.entries([](const AuditEntry& request) { return request.by_operator(); })) {
    INFO(entry.text());
    CHECK((entry.verb != "get" && entry.verb != "list"));
  }
  const auto paths = inventory_paths(plugin(kName));
  CHECK(paths.size() == 25);
  for (const auto& path : paths) CHECK(path.find(kClasses) == 0);

  api.remove(item(kDrivers, kVpcDriver));
  wait_condition("Available", "False", "ExternalDriverMissing", kName);

  // A volume is no reason to keep the classes: its driver stays as it is.
  api.create(kDrivers, {{"metadata", {{"name", kVpcDriver}}}, {"spec", Json::object()}});
  const std::string volume = "/api/v1/persistentvolumes/external-volume";
  api.remove(volume);
  api.create("/api/v1/persistentvolumes",
             {{"metadata", {{"name", "external-volume"}}},
              {"spec",
               {{"accessModes", {"ReadWriteOnce"}},
                {"capacity", {{"storage", "20Gi"}}},
                {"csi", {{"driver", kVpcDriver}, {"volumeHandle", "r006-2"}}}}}});
  (void)api.call("DELETE", item(kPlugins, kName));
  wait_gone(item(kPlugins, kName));
  for (const auto& path : paths) CHECK_FALSE(api.find(path));
  CHECK(api.find(item(kDrivers, kVpcDriver)));
  api.remove(volume);
  api.remove(item(kDrivers, kVpcDriver));
}

TEST_CASE("an older version's workloads are replaced in an order that keeps volumes served",
          "[own][csi][row-I]") {
  const PluginTest clean;
  const auto& api = world().api;
  const std::string old_controller = item(kStatefulSets, "ibmcloud-block-storage-plugin");
  const std::string old_node = item(kDaemonSets, "old-block-storage-driver");
  api.remove(old_controller);
  api.remove(old_node);
  // As an older version of the bundle left it.
  Json stateful = workload("ibmcloud-block-storage-plugin");
  stateful["spec"]["serviceName"] = "none";
  api.create(kStatefulSets, stateful);
  api.create(kDaemonSets, workload("old-block-storage-driver"));
  create_plugin();
  const auto entry = [](const char* kind, const char* name) {
    return Json{{"group", "apps"},
                {"version", "v1"},
                {"kind", kind},
                {"name", name},
                {"namespace", "kube-system"}};
  };
  api.merge(item(kPlugins, "ibmc-block") + "/status",
            {{"status",
              {{"inventory",
                {entry("StatefulSet", "ibmcloud-block-storage-plugin"),
                 entry("DaemonSet", "old-block-storage-driver")}}}}});

  auto audit = world().audit();
  OperatorProcess op(operator_options());
  wait_applied();
  CHECK_FALSE(api.find(old_controller));
  std::chrono::microseconds removed{};
  std::chrono::microseconds made{};
  for (const auto& write : audit.operator_writes()) {
    if (write.resource == "statefulsets" && write.verb == "delete") removed = write.answered;
    if (write.resource == "deployments" && write.verb == "patch") made = write.received;
  }
  CHECK(removed.count() > 0);
  CHECK(made > removed);

  play_workloads(3, 2);
  holds(
      "the old node driver stays while a node lacks the new one",
      [&]() -> Missing {
        if (!api.find(old_node)) return "it is gone";
        return std::nullopt;
      },
      1s);
  const auto components = plugin().at("status").at("components");
  REQUIRE(components.size() == 3);
  CHECK_THAT(components.at(2).at("message").get<std::string>(),
             Contains("it goes once DaemonSet ibmcloud-block-storage-driver runs on every node"));
  play_workloads(3, 3);
  wait_gone(old_node);
  CHECK(api.find(kNodeDriver));
}
