// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "kube/client_config.h"
#include "unit/kube/config_fixture.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

namespace {

std::string simple(const std::string& host) {
  return "current-context: x\nclusters: [{name: c, cluster: {server: 'https://" + host +
         "'}}]\nusers: [{name: u, user: {token: t}}]\n"
         "contexts: [{name: x, context: {cluster: c, user: u}}]\n";
}

struct Place {
  TemporaryDirectory directory;
  ConfigSources sources;

  Place() {
    sources.service_account_dir = directory / "account";
    sources.environment["HOME"] = directory / "home";
  }
  void pod(const std::string& host = "10.0.0.1", const std::string& port = "443") {
    sources.environment["KUBERNETES_SERVICE_HOST"] = host;
    sources.environment["KUBERNETES_SERVICE_PORT"] = port;
    directory.write("account/token", "tok\n");
    directory.write("account/ca.crt", ca_pem);
    directory.write("account/namespace", "storage\n");
  }
  [[nodiscard]] std::string host() const {
    const auto config = load_client_config(sources);
    return config ? config->endpoint.host : "error: " + config.error().message;
  }
};

}  // namespace

TEST_CASE("where the configuration comes from: flag, KUBECONFIG, pod, home", "[kube][config]") {
  Place place;
  CHECK_THAT(place.host(), Catch::Contains("give --kubeconfig"));
  place.directory.write("home/.kube/config", simple("home"));
  CHECK(place.host() == "home");
  place.pod();
  CHECK(place.host() == "10.0.0.1");
  place.sources.environment["KUBECONFIG"] = place.directory.write("listed", simple("listed"));
  CHECK(place.host() == "listed");
  place.sources.kubeconfig_flag = place.directory.write("flag", simple("flag"));
  CHECK(place.host() == "flag");
}

TEST_CASE("a file named by the flag has to exist, and be a file", "[kube][config]") {
  Place place;
  place.pod();
  place.sources.kubeconfig_flag = place.directory / "missing";
  CHECK(place.host() == "error: kubeconfig: cannot read " + (place.directory / "missing") +
                            ": No such file or directory");
  place.sources.kubeconfig_flag = place.directory / "account";
  CHECK_THAT(place.host(), Catch::EndsWith("Is a directory"));
  place.sources.kubeconfig_flag = place.directory.write("empty", "");
  CHECK_THAT(place.host(), Catch::Contains("is empty"));
}

TEST_CASE("KUBECONFIG is a list in which the first wins", "[kube][config]") {
  Place place;
  place.directory.write("a/ca.crt", ca_pem);
  const std::string a = place.directory.write(
      "a/config",
      "clusters: [{name: c, cluster: {server: 'https://a', certificate-authority: ca.crt}}]\n"
      "users: []\n");
  const std::string b = place.directory.write("b/config", simple("b") + "preferences: {}\n");
  place.sources.environment["KUBECONFIG"] = ":" + a + ":" + (place.directory / "missing") + ":" + b;
  const auto config = load_client_config(place.sources);
  REQUIRE(config);
  CHECK(config->endpoint.host == "a");       // the cluster of the first file
  CHECK(config->endpoint.ca_pem == ca_pem);  // beside the first file
  CHECK(config->token == "t");               // the user of the second
  CHECK(config->source == b);                // where the context stands

  place.sources.environment["KUBECONFIG"] = place.directory / "missing";
  CHECK_THAT(place.host(), Catch::Contains("no such file exists; correct it or unset it"));
}

TEST_CASE("a context can only be in a kubeconfig", "[kube][config]") {
  Place place;
  place.pod();
  place.directory.write("home/.kube/config", simple("home"));
  place.sources.context_flag = "x";
  CHECK(place.host() == "home");
}

TEST_CASE("inside a pod", "[kube][config]") {
  Place place;
  place.pod();
  const auto config = in_cluster_config(place.sources);
  REQUIRE(config);
  CHECK(config->endpoint.tls);
  CHECK(config->endpoint.host == "10.0.0.1");
  CHECK(config->endpoint.port == 443);
  CHECK(config->endpoint.ca_pem == ca_pem);
  CHECK(config->token.empty());
  CHECK(config->token_file == place.directory / "account/token");
  CHECK(config->default_namespace == "storage");
  CHECK(config->source == "in-cluster");
}

TEST_CASE("inside a pod over IPv6", "[kube][config]") {
  Place place;
  place.pod("fd00:10:96::1", "8443");
  const auto config = in_cluster_config(place.sources);
  REQUIRE(config);
  CHECK(config->endpoint.host == "fd00:10:96::1");
  CHECK(config->endpoint.port == 8443);
}

TEST_CASE("a pod without a namespace file is in default", "[kube][config]") {
  Place place;
  place.pod();
  std::filesystem::remove(place.directory / "account/namespace");
  CHECK(in_cluster_config(place.sources)->default_namespace == "default");
}

TEST_CASE("inside a pod where something is missing", "[kube][config]") {
  Place place;
  place.pod();
  std::string message;
  SECTION("token") {
    std::filesystem::remove(place.directory / "account/token");
    message = "account/token: No such file or directory; the pod needs a ServiceAccount token";
  }
  SECTION("empty token") {
    place.directory.write("account/token", "\n");
    message = "account/token is empty";
  }
  SECTION("CA") {
    std::filesystem::remove(place.directory / "account/ca.crt");
    message = "account/ca.crt: No such file or directory";
  }
  SECTION("bad CA") {
    place.directory.write("account/ca.crt", "hello");
    message = "no PEM block in " + (place.directory / "account/ca.crt");
  }
  SECTION("port") {
    place.sources.environment["KUBERNETES_SERVICE_PORT"] = "tcp://10.0.0.1:443";
    message = "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: server URL";
  }
  const auto config = load_client_config(place.sources);
  REQUIRE_FALSE(config);
  CHECK_THAT(config.error().message, Catch::StartsWith("in-cluster: "));
  CHECK_THAT(config.error().message, Catch::Contains(message));

  // With a kubeconfig at home there is another way.
  place.directory.write("home/.kube/config", simple("home"));
  CHECK(place.host() == "home");
}

TEST_CASE("outside a pod", "[kube][config]") {
  Place place;
  const auto config = in_cluster_config(place.sources);
  REQUIRE_FALSE(config);
  CHECK_THAT(config.error().message, Catch::Contains("KUBERNETES_SERVICE_HOST"));
}
