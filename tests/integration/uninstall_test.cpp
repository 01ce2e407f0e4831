// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/scene.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kPath = item(kPlugins, "ibmc-block");
const std::string kGold = item(kClasses, "ibmc-block-gold");
constexpr const char* kVolumes = "/api/v1/persistentvolumes";
constexpr const char* kSystemPods = "/api/v1/namespaces/kube-system/pods";

void set_spec(const Json& spec) { world().api.merge(kPath, {{"spec", spec}}); }
void delete_plugin() { (void)world().api.call("DELETE", kPath); }

Json labels_of(const std::string& path) {
  return world().api.get(path).at("metadata").value("labels", Json::object());
}

bool is_ours(const std::string& path) {
  return labels_of(path).value("app.kubernetes.io/managed-by", "") == "block-storage-operator";
}

std::string orphaned_from(const std::string& path) {
  return world()
      .api.get(path)
      .at("metadata")
      .value("annotations", Json::object())
      .value("blockstorage.dev/orphaned-from", "");
}

void wait_gone(const std::string& path) {
  eventually(path + " is gone", [&]() -> Missing {
    if (!world().api.find(path)) return std::nullopt;
    const auto left = world().api.find(kPath);
    return left ? left->value("status", Json()).dump(1) : "no plug-in";
  });
}

void wait_phase(const std::string& phase) {
  eventually("the phase is " + phase, [&]() -> Missing {
    const auto status = plugin().value("status", Json::object());
    if (status.value("phase", "") == phase) return std::nullopt;
    return status.dump(1);
  });
}

/// A PersistentVolume of the driver that nobody uses.
class SpareVolume {
 public:
  explicit SpareVolume(const std::string& name) : path_(item(kVolumes, name)) {
    world().api.remove(path_);
    world().api.create(kVolumes, {{"metadata", {{"name", name}}},
                                  {"spec",
                                   {{"accessModes", {"ReadWriteOnce"}},
                                    {"capacity", {{"storage", "20Gi"}}},
                                    {"flexVolume", {{"driver", "ibm/ibmc-block"}}}}}});
  }
  ~SpareVolume() { remove(); }
  SpareVolume(const SpareVolume&) = delete;
  SpareVolume& operator=(const SpareVolume&) = delete;

  void remove() const { world().api.remove(path_); }
  [[nodiscard]] bool exists() const { return world().api.find(path_).has_value(); }

 private:
  std::string path_;
};

/// Waits until the operator has sent nothing for a while, and then that it sends nothing.
void check_at_rest() {
  const auto asks = [](const AuditEntry& entry) {
    return entry.by_operator() && entry.verb != "watch" && entry.resource != "leases";
  };
  auto audit = world().audit();
  wait_silent(audit, asks, 3s);
  stays_silent(audit, asks, 4s);
}

}  // namespace

TEST_CASE("a blocked deletion names volumes, claims and nodes, and Orphan ends it at once",
          "[own][uninstall][row-10][row-12][row-C]") {
  const PluginTest clean;
  Scene scene("uninstall");
  const auto node = scene.add_node("worker");
  const auto volume = scene.add_flex_claim("data");
  scene.add_pod({.name = "app", .node = node, .claim = "data", .running = true});
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  eventually("the volume is counted", [&]() -> Missing {
    const auto volumes = plugin().at("status").value("volumes", Json::object());
    if (volumes == Json{{"total", 1}, {"bound", 1}, {"attached", 1}, {"sample", {volume}}}) {
      return std::nullopt;
    }
    return volumes.dump();
  });
  const auto driver = world().api.get(kNodeDriver);

  delete_plugin();
  const auto blocked = wait_condition("DeletionBlocked", "True", "VolumesExist");
  CHECK_THAT(blocked.at("message").get<std::string>(),
             Contains("1 volume uses") &&
                 Contains(volume + " (claim " + scene.ns() + "/data, on " + node + ")"));
  CHECK(plugin().at("status").at("phase") == "Blocked");
  check_at_rest();
  for (const auto& path : managed_paths()) CHECK(is_ours(path));

  set_spec({{"deletion", {{"whenVolumesExist", "Orphan"}}}});
  wait_gone(kPath);
  for (const auto& path : managed_paths()) {
    INFO(path);
    CHECK_FALSE(is_ours(path));
    CHECK(orphaned_from(path) == "ibmc-block");
  }
  CHECK(world().api.get(kNodeDriver).at("spec") == driver.at("spec"));

  // One of the same name takes it over, and no pod is touched.
  create_plugin();
  wait_applied();
  for (const auto& path : managed_paths()) {
    INFO(path);
    eventually("it is taken over", [&]() -> Missing {
      if (is_ours(path) && orphaned_from(path).empty()) return std::nullopt;
      return plugin().at("status").dump(1);
    });
  }
  CHECK(world().api.get(kNodeDriver).at("metadata").at("uid") == driver.at("metadata").at("uid"));
  CHECK(world().api.get(kNodeDriver).at("spec") == driver.at("spec"));
}

TEST_CASE("Force says what it breaks and removes everything but the volumes",
          "[own][uninstall][row-11]") {
  const PluginTest clean;
  const SpareVolume volume("uninstall-forced");
  OperatorProcess op(operator_options());
  create_plugin({{"deletion", {{"whenVolumesExist", "Force"}}}});
  wait_applied();
  uninstall_plugin();
  CHECK(volume.exists());
  eventually("an Event tells", [&]() -> Missing {
    const auto events = world().api.get("/apis/events.k8s.io/v1/events").at("items");
    for (const auto& event : events) {
      if (event.value("reason", "") == "RemovedByForce" && event.value("type", "") == "Warning" &&
          event.value("note", "").find("uninstall-forced") != std::string::npos) {
        return std::nullopt;
      }
    }
    return std::to_string(events.size()) + " events";
  });
}

TEST_CASE("Removed takes the plug-in away, keeps the object, and Managed installs again",
          "[own][uninstall][row-10]") {
  const PluginTest clean;
  const SpareVolume volume("uninstall-removed");
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  play_workloads(1, 1);
  wait_condition("Available", "True");

  set_spec({{"managementState", "Removed"}});
  wait_condition("DeletionBlocked", "True", "VolumesExist");
  CHECK(plugin().at("status").at("phase") == "Blocked");
  CHECK(world().api.find(kNodeDriver));
  CHECK(plugin().at("metadata").contains("finalizers"));

  volume.remove();
  wait_phase("Removed");
  for (const auto& path : managed_paths()) CHECK_FALSE(world().api.find(path));
  wait_condition("Available", "False", "Removed");
  wait_condition("DeletionBlocked", "False", "NotBlocked");
  CHECK_FALSE(plugin().at("metadata").contains("finalizers"));
  CHECK(plugin().at("status").at("inventory").empty());
  check_at_rest();

  set_spec({{"managementState", "Managed"}});
  wait_applied();
  CHECK(plugin().at("status").at("phase") != "Ready");  // the first rollout has yet to come
  uninstall_plugin();
}

TEST_CASE("storageClasses: Retain leaves the classes to nobody", "[own][uninstall][row-12]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"deletion", {{"storageClasses", "Retain"}}}});
  wait_applied();
  delete_plugin();
  wait_gone(kPath);
  for (const auto& path : managed_paths()) {
    INFO(path);
    const bool is_class = path.find("storageclasses") != std::string::npos;
    CHECK(world().api.find(path).has_value() == is_class);
    if (is_class) CHECK_FALSE(is_ours(path));
  }
}

TEST_CASE("a volume that is made while the provisioner ends stops the removal",
          "[own][uninstall][row-10]") {
  const PluginTest clean;
  const std::string pod = item(kSystemPods, "provisioner-that-ends");
  world().api.remove(pod);
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  world().api.create(kSystemPods,
                     {{"metadata",
                       {{"name", "provisioner-that-ends"},
                        {"labels", {{"blockstorage.dev/plugin", "ibmc-block"}}}}},
                      {"spec", {{"containers", {{{"name", "main"}, {"image", "a:1"}}}}}}});
  delete_plugin();
  eventually("the removal waits for the pod", [&]() -> Missing {
    const auto message = plugin().at("status").value("message", "");
    if (message.find("provisioner-that-ends") != std::string::npos) return std::nullopt;
    return message;
  });
  CHECK_FALSE(world().api.find(kGold));
  CHECK_FALSE(world().api.find(kProvisioner));
  CHECK(world().api.find(kNodeDriver));
  CHECK(world().api.find(kAccount));

  const SpareVolume volume("uninstall-late");
  const auto blocked = wait_condition("DeletionBlocked", "True", "VolumesExist");
  CHECK_THAT(blocked.at("message").get<std::string>(), Contains("uninstall-late"));
  world().api.remove(pod);
  CHECK(world().api.find(kNodeDriver));
  // Without the provisioner the volume could not be deleted.
  eventually("the provisioner is back", [&]() -> Missing {
    if (world().api.find(kProvisioner)) return std::nullopt;
    return plugin().at("status").dump(1);
  });
  CHECK_FALSE(world().api.find(kGold));

  volume.remove();
  wait_gone(kPath);
  for (const auto& path : managed_paths()) CHECK_FALSE(world().api.find(path));
}

TEST_CASE("nothing is written while the mode is Paused, not even for a deletion",
          "[own][uninstall][row-17]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  set_spec({{"reconcile", {{"mode", "Paused"}}}});
  wait_condition("Paused", "True", "ReconcilePaused");
  world().api.remove(kGold);
  auto audit = world().audit();
  world().api.merge(kAccount,
                    {{"metadata", {{"labels", {{"app.kubernetes.io/part-of", nullptr}}}}}});
  delete_plugin();
  wait_condition("DeletionBlocked", "True", "ReconcilePaused");
  holds(
      "nothing but the status is written",
      [&]() -> Missing {
        for (const auto& write : audit.operator_writes()) {
          if (write.resource != "blockstorageplugins/status" && write.resource != "events") {
            return write.text();
          }
        }
        return std::nullopt;
      },
      2s);
  CHECK_FALSE(world().api.find(kGold));

  set_spec({{"reconcile", {{"mode", "Apply"}}}});
  wait_gone(kPath);
  for (const auto& path : managed_paths()) CHECK_FALSE(world().api.find(path));
}

TEST_CASE("an object that was deleted while no operator ran goes when it is back",
          "[own][uninstall]") {
  const PluginTest clean;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
    (void)op.stop();
  }
  delete_plugin();
  CHECK(world().api.find(kPath));
  CHECK(world().api.find(kNodeDriver));
  OperatorProcess again(operator_options());
  wait_gone(kPath);
  for (const auto& path : managed_paths()) CHECK_FALSE(world().api.find(path));
}

TEST_CASE("without its finalizer the object goes, the plug-in stays and is continued later",
          "[own][uninstall]") {
  const PluginTest clean;
  {
    OperatorProcess op(operator_options());
    create_plugin();
    wait_applied();
    (void)op.stop();
  }
  delete_plugin();
  const auto driver = world().api.get(kNodeDriver);
  world().api.merge(kPath, {{"metadata", {{"finalizers", nullptr}}}});
  wait_gone(kPath);
  OperatorProcess again(operator_options());
  again.wait_ready();
  for (const auto& path : managed_paths()) CHECK(world().api.find(path));

  create_plugin();
  wait_applied();
  CHECK(world().api.get(kNodeDriver) == driver);
  uninstall_plugin();
}

TEST_CASE("the operator never writes the spec", "[own][uninstall][row-34]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  const auto made = create_plugin();
  wait_applied();
  play_workloads(1, 1);
  wait_condition("Available", "True");
  set_spec({{"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}});
  wait_condition("StorageClassesReady", "True");
  const auto object = plugin();
  auto expected = made.at("spec");
  expected["storageClasses"]["presets"]["tiers"] = {"Gold"};
  CHECK(object.at("spec") == expected);
  CHECK(object.at("metadata").at("generation") == 2);
  bool seen = false;
  for (const auto& entry : object.at("metadata").at("managedFields")) {
    if (entry.at("manager") != "block-storage-operator") continue;
    INFO(entry.dump());
    seen = true;
    CHECK_FALSE(entry.at("fieldsV1").contains("f:spec"));
  }
  CHECK(seen);
}
