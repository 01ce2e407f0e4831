// SPDX-License-Identifier: Apache-2.0
#include "integration/world.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>

#include <unistd.h>

#include "support/kubeconfig.h"

namespace bso::test {
namespace {

std::unique_ptr<World>& instance() {
  static std::unique_ptr<World> made;
  return made;
}

}  // namespace

World& world() {
  if (!instance()) instance() = std::make_unique<World>();
  return *instance();
}

void end_world() { instance().reset(); }

std::string operator_program() {
  const char* given = std::getenv("BSO_TEST_OPERATOR");
  return given == nullptr ? BSO_OPERATOR : given;
}

OperatorProcess::Options operator_options(const std::string& kubeconfig) {
  OperatorProcess::Options options;
  options.program = operator_program();
  options.kubeconfig = kubeconfig;
  options.arguments = {"--leader-elect=false"};
  return options;
}

OperatorProcess::Options replica_options(const std::string& kubeconfig, const std::string& identity,
                                         const std::string& lease_namespace) {
  OperatorProcess::Options options;
  options.program = operator_program();
  options.kubeconfig = kubeconfig;
  options.arguments = {"--leader-identity=" + identity,
                       "--leader-election-namespace=" + lease_namespace};
  return options;
}

OperatorProcess::Options operator_options() { return operator_options(world().plane.kubeconfig()); }

std::string own_rights_kubeconfig(const TemporaryDirectory& directory) {
  const std::string ns = "block-storage-operator";
  (void)world().kubectl.attempt({"create", "namespace", ns});
  world().kubectl.apply_path(BSO_SOURCE_DIR "/manifests/10-rbac.yaml");
  const auto token = world().api.create(
      "/api/v1/namespaces/" + ns + "/serviceaccounts/block-storage-operator/token",
      {{"apiVersion", "authentication.k8s.io/v1"},
       {"kind", "TokenRequest"},
       {"spec", Json::object()}});
  write_file(directory.file("kubeconfig"),
             make_kubeconfig({.server = world().plane.setting("BSO_URL"),
                              .ca_pem = read_file(world().plane.setting("BSO_CA")),
                              .token = token.at("status").at("token")}));
  return directory.file("kubeconfig");
}

std::string make_namespace(const std::string& prefix) {
  // On a cluster that is not ours, earlier runs may have left some.
  static const auto run = std::to_string(::getpid());
  static int count = 0;
  const auto name = prefix + "-" + run + "-" + std::to_string(++count);
  world().api.create("/api/v1/namespaces", {{"metadata", {{"name", name}}}});
  return name;
}

void install_crd() {
  world().kubectl.apply_path(BSO_SOURCE_DIR "/crds");
  eventually("the API serves BlockStoragePlugins", [&]() -> Missing {
    const auto answer =
        world().api.call("GET", "/apis/blockstorage.dev/v1alpha1/blockstorageplugins");
    if (answer.ok()) return std::nullopt;
    return answer.body;
  });
}

unsigned seed() {
  if (const char* given = std::getenv("BSO_TEST_SEED"); given != nullptr) {
    return static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  }
  return std::random_device{}();
}

}  // namespace bso::test
