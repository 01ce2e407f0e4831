// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

struct FaultySpec {
  std::string what;
  Json spec;
  std::vector<std::string> said;  ///< field, remedy
  Json repair;
};

const std::vector<FaultySpec>& faulty_specs() {
  static const Json no_overrides{{"images", {{"overrides", nullptr}}}};
  static const std::vector<FaultySpec> all{
      {"an unknown driver",
       {{"driver", {{"name", "no-such-driver"}}}},
       {"spec.driver.name", "no-such-driver", "ibmc-block"},
       {{"driver", {{"name", "ibmc-block"}}}}},
      {"an image that is no reference",
       {{"images",
         {{"overrides", {{"ibmcloud-block-storage-driver-container", "Not An Image!"}}}}}},
       {"spec.images.overrides[ibmcloud-block-storage-driver-container]", "Write registry/"},
       no_overrides},
      {"an override of a container that is not there",
       {{"images", {{"overrides", {{"no-such-container", "registry.example.com/a:1"}}}}}},
       {"spec.images.overrides[no-such-container]", "ibmcloud-block-storage-driver-container"},
       no_overrides},
  };
  return all;
}

}  // namespace

TEST_CASE("a faulty spec is explained, applies nothing and can be repaired",
          "[faults][own][row-23]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  for (const auto& fault : faulty_specs()) {
    INFO(fault.what);
    create_plugin(fault.spec);
    const auto verdict = wait_condition("SpecValid", "False");
    for (const auto& text : fault.said) {
      CHECK_THAT(verdict.at("message").get<std::string>(), Contains(text));
    }
    CHECK(plugin().at("status").at("phase") == "Blocked");
    for (const auto& path : managed_paths()) CHECK_FALSE(world().api.find(path));

    world().api.merge(item(kPlugins, "ibmc-block"), {{"spec", fault.repair}});
    wait_condition("SpecValid", "True");
    wait_applied();
    uninstall_plugin();
  }
  CHECK(op.process().running());
}

TEST_CASE("one faulty plug-in does not hold up another", "[faults][own]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"driver", {{"name", "no-such-driver"}}}}, "broken");
  wait_condition("SpecValid", "False", {}, "broken");
  create_plugin();
  wait_applied();
  CHECK(condition(plugin("broken"), "SpecValid").at("status") == "False");
}

TEST_CASE("the CRD may come after the operator", "[faults][own]") {
  const PluginTest clean;
  world().api.remove(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
      "blockstorageplugins.blockstorage.dev");
  eventually("the API does not serve BlockStoragePlugins", [&]() -> Missing {
    const auto answer = world().api.call("GET", kPlugins);
    if (answer.status == 404) return std::nullopt;
    return answer.body;
  });
  OperatorProcess op(operator_options());
  op.wait_log({"kubectl apply -f crds/"});
  CHECK(op.lines({"kubectl apply -f crds/"}).size() == 1);
  const auto ready = op.ask("/readyz");
  CHECK(ready.status == 503);
  CHECK_THAT(ready.body, Contains("kubectl apply -f crds/"));
  CHECK(op.ask("/healthz").status == 200);

  install_crd();
  op.wait_ready();
  create_plugin();
  wait_applied();
}

TEST_CASE("missing rights are named once, and granting them heals", "[faults][own]") {
  const PluginTest clean;
  const auto remove_roles = [] {
    for (const char* name : {"block-storage-operator", "block-storage-operator-grants"}) {
      world().api.remove(item(kClusterRoleBindings, name));
      world().api.remove(item(kClusterRoles, name));
    }
  };
  remove_roles();
  create_plugin();
  OperatorProcess op(operator_options(world().plane.file("kubeconfig-limited")));
  op.wait_log({"no right to list and watch blockstorageplugins", "apiGroups: [blockstorage.dev]",
               "verbs: [list, watch]"});
  op.wait_log({"no right to list and watch pods", "apiGroups: [\"\"]"});
  CHECK(op.lines({"no right to list and watch pods"}).size() == 1);
  CHECK(op.ask("/readyz").status == 503);
  CHECK(op.process().running());

  (void)world().kubectl.attempt({"create", "namespace", "block-storage-operator"});
  world().kubectl.apply_path(BSO_SOURCE_DIR "/manifests/10-rbac.yaml");
  for (const char* name : {"block-storage-operator", "block-storage-operator-grants"}) {
    world().api.merge(
        item(kClusterRoleBindings, name),
        {{"subjects",
          {{{"kind", "User"}, {"name", "limited"}, {"apiGroup", "rbac.authorization.k8s.io"}}}}});
  }
  op.wait_ready();
  wait_applied();
  remove_roles();
}

TEST_CASE("the rights of manifests/10-rbac.yaml are enough", "[faults][own][row-26]") {
  const PluginTest clean;
  const TemporaryDirectory directory;
  const auto kubeconfig = own_rights_kubeconfig(directory);
  auto audit = world().audit();
  OperatorProcess op(replica_options(kubeconfig, "rights", "block-storage-operator"));
  op.wait_ready();
  create_plugin();
  wait_applied();
  play_workloads(1, 1);
  wait_condition("Available", "True");
  world().api.merge(item(kPlugins, "ibmc-block"),
                    {{"spec", {{"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}}}});
  eventually("the other tiers are gone", [&]() -> Missing {
    if (world().api.find(item(kClasses, "ibmc-block-silver"))) return "silver is there";
    return std::nullopt;
  });
  uninstall_plugin();
  CHECK(op.stop().code == 0);
  CHECK(op.lines({"gave up the lease"}).size() == 1);
  const auto requests = audit.entries([](const AuditEntry& entry) { return entry.by_operator(); });
  CHECK(requests.size() > 20);
  for (const auto& request : requests) {
    INFO(request.text());
    CHECK(request.user == "system:serviceaccount:block-storage-operator:block-storage-operator");
    CHECK(request.code != 403);
    CHECK(request.code != 401);
  }
}
