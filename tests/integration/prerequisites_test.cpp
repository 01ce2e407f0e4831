// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "integration/plugin.h"
#include "integration/world.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

const std::string kSecrets = "/api/v1/namespaces/kube-system/secrets";
const std::string kSecret = item(kSecrets, "storage-secret-store");

void make_secret(const std::string& value) {
  world().api.create(kSecrets, {{"metadata", {{"name", "storage-secret-store"}}},
                                {"stringData", {{"slclient.toml", value}}}});
}

std::string mark_of(const std::string& workload) {
  return world().api.get(workload).value(
      "/spec/template/metadata/annotations/blockstorage.dev~1credentials-revision"_json_pointer,
      "");
}

}  // namespace

TEST_CASE("pods are rolled when the Secret with the account changes, not before",
          "[own][needs][row-30][row-33]") {
  const PluginTest clean;
  world().api.remove(kSecret);
  OperatorProcess op(operator_options());
  create_plugin({{"driver", {{"credentialsSecretRef", {{"name", "storage-secret-store"}}}}}});
  wait_applied();
  const auto missing = wait_condition("PrerequisitesMet", "False", "SecretMissing");
  CHECK_THAT(missing.at("message").get<std::string>(),
             Contains("kubectl -n kube-system create secret generic storage-secret-store"));

  auto audit = world().audit();
  make_secret("one");
  wait_condition("PrerequisitesMet", "True", "Met");
  for (const auto& path : {kProvisioner, kNodeDriver}) {
    CHECK(world().api.get(path).at("metadata").at("generation") == 1);
    CHECK(mark_of(path).empty());
  }
  world().api.merge(kSecret, {{"stringData", {{"slclient.toml", "two"}}}});
  eventually("both workloads are marked", [&]() -> Missing {
    if (!mark_of(kProvisioner).empty() && mark_of(kProvisioner) == mark_of(kNodeDriver)) {
      return std::nullopt;
    }
    return plugin().at("status").dump(1);
  });
  const auto mark = mark_of(kNodeDriver);

  // A Secret that is gone rolls nothing, nor does another operator that sees it for the first time.
  (void)op.stop();
  OperatorProcess again(operator_options());
  again.wait_ready();
  wait_condition("PrerequisitesMet", "True", "Met");
  world().api.remove(kSecret);
  wait_condition("PrerequisitesMet", "False", "SecretMissing");
  CHECK(mark_of(kNodeDriver) == mark);
  CHECK(world().api.get(kNodeDriver).at("metadata").at("generation") == 2);
  // Only this one was asked for, by a watch.
  for (const auto& entry : audit.entries(
           [](const AuditEntry& e) { return e.by_operator() && e.resource == "secrets"; })) {
    INFO(entry.text());
    CHECK_THAT(entry.uri, Contains("/namespaces/kube-system/secrets?") &&
                              Contains("fieldSelector=metadata.name%3Dstorage-secret-store"));
  }
}

TEST_CASE("nothing is applied before the namespace is there", "[own][needs][row-33]") {
  const PluginTest clean;
  const std::string ns = "blockstorage-needed";
  const std::string in_ns = "/apis/apps/v1/namespaces/" + ns + "/daemonsets";
  OperatorProcess op(operator_options());
  create_plugin({{"driver", {{"namespace", ns}}}});
  const auto missing = wait_condition("PrerequisitesMet", "False", "NamespaceMissing");
  CHECK_THAT(missing.at("message").get<std::string>(), Contains("kubectl create namespace " + ns));
  wait_condition("Degraded", "True", "NamespaceMissing");
  CHECK_FALSE(world().api.find(item(kClasses, "ibmc-block-gold")));
  CHECK_FALSE(plugin().at("metadata").contains("finalizers"));

  world().kubectl.run({"create", "namespace", ns});
  eventually("the node driver is there", [&]() -> Missing {
    if (world().api.find(item(in_ns, "ibmcloud-block-storage-driver"))) return std::nullopt;
    return plugin().at("status").dump(1);
  });
  wait_condition("PrerequisitesMet", "True", "Met");
  (void)world().api.call("DELETE", item(kPlugins, "ibmc-block"));
  eventually("the plug-in is gone", [&]() -> Missing {
    if (world().api.find(item(kPlugins, "ibmc-block"))) return "it is there";
    return std::nullopt;
  });
  world().api.remove("/api/v1/namespaces/" + ns);
}

TEST_CASE("a Secret that the operator has no right to see is named with the grant, which heals",
          "[own][needs][row-33]") {
  const PluginTest clean;
  const std::string ns = "block-storage-operator";
  (void)world().kubectl.attempt({"create", "namespace", ns});
  world().kubectl.apply_path(BSO_SOURCE_DIR "/manifests/10-rbac.yaml");
  for (const char* name : {"block-storage-operator", "block-storage-operator-grants"}) {
    world().api.merge(
        item(kClusterRoleBindings, name),
        {{"subjects",
          {{{"kind", "User"}, {"name", "limited"}, {"apiGroup", "rbac.authorization.k8s.io"}}}}});
  }
  OperatorProcess op(operator_options(world().plane.file("kubeconfig-limited")));
  op.wait_ready();
  create_plugin({{"driver", {{"credentialsSecretRef", {{"name", "my-account"}}}}}});
  const auto unreadable = wait_condition("PrerequisitesMet", "Unknown", "SecretUnreadable");
  const std::string role = "block-storage-operator-credentials";
  CHECK_THAT(unreadable.at("message").get<std::string>(),
             Contains("kubectl create clusterrole " + role +
                      " --verb=get,list,watch --resource=secrets --resource-name=my-account") &&
                 Contains("--user=limited"));

  world().kubectl.run({"create", "clusterrole", role, "--verb=get,list,watch", "--resource=secrets",
                       "--resource-name=my-account"});
  world().kubectl.run(
      {"create", "clusterrolebinding", role, "--clusterrole=" + role, "--user=limited"});
  wait_condition("PrerequisitesMet", "False", "SecretMissing");
  wait_applied(60s);
  uninstall_plugin();
  world().api.remove(item(kClusterRoleBindings, role));
  world().api.remove(item(kClusterRoles, role));
  for (const char* name : {"block-storage-operator", "block-storage-operator-grants"}) {
    world().api.remove(item(kClusterRoleBindings, name));
    world().api.remove(item(kClusterRoles, name));
  }
}
