// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kExampleFolder = BSO_SOURCE_DIR "/examples/own-bundle";
const std::string kOwnDriver = "nfs-csi";

std::vector<std::string> example_paths() {
  return {"/apis/apps/v1/namespaces/kube-system/deployments/csi-nfs-controller",
          "/apis/apps/v1/namespaces/kube-system/daemonsets/csi-nfs-node",
          "/api/v1/namespaces/kube-system/serviceaccounts/csi-nfs",
          "/apis/storage.k8s.io/v1/csidrivers/nfs.csi.k8s.io",
          item(kClusterRoles, "csi-nfs"),
          item(kClusterRoleBindings, "csi-nfs"),
          item(kClasses, "nfs-csi"),
          item(kClasses, "nfs-csi-retain")};
}

/// A cluster without the example at both ends, and a namespace for its ConfigMap.
class OwnBundle {
 public:
  OwnBundle() { clean(); }
  ~OwnBundle() {
    try {
      remove_plugins();
      clean();
    } catch (const TestFailure&) {
      // The next test cleans up, and reports it when it cannot.
    }
  }
  OwnBundle(const OwnBundle&) = delete;
  OwnBundle& operator=(const OwnBundle&) = delete;

  [[nodiscard]] OperatorProcess::Options options() const {
    auto options = operator_options();
    options.arguments.push_back("--bundle-namespace=" + ns);
    return options;
  }
  [[nodiscard]] std::string map() const {
    return fmt::format("/api/v1/namespaces/{}/configmaps/{}", ns, kOwnDriver);
  }
  /// As docs/own-bundle.md says.
  void make_map() const {
    world().kubectl.run({"create", "configmap", kOwnDriver, "-n", ns,
                         "--from-file=" + kExampleFolder + "/nfs-csi"});
    world().kubectl.run(
        {"label", "configmap", kOwnDriver, "-n", ns, "blockstorage.dev/bundle=" + kOwnDriver});
  }
  void install() const {
    make_map();
    world().kubectl.apply_path(kExampleFolder + "/plugin.yaml");
    wait_condition("StorageClassesReady", "True", {}, kOwnDriver);
    for (const auto& path : example_paths()) {
      INFO(path);
      CHECK(world().api.find(path));
    }
  }

  const std::string ns = make_namespace("bundles");

 private:
  static void clean() {
    for (const auto& path : example_paths()) world().api.remove(path);
  }
};

std::map<std::string, std::string> example_versions() {
  std::map<std::string, std::string> versions;
  for (const auto& path : example_paths()) {
    const auto found = world().api.find(path);
    versions[path] = found ? found->at("metadata").at("resourceVersion").get<std::string>() : "";
  }
  return versions;
}

std::string refusal_text(const Json& condition) {
  return condition.at("message").get<std::string>();
}

void wait_plugin_gone(const std::string& name) {
  eventually(name + " is gone", [&]() -> Missing {
    if (const auto left = world().api.find(item(kPlugins, name))) return left->dump(1);
    return std::nullopt;
  });
}

}  // namespace

TEST_CASE("a driver of one's own is installed from a ConfigMap, mended and removed",
          "[own][sources][row-14]") {
  const PluginTest clean;
  const OwnBundle example;
  OperatorProcess op(example.options());
  example.install();
  const auto before = example_versions();

  const auto good = world().api.get(example.map()).at("data").at("node.yaml");
  world().api.merge(example.map(), {{"data", {{"node.yaml", "kind: [\nbad"}}}});
  const auto refused = wait_condition("SpecValid", "False", "BundleInvalid", kOwnDriver);
  CHECK_THAT(refusal_text(refused), Contains("node.yaml") && Contains("line "));
  CHECK_THAT(refusal_text(refused), Contains("ConfigMap " + example.ns + "/" + kOwnDriver));
  CHECK(example_versions() == before);
  eventually("an Event on the ConfigMap says so", [&]() -> Missing {
    const auto events = world().api.get("/api/v1/namespaces/" + example.ns + "/events").at("items");
    for (const auto& event : events) {
      if (event.at("reason") == "BundleInvalid") return std::nullopt;
    }
    return events.dump(1);
  });

  world().api.merge(
      example.map(),
      {{"data",
        {{"node.yaml", good},
         {"more.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: more}\n"}}}});
  wait_condition("SpecValid", "True", {}, kOwnDriver);
  const std::string more = "/api/v1/namespaces/kube-system/serviceaccounts/more";
  eventually("the new object is there", [&]() -> Missing {
    if (world().api.find(more)) return std::nullopt;
    return plugin(kOwnDriver).dump(1);
  });
  world().api.merge(example.map(), {{"data", {{"more.yaml", nullptr}}}});
  eventually("what the bundle lacks is removed", [&]() -> Missing {
    if (!world().api.find(more)) return std::nullopt;
    return plugin(kOwnDriver).dump(1);
  });

  (void)world().api.call("DELETE", item(kPlugins, kOwnDriver));
  wait_plugin_gone(kOwnDriver);
  for (const auto& path : example_paths()) CHECK_FALSE(world().api.find(path));
}

TEST_CASE("a bundle that is gone makes an uninstallation neither unsafe nor impossible",
          "[own][sources]") {
  const PluginTest clean;
  const OwnBundle example;
  const std::string volume = "/api/v1/persistentvolumes/own-bundle-volume";
  world().api.remove(volume);
  OperatorProcess op(example.options());
  example.install();
  world().api.create("/api/v1/persistentvolumes",
                     {{"metadata", {{"name", "own-bundle-volume"}}},
                      {"spec",
                       {{"accessModes", {"ReadWriteOnce"}},
                        {"capacity", {{"storage", "1Gi"}}},
                        {"csi", {{"driver", "nfs.csi.k8s.io"}, {"volumeHandle", "x"}}}}}});
  const auto before = example_versions();
  world().api.remove(example.map());
  wait_condition("SpecValid", "False", "BundleMissing", kOwnDriver);
  CHECK(example_versions() == before);
  (void)world().api.call("DELETE", item(kPlugins, kOwnDriver));
  const auto blocked = wait_condition("DeletionBlocked", "True", "VolumesExist", kOwnDriver);
  CHECK_THAT(refusal_text(blocked), Contains("own-bundle-volume"));
  CHECK(example_versions() == before);
  world().api.remove(volume);
  wait_plugin_gone(kOwnDriver);
  for (const auto& path : example_paths()) CHECK_FALSE(world().api.find(path));
}

TEST_CASE("of several plug-ins for one driver the first keeps it and the next follows",
          "[own][sources][row-20]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  create_plugin(Json::object(), "second");
  const auto refused = wait_condition("SpecValid", "False", "Overlap", "second");
  CHECK_THAT(refusal_text(refused), Contains("BlockStoragePlugin ibmc-block") &&
                                        Contains("spec.driver.name") && Contains("Delete"));
  create_plugin(Json::object(), "third");
  wait_condition("SpecValid", "False", "Overlap", "third");
  CHECK_FALSE(plugin("second").at("metadata").contains("finalizers"));
  CHECK(condition(plugin(), "SpecValid").at("status") == "True");

  (void)world().api.call("DELETE", item(kPlugins, "ibmc-block"));
  wait_plugin_gone("ibmc-block");
  wait_condition("StorageClassesReady", "True", {}, "second");
  CHECK(world().api.get(kNodeDriver).at("metadata").at("labels").at("blockstorage.dev/plugin") ==
        "second");
  wait_condition("SpecValid", "False", "Overlap", "third");
}

TEST_CASE("different drivers cannot have a class in common", "[own][sources]") {
  const PluginTest clean;
  const OwnBundle example;
  OperatorProcess op(example.options());
  create_plugin();
  wait_applied();
  example.make_map();
  Json own{{"driver", {{"name", kOwnDriver}}},
           {"storageClasses", {{"classes", {{{"name", "ibmc-block-gold"}}}}}}};
  create_plugin(own, kOwnDriver);
  const auto refused = wait_condition("SpecValid", "False", "Overlap", kOwnDriver);
  CHECK_THAT(refusal_text(refused), Contains("ibmc-block-gold") && Contains("spec.storageClasses"));
  for (const auto& path : example_paths()) CHECK_FALSE(world().api.find(path));
  world().api.merge(item(kPlugins, kOwnDriver),
                    {{"spec", {{"storageClasses", {{"classes", Json::array()}}}}}});
  wait_condition("StorageClassesReady", "True", {}, kOwnDriver);
}
