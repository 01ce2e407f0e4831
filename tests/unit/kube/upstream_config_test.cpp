// SPDX-License-Identifier: Apache-2.0
// client-go's cases of tools/clientcmd (client_config_test.go, loader_test.go), under their names.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "codec/base64.h"
#include "kube/client_config.h"
#include "kube/excerpt.h"
#include "unit/kube/config_fixture.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

namespace {

/// createValidTestConfig() with a cluster and a user given as flow maps.
std::string clean(const std::string& cluster = "server: 'https://anything.com:8080'",
                  const std::string& user = "token: the-token") {
  return fmt::format(
      "apiVersion: v1\nkind: Config\ncurrent-context: clean\n"
      "clusters: [{{name: clean, cluster: {{{}}}}}]\n"
      "users: [{{name: clean, user: {{{}}}}}]\n"
      "contexts: [{{name: clean, context: {{cluster: clean, user: clean}}}}]\n",
      cluster, user);
}

Result<ClientConfig> parse(const std::string& text, const std::string& context = "") {
  return parse_kubeconfig(text, "/etc/kc", context);
}

std::string refusal_text(const Result<ClientConfig>& config) {
  return config ? "none" : config.error().message;
}

const std::string local = "server: 'https://localhost:8443'";

std::string part(const std::string& color, const std::string& animal, const std::string& context) {
  return fmt::format(
      "users: [{{name: {0}-user, user: {{token: {0}-token}}}}]\n"
      "clusters: [{{name: {1}-cluster, cluster: {{server: 'http://{1}.org:8080'}}}}]\n"
      "contexts: [{{name: {2}, context: {{user: {0}-user, cluster: {1}-cluster, namespace: "
      "{0}-ns}}}}]\n",
      color, animal, context);
}

const std::string alfa = part("red", "cow", "federal-context");
const std::string conflict_alfa =
    "current-context: federal-context\n"
    "users: [{name: red-user, user: {token: a-different-red-token}},\n"
    "  {name: yellow-user, user: {token: yellow-token}}]\n"
    "clusters: [{name: cow-cluster, cluster: {server: 'http://a-different-cow.org:8080'}},\n"
    "  {name: donkey-cluster, cluster: {server: 'http://donkey.org:8080'}}]\n";

}  // namespace

TEST_CASE("TestTLSServerName", "[upstream][client_config]") {
  const auto config = parse(clean(local + ", tls-server-name: overridden-server-name"));
  REQUIRE(config);
  CHECK(config->endpoint.server_name == "overridden-server-name");
  CHECK(config->endpoint.ca_pem.empty());
}

TEST_CASE("TestFullImpersonateConfig", "[upstream][client_config]") {
  const auto config = parse(clean(
      local,
      "as: alice, as-uid: abc123, as-groups: [group-1], as-user-extra: {some-key: [some-value]}"));
  REQUIRE(config);
  CHECK(config->impersonate.user == "alice");
  CHECK(config->impersonate.uid == "abc123");
  CHECK(config->impersonate.groups == std::vector<std::string>{"group-1"});
  REQUIRE(config->impersonate.extra.size() == 1);
  CHECK(config->impersonate.extra.at("some-key") == std::vector<std::string>{"some-value"});
}

TEST_CASE("TestCertificateData", "[upstream][client_config]") {
  const auto data = [](const std::string& pem) { return codec::encode_base64(pem); };
  const auto config = parse(clean(local + ", certificate-authority-data: " + data(ca_pem),
                                  "client-certificate-data: " + data(cert_pem) +
                                      ", client-key-data: " + data(key_pem) +
                                      ", client-certificate: /no/file, client-key: /no/file"));
  REQUIRE(config);
  CHECK(config->endpoint.ca_pem == ca_pem);
  CHECK(config->endpoint.client_cert_pem == cert_pem);
  CHECK(config->endpoint.client_key_pem == key_pem);
  // What came as data is not read again from the files that it beats.
  CHECK(config->endpoint.client_cert_file.empty());
  CHECK(config->endpoint.client_key_file.empty());
}

TEST_CASE("TestProxyURL", "[upstream][client_config]") {
  using Kind = transport::Proxy::Kind;
  const auto proxy = [](const std::string& url) {
    return parse(clean(local + ", proxy-url: '" + url + "'"));
  };
  REQUIRE(parse(clean(local)));
  CHECK_FALSE(parse(clean(local))->endpoint.proxy);
  for (const auto& [url, kind, port] : std::vector<std::tuple<std::string, Kind, int>>{
           {"socks5://example.com", Kind::socks5, 1080},
           {"https://example.com", Kind::https, 443},
           {"http://example.com", Kind::http, 80},
           {"HTTP://example.com:3128/", Kind::http, 3128}}) {
    CAPTURE(url);
    const auto config = proxy(url);
    REQUIRE(config);
    REQUIRE(config->endpoint.proxy);
    CHECK(config->endpoint.proxy->kind == kind);
    CHECK(config->endpoint.proxy->host == "example.com");
    CHECK(config->endpoint.proxy->port == port);
    CHECK(config->endpoint.host == "localhost");
  }
  for (const char* url :
       {"socks6://example.com", "example.com", "chewbacca@example.com", "http:///x", "http://a/b",
        "http://a:0", "http://a?q", "http://:3128", "socks5://[::1"}) {
    CAPTURE(url);
    CHECK_THAT(refusal_text(proxy(url)), Catch::Contains("proxy-url of cluster \"clean\""));
  }
  const auto login = proxy("socks5://me%40corp:p%3Aw%2F%20@[fd00::1]:1081");
  REQUIRE(login);
  CHECK(login->endpoint.proxy->username == "me@corp");
  CHECK(login->endpoint.proxy->password == "p:w/ ");
  CHECK(login->endpoint.proxy->host == "fd00::1");
  for (const char* url : {"http://me:SECRET%zz@a", "http://me:SECRET@a:port", "SECRET@a",
                          "http://me:SECRET@", "ftp://SECRET@a", "http://SECRET\t@a"}) {
    CAPTURE(url);
    CHECK_THAT(refusal_text(proxy(url)), !Catch::Contains("SECRET") && !Catch::Equals("none"));
  }
}

TEST_CASE("TestBasicAuthData", "[upstream][client_config]") {
  const auto config = parse(clean(local, "username: myuser, password: mypass"));
  REQUIRE(config);
  CHECK(config->username == "myuser");
  CHECK(config->password == "mypass");
}

TEST_CASE("TestBasicTokenFile", "[upstream][client_config]") {
  const auto config = parse(clean(local, "tokenFile: /run/token"));
  REQUIRE(config);
  CHECK(config->token_file == "/run/token");
}

TEST_CASE("TestPrecedenceTokenFile", "[upstream][client_config]") {
  // Both are kept; which one is sent is the authorizer's to decide, and there the file wins, as in
  // client-go's round tripper.
  const auto config = parse(clean(local, "token: expected, tokenFile: /run/token"));
  REQUIRE(config);
  CHECK(config->token == "expected");
  CHECK(config->token_file == "/run/token");
}

TEST_CASE("TestCreateClean", "[upstream][client_config]") {
  const auto config = parse(clean());
  REQUIRE(config);
  CHECK(config->endpoint.host == "anything.com");
  CHECK(config->endpoint.port == 8080);
  CHECK(config->endpoint.base_path.empty());
  CHECK_FALSE(config->endpoint.insecure_skip_verify);
  CHECK(config->token == "the-token");
  CHECK(config->endpoint.server_name.empty());
}

TEST_CASE("TestCreateCleanWithPrefix", "[upstream][client_config]") {
  const auto prefix = [](const std::string& server) {
    const auto config = parse(clean("server: '" + server + "'"));
    return config ? config->endpoint.base_path : "error";
  };
  CHECK(prefix("https://anything.com:8080/foo/bar") == "/foo/bar");
  CHECK(prefix("http://anything.com:8080/foo/bar") == "/foo/bar");
  CHECK(prefix("http://anything.com:8080/foo/bar/") == "/foo/bar");
  CHECK(prefix("http://anything.com:8080/").empty());
  CHECK(prefix("http://anything.com:8080//").empty());
  // client-go guesses a scheme for these; here they are errors.
  CHECK(prefix("anything.com:8080/foo/bar") == "error");
  CHECK(prefix("anything") == "error");
}

TEST_CASE("TestCreateMissingContext", "[upstream][client_config]") {
  CHECK_THAT(refusal_text(parse(clean(), "not-present")),
             Catch::Contains("has no context \"not-present\""));
}

TEST_CASE("TestCreateMissingContextNoDefault", "[upstream][client_config]") {
  CHECK_THAT(refusal_text(parse(clean(), "not-present")), Catch::Contains("there are: clean"));
}

TEST_CASE("TestCreateAuthConfigExecInstallHintCleanup", "[upstream][client_config]") {
  // (Control characters are cleaned out where the hint is told: see the plug-in's tests.)
  const auto config =
      parse(clean(local,
                  "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: some-command, "
                  "installHint: \"some \\e[1mhint\\e[0m\\nand a newline\"}"));
  REQUIRE(config);
  REQUIRE(config->exec);
  CHECK(excerpt(config->exec->install_hint) == "some [1mhint [0m and a newline");
}

TEST_CASE("TestAuthConfigMerge", "[upstream][client_config]") {
  const auto config = parse(
      "apiVersion: v1\nclusters:\n- cluster:\n    server: https://localhost:8080\n"
      "    extensions:\n    - name: client.authentication.k8s.io/exec\n"
      "      extension:\n        audience: foo\n        other: bar\n  name: foo-cluster\n"
      "contexts:\n- context: {cluster: foo-cluster, user: foo-user, namespace: bar}\n"
      "  name: foo-context\ncurrent-context: foo-context\nkind: Config\nusers:\n"
      "- name: foo-user\n  user:\n    exec:\n"
      "      apiVersion: client.authentication.k8s.io/v1\n      args: [arg-1, arg-2]\n"
      "      env: [{name: A, value: b}]\n      interactiveMode: Never\n"
      "      command: foo-command\n      provideClusterInfo: true\n");
  REQUIRE(config);
  REQUIRE(config->exec);
  CHECK(config->exec->args == std::vector<std::string>{"arg-1", "arg-2"});
  CHECK(config->exec->env == std::vector<std::pair<std::string, std::string>>{{"A", "b"}});
  CHECK(config->exec->command == "foo-command");
  CHECK(config->exec->interactive == ExecPlugin::Interactive::never);
  CHECK(config->exec->cluster_info ==
        R"({"config":{"audience":"foo","other":"bar"},"server":"https://localhost:8080"})");
}

TEST_CASE("TestCleanANSIEscapeCodes", "[upstream][client_config]") {
  CHECK(excerpt("\x1b[1mbold tuna\x1b[0m, fish") == "[1mbold tuna [0m, fish");
  CHECK(excerpt("clear: \x1b[2J") == "clear: [2J");
  CHECK(excerpt("alpha: \xCE\xB1, beta") == "alpha: \xCE\xB1, beta");
  CHECK(excerpt("\"here's a sentence; with! some...punctuation ;)\"") ==
        "\"here's a sentence; with! some...punctuation ;)\"");
  CHECK(excerpt("tuna\nfish\r\nmarlin\t") == "tuna fish marlin");
}

TEST_CASE("TestNonExistentCommandLineFile", "[upstream][loader]") {
  ConfigSources sources;
  sources.kubeconfig_flag = "bogus_file";
  CHECK_THAT(refusal_text(load_client_config(sources)), Catch::Contains("bogus_file"));
}

TEST_CASE("TestToleratingMissingFiles", "[upstream][loader]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.environment["KUBECONFIG"] = (directory / "bogus1") + ":" + (directory / "bogus2") + ":" +
                                      directory.write("there", clean());
  CHECK(load_client_config(sources));
}

TEST_CASE("TestErrorReadingFile", "[upstream][loader]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.kubeconfig_flag = directory.write("kc", "bogus value");
  CHECK_THAT(refusal_text(load_client_config(sources)), Catch::Contains(sources.kubeconfig_flag));
}

TEST_CASE("TestErrorReadingNonFile", "[upstream][loader]") {
  const TemporaryDirectory directory;
  directory.write("d/x", "");
  ConfigSources sources;
  sources.kubeconfig_flag = directory / "d";
  CHECK_THAT(refusal_text(load_client_config(sources)), Catch::Contains(sources.kubeconfig_flag));
}

TEST_CASE("TestConflictingCurrentContext", "[upstream][loader]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.kubeconfig_flag =
      directory.write("a", "current-context: any-context-value\ncontexts: []\n");
  sources.environment["KUBECONFIG"] = directory.write("b", "current-context: a-different-context");
  CHECK_THAT(refusal_text(load_client_config(sources)),
             Catch::Contains("has no context \"any-context-value\""));
}

TEST_CASE("TestLoadingEmptyMaps", "[upstream][loader]") {
  CHECK_THAT(refusal_text(parse("current-context: any-context-value\nclusters: null\nusers:\n")),
             Catch::Contains("has no context \"any-context-value\"; there are: none"));
}

TEST_CASE("TestDuplicateClusterName", "[upstream][loader]") {
  CHECK_THAT(
      refusal_text(parse("clusters: [{name: kubeconfig-cluster}, {name: kubeconfig-cluster}]")),
      Catch::Contains("clusters[1]: \"kubeconfig-cluster\" is there twice"));
}

TEST_CASE("TestDuplicateContextName", "[upstream][loader]") {
  CHECK_THAT(
      refusal_text(parse("contexts: [{name: kubeconfig-context}, {name: kubeconfig-context}]")),
      Catch::Contains("contexts[1]: \"kubeconfig-context\" is there twice"));
}

TEST_CASE("TestDuplicateUserName", "[upstream][loader]") {
  CHECK_THAT(refusal_text(parse("users: [{name: kubeconfig-user}, {name: kubeconfig-user}]")),
             Catch::Contains("users[1]: \"kubeconfig-user\" is there twice"));
}

TEST_CASE("TestResolveRelativePaths", "[upstream][loader]") {
  const TemporaryDirectory directory;
  const auto command = [&](const std::string& given) {
    const auto config = parse_kubeconfig(
        clean(local,
              "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: " + given + "}"),
        "/home/me/.kube/config", "");
    return config && config->exec ? config->exec->command : refusal_text(config);
  };
  CHECK(command("../relative/client/cmd") == "/home/me/.kube/../relative/client/cmd");
  CHECK(command("./cmd") == "/home/me/.kube/./cmd");
  CHECK(command("/absolute/client/cmd") == "/absolute/client/cmd");
  CHECK(command("cmd") == "cmd");

  directory.write("relative/ca", ca_pem);
  directory.write("a/relative/client/cert", cert_pem);
  const auto key = directory.write("relative/client/key", key_pem);
  const auto config =
      parse_kubeconfig(clean(local + ", certificate-authority: ../relative/ca",
                             "client-certificate: relative/client/cert, client-key: '" + key + "'"),
                       directory / "a/config", "");
  REQUIRE(config);
  CHECK(config->endpoint.ca_file == directory / "a/../relative/ca");
  CHECK(config->endpoint.client_cert_file == directory / "a/relative/client/cert");
  CHECK(config->endpoint.client_key_file == key);
}

TEST_CASE("Example_noMergingOnExplicitPaths", "[upstream][loader]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.kubeconfig_flag = directory.write("a", alfa);
  sources.environment["KUBECONFIG"] = directory.write("b", conflict_alfa);
  CHECK_THAT(refusal_text(load_client_config(sources)), Catch::Contains("has no current-context"));
  sources.context_flag = "federal-context";
  CHECK(load_client_config(sources)->token == "red-token");
}

TEST_CASE("Example_mergingSomeWithConflict", "[upstream][loader]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.environment["KUBECONFIG"] =
      directory.write("a", alfa) + ":" + directory.write("b", conflict_alfa);
  const auto config = load_client_config(sources);
  REQUIRE(config);
  CHECK(config->endpoint.host == "cow.org");
  CHECK(config->token == "red-token");
  CHECK(config->default_namespace == "red-ns");
}

TEST_CASE("Example_mergingEverythingNoConflicts", "[upstream][loader]") {
  const TemporaryDirectory directory;
  ConfigSources sources;
  sources.environment["KUBECONFIG"] =
      directory.write("a", alfa) + ":" +
      directory.write("b", part("black", "pig", "queen-anne-context")) + ":" +
      directory.write("c", part("green", "horse", "shaker-context")) + ":" +
      directory.write("d", part("blue", "chicken", "gothic-context"));
  for (const auto& [context, host] :
       std::map<std::string, std::string>{{"federal-context", "cow.org"},
                                          {"queen-anne-context", "pig.org"},
                                          {"shaker-context", "horse.org"},
                                          {"gothic-context", "chicken.org"}}) {
    sources.context_flag = context;
    const auto config = load_client_config(sources);
    REQUIRE(config);
    CHECK(config->endpoint.host == host);
  }
}

TEST_CASE("TestDeduplicate", "[upstream][loader]") {
  // The same file twice is the same as once: what is there already stays.
  const TemporaryDirectory directory;
  ConfigSources sources;
  const auto file = directory.write("a", clean());
  sources.environment["KUBECONFIG"] = file + ":" + file + ":" + file;
  CHECK(load_client_config(sources)->token == "the-token");
}

TEST_CASE("TestLoadingGetLoadingPrecedence", "[upstream][loader]") {
  const TemporaryDirectory directory;
  const auto file = [&](const std::string& name, const std::string& host) {
    return directory.write(name, clean("server: 'https://" + host + "'"));
  };
  ConfigSources sources;
  const auto host = [&] {
    const auto config = load_client_config(sources);
    return config ? config->endpoint.host : refusal_text(config);
  };
  sources.environment["HOME"] = directory / "home";
  file("home/.kube/config", "default");
  CHECK(host() == "default");
  const auto env = file("env", "env");
  sources.environment["KUBECONFIG"] = env;
  CHECK(host() == "env");
  sources.environment["KUBECONFIG"] = env + ":" + file("other", "other");
  CHECK(host() == "env");
  sources.kubeconfig_flag = file("explicit", "explicit");
  CHECK(host() == "explicit");
}
