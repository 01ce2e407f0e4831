// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <csignal>
#include <map>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::vector<std::string> kForeign{
    "default",
    "ibmc-file-bronze",
    "ibmc-file-silver",
    "ibmc-file-gold",
    "ibmc-file-custom",
    "ibmc-file-retain-bronze",
    "ibmc-file-retain-silver",
    "ibmc-file-retain-gold",
    "ibmc-file-retain-custom",
};
constexpr const char* kDefaultMark = "storageclass.kubernetes.io/is-default-class";

std::string class_path(const std::string& name) { return item(kClasses, name); }

/// The classes of a cluster that has file storage, as such a cluster comes.
class FileClasses {
 public:
  FileClasses() {
    for (const auto& name : kForeign) {
      Json made{{"metadata", {{"name", name}}},
                {"provisioner", "ibm.io/ibmc-file"},
                {"reclaimPolicy", name.find("retain") == std::string::npos ? "Delete" : "Retain"},
                {"parameters", {{"type", "Endurance"}}}};
      if (name == "ibmc-file-bronze") made["metadata"]["annotations"] = {{kDefaultMark, "true"}};
      world().api.remove(class_path(name));
      made_[name] = world().api.create(kClasses, made);
    }
  }
  ~FileClasses() {
    for (const auto& name : kForeign) world().api.remove(class_path(name));
  }
  FileClasses(const FileClasses&) = delete;
  FileClasses& operator=(const FileClasses&) = delete;

  void check_untouched() const {
    for (const auto& [name, before] : made_) CHECK(world().api.get(class_path(name)) == before);
  }

 private:
  std::map<std::string, Json> made_;
};

void check_parameters(const Json& made, const Json& expected) {
  INFO(made.at("metadata").at("name"));
  auto wanted = expected;
  wanted["billingType"] = "hourly";
  wanted["fsType"] = "ext4";
  wanted["classVersion"] = "2";
  CHECK(made.at("parameters") == wanted);
}

void check_class(const std::string& tier, const Json& parameters) {
  for (const bool retain : {false, true}) {
    const auto made =
        world().api.get(class_path(retain ? "ibmc-block-retain-" + tier : "ibmc-block-" + tier));
    CHECK(made.at("provisioner") == "ibm.io/ibmc-block");
    CHECK(made.at("reclaimPolicy") == (retain ? "Retain" : "Delete"));
    CHECK(made.at("volumeBindingMode") == "Immediate");
    CHECK(made.at("allowVolumeExpansion") == true);
    CHECK_FALSE(made.at("metadata").value("annotations", Json::object()).contains(kDefaultMark));
    check_parameters(made, parameters);
  }
}

}  // namespace

TEST_CASE("a minimal BlockStoragePlugin installs beside file storage",
          "[install][own][row-1][row-6][row-K]") {
  const PluginTest clean;
  const FileClasses file_classes;
  OperatorProcess op(operator_options());
  op.wait_ready();

  create_plugin();
  wait_applied();

  CHECK(world().api.get(kClasses).at("items").size() == 17);
  file_classes.check_untouched();
  check_class("bronze", {{"type", "Endurance"}, {"iopsPerGB", "2"}, {"sizeRange", "[20-12000]Gi"}});
  check_class("silver", {{"type", "Endurance"}, {"iopsPerGB", "4"}, {"sizeRange", "[20-12000]Gi"}});
  check_class("gold", {{"type", "Endurance"}, {"iopsPerGB", "10"}, {"sizeRange", "[20-4000]Gi"}});
  check_class("custom", {{"type", "Performance"},
                         {"sizeIOPSRange",
                          "\"[20-39]Gi:[100-1000]\"\n"
                          "\"[40-79]Gi:[100-2000]\"\n"
                          "\"[80-99]Gi:[100-4000]\"\n"
                          "\"[100-499]Gi:[100-6000]\"\n"
                          "\"[500-999]Gi:[100-10000]\"\n"
                          "\"[1000-1999]Gi:[100-20000]\"\n"
                          "\"[2000-2999]Gi:[200-40000]\"\n"
                          "\"[3000-3999]Gi:[200-48000]\"\n"
                          "\"[4000-7999]Gi:[300-48000]\"\n"
                          "\"[8000-9999]Gi:[500-48000]\"\n"
                          "\"[10000-12000]Gi:[1000-48000]\""}});
  for (const auto& path : managed_paths()) {
    INFO(path);
    const auto metadata = world().api.get(path).at("metadata");
    const auto labels = metadata.value("labels", Json::object());
    CHECK(labels.value("app.kubernetes.io/managed-by", "") == "block-storage-operator");
    CHECK(labels.value("blockstorage.dev/plugin", "") == "ibmc-block");
    CHECK_FALSE(metadata.contains("ownerReferences"));
  }
  const auto object = plugin();
  CHECK(object.at("spec").at("managementState") == "Managed");
  CHECK(object.at("metadata").at("finalizers") == Json{"blockstorage.dev/uninstall"});
  for (const char* type :
       {"Available", "Progressing", "Degraded", "Upgradeable", "SpecValid", "PrerequisitesMet",
        "StorageClassesReady", "DriftDetected", "DeletionBlocked", "Paused"}) {
    INFO(type);
    const auto found = condition(object, type);
    CHECK(found.value("observedGeneration", 0) == 1);
    CHECK_FALSE(found.value("reason", "").empty());
    CHECK_FALSE(found.value("message", "").empty());
  }
}

TEST_CASE("Available follows the workloads", "[install][own][row-5]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  CHECK(wait_condition("Available", "False").at("reason") == "ControllerUnavailable");

  play_workloads(3, 3);
  world().kubectl.run({"wait", "--for=condition=Available", "bsp/ibmc-block", "--timeout=30s"});
  wait_condition("Progressing", "False", "AsExpected");
  CHECK(plugin().at("status").at("phase") == "Ready");
  CHECK(plugin().at("status").at("node").at("ready") == "3/3");
  const auto table = world().kubectl.run({"get", "bsp", "ibmc-block"});
  CHECK_THAT(table,
             Contains("ibmc-block") && Contains("Ready") && Contains("True") && Contains("3/3"));

  play_workloads(3, 0);
  const auto lost = wait_condition("Available", "False", "NodesUnavailable");
  CHECK_THAT(lost.at("message").get<std::string>(),
             Contains("DaemonSet kube-system/ibmcloud-block-storage-driver"));
  eventually("the status says Degraded", [&]() -> Missing {
    const auto status = plugin().at("status");
    if (condition(plugin(), "Degraded").at("status") == "True") return std::nullopt;
    return status.dump(1);
  });

  play_workloads(3, 3);
  wait_condition("Available", "True");
  wait_condition("Degraded", "False");
}

TEST_CASE("a changed spec reaches the workloads", "[install][own]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  world().api.merge(item(kPlugins, "ibmc-block"),
                    {{"spec",
                      {{"images", {{"registry", "registry.example.com/mirror"}}},
                       {"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}}}});
  eventually("the image comes from the mirror and the tiers are gone", [&]() -> Missing {
    const auto image =
        world().api.get(kNodeDriver).at("/spec/template/spec/containers/0/image"_json_pointer);
    if (image != "registry.example.com/mirror/ibmcloud-block-storage-driver:2.5.26") {
      return image.dump();
    }
    const auto count = world().api.get(kClasses).at("items").size();
    if (count != 2) return std::to_string(count) + " classes";
    return std::nullopt;
  });
  CHECK(world().api.find(class_path("ibmc-block-gold")));
  CHECK(world().api.find(class_path("ibmc-block-retain-gold")));
  wait_condition("StorageClassesReady", "True");
}

TEST_CASE("kubectl describe tells the story of a plug-in", "[install][own][row-20]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"images", {{"registry", "https://example.com"}}}});
  wait_condition("SpecValid", "False");
  world().api.merge(item(kPlugins, "ibmc-block"),
                    {{"spec", {{"images", {{"registry", nullptr}}}}}});
  wait_applied();
  play_workloads(2, 2);
  wait_condition("Available", "True");
  eventually("the Events are there", []() -> Missing {
    const auto text = world().kubectl.run({"describe", "bsp", "ibmc-block"});
    for (const char* words : {"Warning  InvalidParameters", "spec.images.registry",
                              "Normal   Valid", "Available=True"}) {
      if (text.find(words) == std::string::npos) return fmt::format("{} in\n{}", words, text);
    }
    return std::nullopt;
  });
}

TEST_CASE("deletion takes everything away once no volume uses the driver", "[install][own]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto& api = world().api;
  const std::string volume = "/api/v1/persistentvolumes/uninstall-blocker";
  api.remove(volume);
  api.create("/api/v1/persistentvolumes", {{"metadata", {{"name", "uninstall-blocker"}}},
                                           {"spec",
                                            {{"accessModes", {"ReadWriteOnce"}},
                                             {"capacity", {{"storage", "20Gi"}}},
                                             {"flexVolume", {{"driver", "ibm/ibmc-block"}}}}}});
  const auto path = item(kPlugins, "ibmc-block");
  (void)api.call("DELETE", path);
  const auto blocked = wait_condition("DeletionBlocked", "True", "VolumesExist");
  CHECK_THAT(blocked.at("message").get<std::string>(), Contains("uninstall-blocker"));
  CHECK(api.find(kNodeDriver));

  api.remove(volume);
  uninstall_plugin();
}

TEST_CASE("a plug-in that was taken away by force is not installed again", "[install][own]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  // Each round another order in which the operator hears of what is gone.
  for (int round = 0; round < 4; ++round) {
    create_plugin();
    wait_applied();
    if (round % 2 == 1) op.process().send_signal(SIGSTOP);
    remove_plugins();
    if (round % 2 == 1) op.process().send_signal(SIGCONT);
    holds(
        "nothing is installed",
        [&]() -> Missing {
          for (const auto& managed : managed_paths()) {
            if (world().api.find(managed)) return managed + " is back";
          }
          return std::nullopt;
        },
        500ms);
  }
}

TEST_CASE("nothing is written once everything is as it should be", "[install][own][row-19]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  play_workloads(2, 2);
  wait_condition("Available", "True");
  wait_condition("Progressing", "False");

  // Its last events may still be on their way.
  auto audit = world().audit();
  wait_silent(audit, is_operator_write, 1s);
  stays_silent(audit, is_operator_write, 4s);
  // Nor does it after a start: all it needs to know stands in the API.
  auto after = world().audit();
  (void)op.stop();
  OperatorProcess again(operator_options());
  again.wait_ready();
  stays_silent(after, is_operator_write, 3s);
}
