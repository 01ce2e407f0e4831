// SPDX-License-Identifier: Apache-2.0
#include "integration/plugin.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/world.h"

namespace bso::test {
std::string item(const std::string& collection, const std::string& name) {
  return fmt::format("{}/{}", collection, name);
}

const std::vector<std::string>& class_names() {
  static const std::vector<std::string> names{
      "ibmc-block-bronze",        "ibmc-block-custom",        "ibmc-block-gold",
      "ibmc-block-retain-bronze", "ibmc-block-retain-custom", "ibmc-block-retain-gold",
      "ibmc-block-retain-silver", "ibmc-block-silver"};
  return names;
}

std::vector<std::string> managed_paths() {
  std::vector<std::string> paths{kAccount, item(kClusterRoles, "ibmcloud-block-storage-plugin"),
                                 item(kClusterRoleBindings, "ibmcloud-block-storage-plugin"),
                                 kProvisioner, kNodeDriver};
  for (const auto& name : class_names()) paths.push_back(item(kClasses, name));
  return paths;
}

void remove_plugins() {
  const auto& api = world().api;
  if (api.find(kPlugins)) api.remove_all(kPlugins);
  for (const auto& path : managed_paths()) api.remove(path);
}

PluginTest::PluginTest() {
  remove_plugins();
  install_crd();
}

PluginTest::~PluginTest() {
  try {
    remove_plugins();
  } catch (const TestFailure&) {
    // The next test cleans up, and reports it when it cannot.
  }
}

Json create_plugin(const Json& spec, const std::string& name) {
  Json object{{"apiVersion", "blockstorage.dev/v1alpha1"},
              {"kind", "BlockStoragePlugin"},
              {"metadata", {{"name", name}}},
              {"spec", {{"driver", {{"name", "ibmc-block"}}}}}};
  object["spec"].merge_patch(spec);
  return world().api.create(kPlugins, object);
}

Json plugin(const std::string& name) { return world().api.get(item(kPlugins, name)); }

Json condition(const Json& plugin, const std::string& type) {
  for (const auto& item : plugin.value("/status/conditions"_json_pointer, Json::array())) {
    if (item.at("type") == type) return item;
  }
  return Json::object();
}

Json wait_condition(const std::string& type, const std::string& status, const std::string& reason,
                    const std::string& name) {
  Json found;
  eventually(fmt::format("{} is {} {}", type, status, reason), [&]() -> Missing {
    const auto object = plugin(name);
    found = condition(object, type);
    if (found.value("status", "") == status &&
        (reason.empty() || found.value("reason", "") == reason) &&
        found.value("observedGeneration", 0) == object.at("metadata").at("generation")) {
      return std::nullopt;
    }
    return object.value("status", Json()).dump(1);
  });
  return found;
}

void wait_applied(std::chrono::milliseconds deadline) {
  eventually(
      "the plug-in is applied",
      [&]() -> Missing {
        const auto status = plugin().value("status", Json::object());
        if (condition(plugin(), "StorageClassesReady").value("status", "") != "True") {
          return status.dump(1);
        }
        for (const auto& path : managed_paths()) {
          if (!world().api.find(path)) return path + " is missing";
        }
        return std::nullopt;
      },
      deadline);
}

void uninstall_plugin() {
  const auto& api = world().api;
  const auto path = item(kPlugins, "ibmc-block");
  (void)api.call("DELETE", path);
  eventually("the plug-in is gone", [&]() -> Missing {
    if (const auto left = api.find(path)) return left->value("status", Json()).dump(1);
    return std::nullopt;
  });
  for (const auto& managed : managed_paths()) {
    INFO(managed);
    CHECK_FALSE(api.find(managed));
  }
}

void play_workloads(int desired, int ready, bool provisioner_ready) {
  const auto& api = world().api;
  const auto generation = [&](const std::string& path) {
    return api.get(path).at("metadata").at("generation");
  };
  const int pods = provisioner_ready ? 1 : 0;
  api.merge(kProvisioner + "/status", {{"status",
                                        {{"observedGeneration", generation(kProvisioner)},
                                         {"replicas", 1},
                                         {"updatedReplicas", 1},
                                         {"readyReplicas", pods},
                                         {"availableReplicas", pods}}}});
  api.merge(kNodeDriver + "/status", {{"status",
                                       {{"observedGeneration", generation(kNodeDriver)},
                                        {"desiredNumberScheduled", desired},
                                        {"currentNumberScheduled", desired},
                                        {"numberMisscheduled", 0},
                                        {"updatedNumberScheduled", desired},
                                        {"numberReady", ready},
                                        {"numberAvailable", ready},
                                        {"numberUnavailable", desired - ready}}}});
}

}  // namespace bso::test
