// SPDX-License-Identifier: Apache-2.0
// The program kubectl-blockstorage as a person runs it, against the real API server.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "integration/plugin.h"
#include "integration/world.h"
#include "support/kubeconfig.h"

using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

Finished cli(Arguments words, std::string standard_input = {},
             const std::string& kubeconfig = world().plane.kubeconfig()) {
  Process::Options options;
  options.argv = {BSO_KUBECTL_PLUGIN};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  options.standard_input = std::move(standard_input);
  options.environment["KUBECONFIG"] = kubeconfig;
  auto finished = run(std::move(options), 60s);
  UNSCOPED_INFO(finished.status.text() << "\n" << finished.output << finished.errors);
  return finished;
}

std::string file_text(const Json& spec, const std::string& name = "ibmc-block") {
  Json object{{"apiVersion", "blockstorage.dev/v1alpha1"},
              {"kind", "BlockStoragePlugin"},
              {"metadata", {{"name", name}}},
              {"spec", {{"driver", {{"name", "ibmc-block"}}}}}};
  if (spec.is_object()) object["spec"].merge_patch(spec);
  return object.dump();
}

Json plan_json(const std::string& text) {
  const auto finished = cli({"plan", "-", "-o", "json"}, text);
  return Json::parse(finished.output).at("plugins").at(0);
}

/// All it sent that was no read was a dry run.
void check_only_dry_runs(AuditLog& audit) {
  const auto sent = audit.entries(
      [](const AuditEntry& entry) { return entry.agent.rfind("kubectl-blockstorage", 0) == 0; });
  CHECK_FALSE(sent.empty());
  for (const auto& entry : sent) {
    INFO(entry.text());
    CHECK((!entry.writes() || entry.uri.find("dryRun=All") != std::string::npos));
  }
}

/// The operator's plan for a change of the spec, in the words of the program.
Json operators_plan(Json spec) {
  spec.update({{"reconcile", {{"mode", "Plan"}}}});
  world().api.merge(item(kPlugins, "ibmc-block"), {{"spec", spec}});
  Json plan;
  eventually("the operator has planned", [&]() -> Missing {
    const auto object = plugin();
    const auto status = object.value("status", Json::object());
    if (status.contains("plan") &&
        status.value("observedGeneration", 0) == object.at("metadata").at("generation")) {
      plan = status.at("plan");
      return std::nullopt;
    }
    return status.dump(1);
  });
  for (auto& entry : plan) entry["refused"] = false;
  return plan;
}

const Json kPlanMode{{"reconcile", {{"mode", "Plan"}}}};

}  // namespace

TEST_CASE("kubectl blockstorage plan shows an installation before the object exists",
          "[own][kubectl-plugin][row-18][row-A]") {
  const PluginTest clean;
  auto audit = world().audit();
  const auto finished = cli({"plan", "-"}, file_text({}));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output,
             Contains(fmt::format("BlockStoragePlugin ibmc-block: {} to create, 0 to change",
                                  managed_paths().size())) &&
                 Contains("Create  StorageClass ibmc-block-gold"));
  const auto planned = plan_json(file_text(kPlanMode));
  check_only_dry_runs(audit);
  CHECK_FALSE(world().api.find(item(kPlugins, "ibmc-block")));

  // The operator lists the same, word for word.
  OperatorProcess op(operator_options());
  create_plugin(kPlanMode);
  eventually("the operator has planned too", [&]() -> Missing {
    const auto status = plugin().value("status", Json::object());
    if (status.contains("plan")) return std::nullopt;
    return status.dump(1);
  });
  auto theirs = plugin().at("status").at("plan");
  for (auto& entry : theirs) entry["refused"] = false;
  CHECK(planned.at("plan") == theirs);
}

TEST_CASE("kubectl blockstorage plan shows what differs from now", "[own][kubectl-plugin]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  auto same = cli({"plan", "-"}, file_text({}));
  CHECK(same.status.code == 0);
  CHECK_THAT(same.output, Contains("nothing to do"));

  const TemporaryDirectory directory;
  write_file(directory.file("bsp.yaml"),
             file_text({{"controller", {{"replicas", 2}}},
                        {"storageClasses", {{"presets", {{"tiers", {"Gold"}}}}}}}) +
                 "\n---\n" + file_text({{"managementState", "Unmanaged"}}, "second"));
  const auto finished = cli({"plan", directory.file("bsp.yaml")});
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains("0 to create, 1 to change, 6 to delete") &&
                                  Contains("spec.replicas 1 -> 2") &&
                                  Contains("Delete  StorageClass ibmc-block-bronze") &&
                                  Contains("spec.managementState is Unmanaged"));
  const auto yaml = cli({"plan", directory.file("bsp.yaml"), "-o", "yaml"});
  CHECK(yaml.status.code == 2);
  CHECK_THAT(yaml.output, Contains("kind: Plan\n") && Contains("action: Delete\n"));
}

TEST_CASE(
    "kubectl blockstorage plan lists what changes hands and the default class, as the operator",
    "[own][kubectl-plugin]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const Json spec{{"storageClasses",
                   {{"onRemovedFromSpec", "Orphan"},
                    {"presets", {{"tiers", {"Gold"}}}},
                    {"default", {{"className", "ibmc-block-gold"}}}}}};
  const auto finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains("6 to give up; the default StorageClass changes") &&
                                  Contains("GiveUp      StorageClass ibmc-block-bronze") &&
                                  Contains("SetDefault  StorageClass ibmc-block-gold"));
  auto planned = file_text(spec);
  CHECK(plan_json(planned).at("plan") == operators_plan(spec));
}

TEST_CASE("kubectl blockstorage plan lists what Removed would delete, and what blocks it",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  const Json spec{{"managementState", "Removed"}};
  auto audit = world().audit();
  auto finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output,
             Contains(fmt::format("{} to delete", managed_paths().size())) &&
                 Contains("Delete  DaemonSet kube-system/ibmcloud-block-storage-driver"));
  check_only_dry_runs(audit);
  const auto planned = plan_json(file_text(spec)).at("plan");

  const std::string volume = "/api/v1/persistentvolumes/planned-by-hand";
  world().api.remove(volume);
  world().api.create("/api/v1/persistentvolumes",
                     {{"metadata", {{"name", "planned-by-hand"}}},
                      {"spec",
                       {{"accessModes", {"ReadWriteOnce"}},
                        {"capacity", {{"storage", "20Gi"}}},
                        {"flexVolume", {{"driver", "ibm/ibmc-block"}}}}}});
  finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("Blocked: nothing of this is done for now. 1 volume uses") &&
                                  Contains("planned-by-hand"));
  finished = cli({"plan", "-"}, file_text({{"managementState", "Removed"},
                                           {"deletion", {{"whenVolumesExist", "Orphan"}}}}));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains(fmt::format("{} to give up", managed_paths().size())));
  // The operator counts every other second.
  const auto wait_counted = [](int total) {
    eventually("the operator has counted the volumes", [&]() -> Missing {
      const auto volumes = plugin().at("status").value("volumes", Json::object());
      if (volumes.value("total", -1) == total) return std::nullopt;
      return volumes.dump();
    });
  };
  wait_counted(1);
  world().api.remove(volume);
  wait_counted(0);
  CHECK(planned == operators_plan(spec));
}

TEST_CASE("kubectl blockstorage plan keeps to the version that a rollout holds",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  OperatorProcess op(operator_options());
  create_plugin({{"upgrade", {{"approval", "Manual"}}}});
  wait_applied();
  play_workloads(2, 2);
  wait_condition("Progressing", "False", "AsExpected");
  Json spec{{"upgrade", {{"approval", "Manual"}}}, {"driver", {{"version", "2.6.0"}}}};
  auto finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 0);
  CHECK_THAT(finished.output,
             Contains("nothing to do") && Contains("Note: The pods stay those of version") &&
                 Contains("not 2.6.0: spec.upgrade.approvedVersion does not name it yet"));
  CHECK(operators_plan(spec).empty());
  spec["upgrade"]["approvedVersion"] = "2.6.0";
  finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains("0 to create, 2 to change"));
  CHECK(plan_json(file_text(spec)).at("plan") == operators_plan(spec));
}

TEST_CASE("kubectl blockstorage plan knows that a version has failed with this very spec",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  {
    OperatorProcess op(operator_options());
    create_plugin({{"upgrade", {{"onFailure", "Rollback"}}}});
    wait_applied();
    play_workloads(2, 2);
    wait_condition("Progressing", "False", "AsExpected");
    world().api.merge(item(kPlugins, "ibmc-block"),
                      {{"spec", {{"driver", {{"version", "2.6.0"}}}}}});
    wait_condition("Progressing", "True", "RollingOut");
    CHECK(op.stop().code == 0);
  }
  // As a rollout that stood still for the whole deadline leaves it.
  const auto object = plugin();
  world().api.merge(item(kPlugins, "ibmc-block") + "/status",
                    {{"status",
                      {{"rollout",
                        {{"failedVersion", "2.6.0"},
                         {"failedTarget", object.at("/status/rollout/target"_json_pointer)},
                         {"failedGeneration", object.at("metadata").at("generation")}}}}}});
  Json spec{{"upgrade", {{"onFailure", "Rollback"}}}, {"driver", {{"version", "2.6.0"}}}};
  auto finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output,
             Contains("0 to create, 2 to change") && Contains("with this very spec it has failed"));
  // Another spec: it is tried again, and that is what stands there.
  spec["upgrade"]["progressDeadlineSeconds"] = 900;
  finished = cli({"plan", "-"}, file_text(spec));
  CHECK(finished.status.code == 0);
  CHECK_THAT(finished.output, Contains("nothing to do"));
}

TEST_CASE("kubectl blockstorage plan finds bundles of one's own in ConfigMaps",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  const auto ns = make_namespace("planned-bundles");
  const std::string name = "nfs-csi";
  world().kubectl.run({"create", "configmap", name, "-n", ns,
                       "--from-file=" BSO_SOURCE_DIR "/examples/own-bundle/nfs-csi"});
  world().kubectl.run({"label", "configmap", name, "-n", ns, "blockstorage.dev/bundle=" + name});
  const auto text = file_text({{"driver", {{"name", name}}}}, name);
  auto finished = cli({"plan", "-", "--bundle-namespace", ns}, text);
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains("Create  DaemonSet kube-system/csi-nfs-node") &&
                                  Contains("Create  StorageClass nfs-csi"));
  finished = cli({"plan", "-"}, text);
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("there is no bundle \"nfs-csi\""));
  world().api.merge(fmt::format("/api/v1/namespaces/{}/configmaps/{}", ns, name),
                    {{"data", {{"node.yaml", "kind: [\nbad"}}}});
  finished = cli({"plan", "-", "--bundle-namespace", ns}, text);
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("node.yaml") && Contains("line "));
}

TEST_CASE("kubectl blockstorage plan refuses a spec with field and remedy",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  auto finished = cli({"plan", "-"}, file_text({{"controller", {{"replicas", 9}}}}));
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("not valid") && Contains("The server refuses it") &&
                                  Contains("spec.controller.replicas"));
  finished = cli({"plan", "-"}, file_text({{"driver", {{"name", "no-such-driver"}}}}));
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("spec.driver.name") && Contains("ibmc-block"));
  finished = cli({"plan", "-"}, "kind: ConfigMap\napiVersion: v1\n");
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("standard input: kind \"ConfigMap\""));
  finished = cli({"plan", "/no/such/file"});
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("/no/such/file: No such file"));
  finished = cli({"plan", "-"}, file_text({{"driver", {{"namespace", "nowhere"}}}}));
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("would be refused") && Contains("Create the namespace"));
}

TEST_CASE("kubectl blockstorage tells what stands in its way", "[own][kubectl-plugin]") {
  const PluginTest clean;
  const TemporaryDirectory directory;
  Process::Options options;
  options.argv = {BSO_KUBECTL_PLUGIN, "status"};
  options.environment = {{"HOME", directory.path()}};
  auto finished = run(options, 30s);
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("--kubeconfig"));

  write_file(directory.file("away"),
             make_kubeconfig({.server = "https://127.0.0.1:1",
                              .ca_pem = read_file(world().plane.setting("BSO_CA")),
                              .token = "t"}));
  finished = cli({"plan", "-", "--request-timeout", "3s"}, file_text({}), directory.file("away"));
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("cannot be reached") && Contains("--context"));

  finished = cli({"status", "nothing"});
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("There is no BlockStoragePlugin nothing"));

  world().kubectl.run({"delete", "crd", "blockstorageplugins.blockstorage.dev"});
  eventually("the server has stopped to serve it", [&]() -> Missing {
    finished = cli({"status"});
    if (finished.status.code == 1) return std::nullopt;
    return finished.output;
  });
  CHECK_THAT(finished.errors, Contains("kubectl apply -f crds/"));
  finished = cli({"plan", "-"}, file_text({}));
  CHECK(finished.status.code == 2);
  CHECK_THAT(finished.output, Contains("Note: The cluster does not know BlockStoragePlugins yet") &&
                                  Contains("Create  DaemonSet"));
  install_crd();
}

TEST_CASE("kubectl blockstorage plan uses the user's own rights and says what they lack",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  const auto limited = world().plane.file("kubeconfig-limited");
  auto finished = cli({"plan", "-"}, file_text({}), limited);
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.errors, Contains("blockstorageplugins") && Contains("--as"));

  const std::string role = "only-looks";
  (void)world().kubectl.attempt(
      {"create", "clusterrole", role, "--verb=get",
       "--resource=blockstorageplugins.blockstorage.dev,deployments.apps,daemonsets.apps,"
       "serviceaccounts,storageclasses.storage.k8s.io,clusterroles.rbac.authorization.k8s.io,"
       "clusterrolebindings.rbac.authorization.k8s.io"});
  (void)world().kubectl.attempt(
      {"create", "clusterrolebinding", role, "--clusterrole=" + role, "--user=limited"});
  eventually("the rights are there", [&]() -> Missing {
    finished = cli({"plan", "-"}, file_text({}), limited);
    if (!finished.output.empty()) return std::nullopt;
    return finished.errors;
  });
  CHECK(finished.status.code == 1);
  CHECK_THAT(finished.output, Contains("You may not create BlockStoragePlugins") &&
                                  Contains("would be refused") &&
                                  Contains("refused for want of rights") &&
                                  Contains("--as system:serviceaccount:block-storage-operator"));
  world().api.remove(item(kClusterRoleBindings, role));
  world().api.remove(item(kClusterRoles, role));
}

TEST_CASE("kubectl blockstorage status is for reading, and kubectl finds the program",
          "[own][kubectl-plugin]") {
  const PluginTest clean;
  CHECK_THAT(cli({"status"}).output, Contains("There is no BlockStoragePlugin"));
  OperatorProcess op(operator_options());
  create_plugin();
  wait_applied();
  play_workloads(3, 3);
  wait_condition("Available", "True");
  const auto finished = cli({"status", "ibmc-block"});
  CHECK(finished.status.code == 0);
  CHECK_THAT(finished.output, Contains("Name:     ibmc-block") && Contains("Nodes:    3/3") &&
                                  Contains("Available") && Contains("DaemonSet kube-system/") &&
                                  Contains("ibmc-block-gold") && Contains("InSync"));
  CHECK(Json::parse(cli({"status", "-o", "json"}).output).at("items").size() == 1);
  CHECK(cli({"__complete", "status", "i"}).output == "ibmc-block\n:4\n");

  Process::Options kubectl;
  kubectl.argv = {world().plane.kubectl(), "blockstorage", "version"};
  kubectl.environment["PATH"] =
      std::filesystem::path(BSO_KUBECTL_PLUGIN).parent_path().string() + ":/usr/bin:/bin";
  const auto version = run(std::move(kubectl), 30s);
  CHECK(version.ok());
  CHECK_THAT(version.output, Contains("kubectl-blockstorage "));
}
