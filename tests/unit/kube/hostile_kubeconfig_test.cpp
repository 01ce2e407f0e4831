// SPDX-License-Identifier: Apache-2.0
// Kubeconfigs that were broken, by accident or on purpose. Each gives one error of one line that
// names the file and says nothing secret.
#include <filesystem>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "kube/client_config.h"
#include "unit/kube/config_fixture.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

std::string whole(const std::string& cluster, const std::string& user,
                  const std::string& rest = "") {
  return fmt::format(
      "current-context: x\nclusters: [{{name: c, cluster: {{{}}}}}]\n"
      "users: [{{name: u, user: {{{}}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: "
      "u}}}}]\n{}",
      cluster, user, rest);
}

const std::string plain_server = "server: 'https://host'";

/// The error's text; it must be one that can be shown.
std::string hostile_refusal(const std::string& text) {
  const auto config = parse_kubeconfig(text, "/etc/kc", "");
  if (config) return "accepted";
  const auto& message = config.error().message;
  CHECK(config.error().kind == ErrorKind::invalid_input);
  CHECK_THAT(message, Contains("/etc/kc") && !Contains("SECRET") && !Contains("\n"));
  CHECK(message.size() < 1000);
  return message;
}

}  // namespace

TEST_CASE("YAML that is no kubeconfig", "[kube][config][hostile]") {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += fmt::format("{0}: &{0} [*{1},*{1},*{1},*{1},*{1},*{1},*{1},*{1},*{1},*{1}]\n", c,
                        static_cast<char>(c - 1));
  }
  const std::string deep = "users: " + std::string(5000, '[') + std::string(5000, ']');
  const auto text = GENERATE_COPY(
      as<std::string>{}, bomb, deep, "users: &u [*u]", std::string("users: \0 SECRET", 15),
      "users: \xFF\xFE SECRET", "users: [SECRET", "users: SECRET", "SECRET", "- SECRET",
      "users: [{name: u, user: {token: SECRET, token: SECRET}}]", "users: [SECRET]",
      "users: [{name: [SECRET]}]", "users: [{name: u, user: SECRET}]", "contexts: {SECRET: 1}",
      "clusters: 7", "{}", "---\na: 1\n---\nSECRET: 2\n", "kind: Pod\nSECRET: 1", ",", "%", "\t",
      "users: !!binary SECRET", "? [SECRET]\n: 1", "null: SECRET", std::string(4U << 20U, ' '),
      std::string(4U << 20U, '#'));
  CAPTURE(text.substr(0, 60));
  CHECK(hostile_refusal(text) != "accepted");
}

TEST_CASE("wrong types in every field", "[kube][config][hostile]") {
  const std::string odd = GENERATE("7", "[SECRET]", "{SECRET: 1}", "true", "1.5", "\"a\\0SECRET\"");
  SECTION("cluster") {
    const std::string field = GENERATE("tls-server-name", "proxy-url", "certificate-authority",
                                       "certificate-authority-data");
    CAPTURE(odd, field);
    CHECK_THAT(hostile_refusal(whole(plain_server + ", " + field + ": " + odd, "")),
               Contains(field + " of cluster \"c\""));
  }
  SECTION("cluster's flag") {
    if (odd == "true") return;
    CHECK_THAT(hostile_refusal(whole(plain_server + ", insecure-skip-tls-verify: " + odd, "")),
               Contains("insecure-skip-tls-verify of cluster \"c\""));
  }
  SECTION("user") {
    const std::string field = GENERATE("token", "tokenFile", "username", "password", "as", "as-uid",
                                       "client-certificate", "client-key-data");
    CAPTURE(odd, field);
    CHECK_THAT(hostile_refusal(whole(plain_server, field + ": " + odd)),
               Contains(field + " of user \"u\""));
  }
  SECTION("plug-in") {
    const std::string field =
        GENERATE("command", "apiVersion", "installHint", "interactiveMode", "args", "env");
    if (field == "args" && odd == "[SECRET]") return;  // that is right
    CAPTURE(odd, field);
    const std::string others =
        field == "command" || field == "apiVersion"
            ? ""
            : "command: x, apiVersion: client.authentication.k8s.io/v1beta1, ";
    const auto message =
        hostile_refusal(whole(plain_server, "exec: {" + others + field + ": " + odd + "}"));
    CHECK_THAT(message, Contains("of exec of user \"u\""));
  }
}

TEST_CASE("plug-ins that are described wrongly", "[kube][config][hostile]") {
  const auto [exec, message] = GENERATE(table<std::string, std::string>({
      {"apiVersion: client.authentication.k8s.io/v1, command: x",
       "interactiveMode of exec of user \"u\" must be Never, IfAvailable or Always"},
      {"apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Sometimes",
       "interactiveMode of exec of user \"u\" must be"},
      {"apiVersion: client.authentication.k8s.io/v1alpha1, command: x", "is gone since"},
      {"apiVersion: v1, command: x", "apiVersion of exec of user \"u\" must be"},
      {"apiVersion: client.authentication.k8s.io/v1beta1",
       "command of exec of user \"u\" is missing"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: x, env: [{name: 'A=SECRET'}]",
       "name of env[0] of exec of user \"u\""},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: x, env: [{value: SECRET}]",
       "name of env[0] of exec of user \"u\""},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: x, env: [SECRET]",
       "env[0] of exec of user \"u\" must be a map"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: x, args: [SECRET, 7]",
       "args[1] of exec of user \"u\" must be text"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: x, provideClusterInfo: 'yes'",
       "provideClusterInfo of exec of user \"u\" must be true or false"},
  }));
  CAPTURE(exec);
  CHECK_THAT(hostile_refusal(whole(plain_server, "exec: {" + exec + "}")), Contains(message));
}

TEST_CASE("credentials stay unsaid when something else is wrong", "[kube][config][hostile]") {
  const std::string wrong = GENERATE(
      "token: SECRET, username: SECRET", "username: 'SECRET', password: 'SECRET', tokenFile: f",
      "token: SECRET, client-key-data: U0VDUkVU", "password: SECRET, client-certificate-data: '@@'",
      "token: SECRET, as-groups: [SECRET]", "token: SECRET, auth-provider: {config: {k: SECRET}}");
  CAPTURE(wrong);
  CHECK(hostile_refusal(whole(plain_server, wrong)) != "accepted");
  CHECK(hostile_refusal(whole("server: 'https://SECRET:SECRET@host'", "token: SECRET")) !=
        "accepted");
}

TEST_CASE("a kubeconfig of 100 MB is refused before it is read", "[kube][config][hostile]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.kubeconfig_flag = directory.write("huge", "users: SECRET");
  std::filesystem::resize_file(sources.kubeconfig_flag, 100U << 20U);  // sparse
  const auto config = load_client_config(sources);
  REQUIRE_FALSE(config.has_value());
  CHECK_THAT(config.error().message, Contains(sources.kubeconfig_flag) && Contains("larger than"));
}

TEST_CASE("disable-compression is passed over", "[kube][config]") {
  CHECK(parse_kubeconfig(whole(plain_server + ", disable-compression: true", ""), "kc", ""));
}
