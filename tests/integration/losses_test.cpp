// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kPluginCrd =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/blockstorageplugins.blockstorage.dev";

std::map<std::string, std::string> installed_uids() {
  std::map<std::string, std::string> uids;
  for (const auto& path : managed_paths()) {
    uids[path] = world().api.get(path).at("metadata").at("uid").get<std::string>();
  }
  return uids;
}

std::string loss_text(const Json& condition) { return condition.at("message").get<std::string>(); }

/// The rights of manifests/10-rbac.yaml for the user "limited".
class LimitedRights {
 public:
  LimitedRights() {
    (void)world().kubectl.attempt({"create", "namespace", "block-storage-operator"});
    give();
    for (const char* name : kRoles) {
      world().api.merge(
          item(kClusterRoleBindings, name),
          {{"subjects",
            {{{"kind", "User"}, {"name", "limited"}, {"apiGroup", "rbac.authorization.k8s.io"}}}}});
    }
  }
  ~LimitedRights() {
    for (const char* name : kRoles) {
      try {
        world().api.remove(item(kClusterRoleBindings, name));
        world().api.remove(item(kClusterRoles, name));
      } catch (const TestFailure&) {
        // They are somebody's who has no other rights here.
      }
    }
  }
  LimitedRights(const LimitedRights&) = delete;
  LimitedRights& operator=(const LimitedRights&) = delete;

  static void give() { world().kubectl.apply_path(BSO_SOURCE_DIR "/manifests/10-rbac.yaml"); }
  /// No DaemonSet or Deployment can be written any more.
  void take_away_workloads() {
    auto role = world().api.get(item(kClusterRoles, kRoles[0]));
    before_ = role.at("rules");
    for (auto& rule : role.at("rules")) {
      const auto groups = rule.value("apiGroups", Json::array());
      if (groups == Json{"apps"}) rule["verbs"] = {"get", "list", "watch"};
    }
    world().api.merge(item(kClusterRoles, kRoles[0]), {{"rules", role.at("rules")}});
  }
  void give_back() const {
    world().api.merge(item(kClusterRoles, kRoles[0]), {{"rules", before_}});
  }

 private:
  static constexpr const char* kRoles[] = {"block-storage-operator",
                                           "block-storage-operator-grants"};
  Json before_;
};

}  // namespace

TEST_CASE("a namespace that is deleted under a plug-in is named, and heals when it is back",
          "[own][losses]") {
  const PluginTest clean;
  const auto ns = make_namespace("lost");
  const auto path = "/api/v1/namespaces/" + ns;
  const auto driver =
      fmt::format("/apis/apps/v1/namespaces/{}/daemonsets/ibmcloud-block-storage-driver", ns);
  const auto provisioner =
      fmt::format("/apis/apps/v1/namespaces/{}/deployments/ibmcloud-block-storage-plugin", ns);
  OperatorProcess op(operator_options());
  create_plugin({{"driver", {{"namespace", ns}}}});
  wait_condition("StorageClassesReady", "True");
  CHECK(world().api.find(driver));

  // The controller that empties namespaces does not run here: its part is played.
  (void)world().api.call("DELETE", path);
  auto audit = world().audit();
  for (const auto& object :
       {driver, provisioner,
        fmt::format("/api/v1/namespaces/{}/serviceaccounts/ibmcloud-block-storage-plugin", ns)}) {
    world().api.remove(object);
  }
  const auto missing = wait_condition("PrerequisitesMet", "False", "NamespaceMissing");
  CHECK_THAT(loss_text(missing), Contains("namespace " + ns));
  CHECK(audit.operator_writes().size() < 40);

  auto object = world().api.get(path);
  object["spec"]["finalizers"] = Json::array();
  (void)world().api.call("PUT", path + "/finalize", object);
  eventually("the namespace is gone", [&]() -> Missing {
    if (!world().api.find(path)) return std::nullopt;
    return "it is there";
  });
  world().api.create("/api/v1/namespaces", {{"metadata", {{"name", ns}}}});
  eventually(
      "the plug-in is installed again",
      [&]() -> Missing {
        if (world().api.find(driver) && world().api.find(provisioner)) return std::nullopt;
        return plugin().dump(1);
      },
      std::chrono::seconds{60});
}

TEST_CASE("a right that is taken away in mid-run is named, and given back heals", "[own][losses]") {
  const PluginTest clean;
  LimitedRights rights;
  OperatorProcess op(operator_options(world().plane.file("kubeconfig-limited")));
  create_plugin();
  wait_applied();
  rights.take_away_workloads();
  world().api.merge(item(kPlugins, "ibmc-block"),
                    {{"spec", {{"images", {{"registry", "registry.example.com/mirror"}}}}}});
  const auto degraded = wait_condition("Degraded", "True", "ApplyForbidden");
  CHECK_THAT(loss_text(degraded), Contains("the right patch on") && Contains("kube-system"));
  rights.give_back();
  eventually(
      "the change has arrived",
      [&]() -> Missing {
        for (const auto& path : {kNodeDriver, kProvisioner}) {
          const auto image =
              world().api.get(path).at("/spec/template/spec/containers/0/image"_json_pointer);
          if (image.get<std::string>().find("registry.example.com/mirror") == std::string::npos) {
            return plugin().dump(1);
          }
        }
        return std::nullopt;
      },
      std::chrono::seconds{60});
}

TEST_CASE("a CRD that is upgraded under the operator disturbs nothing", "[own][losses]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto before = installed_uids();
  auto crd = world().api.get(kPluginCrd);
  auto& spec = crd.at("/spec/versions/0/schema/openAPIV3Schema/properties/spec"_json_pointer);
  spec["description"] = "As a later release describes it.";
  spec["properties"]["later"] = {{"type", "string"}, {"default", "value"}};
  world().api.replace(kPluginCrd, crd);
  eventually("the new field is served", [&]() -> Missing {
    if (plugin().at("spec").contains("later")) return std::nullopt;
    return plugin().dump(1);
  });
  world().api.merge(item(kPlugins, "ibmc-block"),
                    {{"spec", {{"controller", {{"replicas", 2}}}, {"later", "x"}}}});
  eventually("a change of the spec still arrives", [&]() -> Missing {
    if (world().api.get(kProvisioner).at("spec").at("replicas") == 2) return std::nullopt;
    return plugin().dump(1);
  });
  CHECK(installed_uids() == before);
}

TEST_CASE("a CRD that vanishes leaves what is installed, and the same plug-in takes it over again",
          "[own][losses]") {
  const PluginTest clean;
  const std::string volume = "/api/v1/persistentvolumes/crd-volume";
  world().api.remove(volume);
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const auto before = installed_uids();
  world().api.create("/api/v1/persistentvolumes",
                     {{"metadata", {{"name", "crd-volume"}}},
                      {"spec",
                       {{"accessModes", {"ReadWriteOnce"}},
                        {"capacity", {{"storage", "20Gi"}}},
                        {"flexVolume", {{"driver", "ibm/ibmc-block"}}}}}});
  (void)world().api.call("DELETE", kPluginCrd);
  wait_condition("DeletionBlocked", "True", "VolumesExist");
  CHECK(installed_uids() == before);

  world().api.merge(item(kPlugins, "ibmc-block"), {{"metadata", {{"finalizers", nullptr}}}});
  eventually("the API does not serve BlockStoragePlugins", [&]() -> Missing {
    if (world().api.call("GET", kPlugins).status == 404) return std::nullopt;
    return "it does";
  });
  CHECK(installed_uids() == before);
  install_crd();
  create_plugin();
  wait_applied();
  CHECK(installed_uids() == before);
  world().api.remove(volume);
}
