// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "codec/base64.h"
#include "kube/client_config.h"
#include "unit/kube/config_fixture.h"

using namespace bso;
using namespace bso::kube;
using namespace bso::test;

namespace {

/// A kubeconfig with one context; the fields are lines of flow maps.
std::string kubeconfig(const std::string& cluster, const std::string& user,
                       const std::string& context = "cluster: c, user: u") {
  return fmt::format(
      "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
      "clusters:\n- name: c\n  cluster: {{{}}}\n"
      "users:\n- name: u\n  user: {{{}}}\n"
      "contexts:\n- name: x\n  context: {{{}}}\n",
      cluster, user, context);
}

const std::string server = "server: 'https://host:6443'";

std::string refusal(const std::string& text, const std::string& context = "") {
  const auto config = parse_kubeconfig(text, "/etc/kc", context);
  if (config) return "accepted";
  CHECK(config.error().kind == ErrorKind::invalid_input);
  return config.error().message;
}

}  // namespace

TEST_CASE("a kubeconfig with everything inline", "[kube][config]") {
  const auto data = [](const std::string& pem) { return codec::encode_base64(pem); };
  const auto config = parse_kubeconfig(
      kubeconfig(
          server + ", tls-server-name: api.local, certificate-authority-data: " + data(ca_pem) +
              ", certificate-authority: /does/not/exist",
          "client-certificate-data: " + data(cert_pem) + ", client-key-data: " + data(key_pem),
          "cluster: c, user: u, namespace: storage"),
      "/etc/kc", "");
  REQUIRE(config);
  CHECK(config->source == "/etc/kc");
  CHECK(config->endpoint.host == "host");
  CHECK(config->endpoint.port == 6443);
  CHECK(config->endpoint.server_name == "api.local");
  CHECK(config->endpoint.ca_pem == ca_pem);
  CHECK(config->endpoint.client_cert_pem == cert_pem);
  CHECK(config->endpoint.client_key_pem == key_pem);
  CHECK_FALSE(config->endpoint.insecure_skip_verify);
  CHECK(config->default_namespace == "storage");
}

TEST_CASE("files of a kubeconfig are found beside it", "[kube][config]") {
  const TemporaryDirectory directory;
  directory.write("pki/ca.crt", ca_pem);
  directory.write("pki/me.crt", cert_pem);
  const std::string key = directory.write("elsewhere/me.key", key_pem);
  const auto config =
      parse_kubeconfig(kubeconfig(server + ", certificate-authority: pki/ca.crt",
                                  "client-certificate: ./pki/me.crt, client-key: '" + key + "'"),
                       directory / "config", "");
  REQUIRE(config);
  CHECK(config->endpoint.ca_pem == ca_pem);
  CHECK(config->endpoint.client_cert_pem == cert_pem);
  CHECK(config->endpoint.client_key_pem == key_pem);
  CHECK(config->default_namespace == "default");
}

TEST_CASE("users", "[kube][config]") {
  SECTION("a token file is relative to the kubeconfig and stands beside a token") {
    const auto config =
        parse_kubeconfig(kubeconfig(server, "token: t, tokenFile: tok"), "/etc/kube/config", "");
    REQUIRE(config);
    CHECK(config->token == "t");
    CHECK(config->token_file == "/etc/kube/tok");
  }
  SECTION("an absolute token file") {
    const auto config = parse_kubeconfig(kubeconfig(server, "tokenFile: /run/tok"), "config", "");
    REQUIRE(config);
    CHECK(config->token_file == "/run/tok");
  }
  SECTION("basic authentication") {
    const auto config =
        parse_kubeconfig(kubeconfig(server, "username: me, password: 'pass: word'"), "kc", "");
    REQUIRE(config);
    CHECK(config->username == "me");
    CHECK(config->password == "pass: word");
  }
  SECTION("nobody, with nulls and empty lists where others have values") {
    CHECK(parse_kubeconfig(kubeconfig(server + ", proxy-url: ''", "exec: null, as-groups: []"),
                           "kc", ""));
  }
}

TEST_CASE("a context asked for beats current-context", "[kube][config]") {
  const std::string text = kubeconfig(server, "token: t") +
                           "- name: other\n  context: {cluster: c, user: u, namespace: other-ns}\n";
  CHECK(parse_kubeconfig(text, "kc", "")->default_namespace == "default");
  const auto other = parse_kubeconfig(text, "kc", "other");
  REQUIRE(other);
  CHECK(other->default_namespace == "other-ns");
  CHECK(refusal(text, "third") ==
        "kubeconfig /etc/kc has no context \"third\"; there are: other, x");
}

TEST_CASE("kubeconfigs as a whole that are no use", "[kube][config]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "kubeconfig /etc/kc is empty"},
      {"# nothing\n", "kubeconfig /etc/kc is empty"},
      {"a: 1\na: 2\n", "kubeconfig /etc/kc: line 2: duplicate key \"a\""},
      {"a: 1\n---\nb: 1\n", "more than one YAML document"},
      {"[1]", "no map at its top"},
      {"kind: Pod", "it is of kind \"Pod\", no kubeconfig"},
      {"kind: Config",
       "has no current-context; set it (kubectl config use-context) or give "
       "--context; there are: none"},
      {"current-context: x", "has no context \"x\"; there are: none"},
      {"clusters: {}", "clusters must be a list"},
      {"clusters: [{name: 1}]", "clusters[0].name is missing or no text"},
      {"users: [a]", "users[0].name is missing"},
      {"users: [{name: a}, {name: b}, {name: a}]", "users[2]: \"a\" is there twice"},
      {"contexts: [{name: a, context: 5}]", "contexts[0].context must be a map"},
  }));
  CAPTURE(text);
  CHECK_THAT(refusal(text), Catch::StartsWith("kubeconfig /etc/kc"));
  CHECK_THAT(refusal(text), Catch::Contains(message));
}

TEST_CASE("contexts that lead nowhere", "[kube][config]") {
  const auto [context, message] = GENERATE(table<std::string, std::string>({
      {"user: u", "cluster of context \"x\" is missing"},
      {"cluster: c", "user of context \"x\" is missing"},
      {"cluster: d, user: u",
       "context \"x\" names the cluster \"d\", which is not there; there are: c"},
      {"cluster: c, user: v",
       "context \"x\" names the user \"v\", which is not there; there are: u"},
      {"cluster: 5, user: u", "cluster of context \"x\" must be text; put it in quotes"},
      {"cluster: c, user: u, namespace: 5", "namespace of context \"x\" must be text"},
  }));
  CAPTURE(context);
  CHECK_THAT(refusal(kubeconfig(server, "", context)), Catch::Contains(message));
}

TEST_CASE("cluster fields that are wrong", "[kube][config]") {
  const auto [cluster, message] = GENERATE(table<std::string, std::string>({
      {"", "server of cluster \"c\" is missing"},
      {"server: 5", "server of cluster \"c\" must be text"},
      {"server: 'host:6443'", "cluster \"c\": server URL \"host:6443\""},
      {server + ", insecure-skip-tls-verify: 'true'", "must be true or false, without quotes"},
      {server + ", certificate-authority: /no/ca.crt",
       "certificate-authority of cluster \"c\": cannot read /no/ca.crt: No such file or directory"},
      {server + ", certificate-authority-data: 'a b'",
       "certificate-authority-data of cluster \"c\" is not valid base64"},
      {server + ", certificate-authority-data: aGFsbG8=",
       "no PEM block in certificate-authority-data of cluster \"c\""},
      {server + ", certificate-authority-data: " + codec::encode_base64(key_pem),
       "no PEM block in certificate-authority-data of cluster \"c\""},
      {server + ", insecure-skip-tls-verify: true, certificate-authority-data: " +
           codec::encode_base64(ca_pem),
       "both insecure-skip-tls-verify and a certificate-authority"},
      {server + ", proxy-url: 'ftp://me:hidden@proxy'",
       "proxy-url of cluster \"c\": the URL is no use: its scheme must be http, https or socks5"},
      {server + ", proxy-url: 5", "proxy-url of cluster \"c\" must be text"},
  }));
  CAPTURE(cluster);
  CHECK_THAT(refusal(kubeconfig(cluster, "")), Catch::StartsWith("kubeconfig /etc/kc: "));
  CHECK_THAT(refusal(kubeconfig(cluster, "")), Catch::Contains(message));
}

TEST_CASE("verification may be switched off", "[kube][config]") {
  const auto config =
      parse_kubeconfig(kubeconfig(server + ", insecure-skip-tls-verify: true", ""), "kc", "");
  REQUIRE(config);
  CHECK(config->endpoint.insecure_skip_verify);
}

TEST_CASE("user fields that are wrong or not supported", "[kube][config]") {
  const auto [user, message] = GENERATE(table<std::string, std::string>({
      {"token: 12345", "token of user \"u\" must be text; put it in quotes"},
      {"token: secret, username: me", "has both a token and a username or password"},
      {"tokenFile: f, password: secret", "has both a token and a username or password"},
      {"client-certificate-data: " + codec::encode_base64(cert_pem),
       "user \"u\" has only one of client-certificate and client-key"},
      {"client-key-data: " + codec::encode_base64(key_pem),
       "user \"u\" has only one of client-certificate and client-key"},
      {"client-key-data: " + codec::encode_base64(cert_pem),
       "no PEM block in client-key-data of user \"u\""},
      {"client-certificate: /no/me.crt",
       "client-certificate of user \"u\": cannot read /no/me.crt: No such file"},
      {"exec: {command: aws}", "apiVersion of exec of user \"u\" must be"},
      {"exec: aws", "exec of user \"u\" must be a map"},
      {"auth-provider: {name: gcp}",
       "auth-provider gcp of user \"u\" is not supported (Kubernetes dropped the cloud ones in "
       "1.26); "
       "use an exec plug-in instead: gke-gcloud-auth-plugin"},
      {"auth-provider: {name: secret}", "auth-provider of user \"u\" is not supported"},
      {"as: 5", "as of user \"u\" must be text"},
      {"as-uid: '7'", "user \"u\" has as-uid, as-groups or as-user-extra without as"},
      {"as-groups: [g]", "user \"u\" has as-uid, as-groups or as-user-extra without as"},
      {"as-user-extra: {a: [b]}", "user \"u\" has as-uid, as-groups or as-user-extra without as"},
      {"as: x, as-groups: g", "as-groups of user \"u\" must be a list"},
      {"as: x, as-groups: [1]", "as-groups[0] of user \"u\" must be text"},
      {"as: x, as-user-extra: [a]", "as-user-extra of user \"u\" must be a map"},
      {"as: x, as-user-extra: {k: v}", "k of as-user-extra of user \"u\" must be a list"},
  }));
  CAPTURE(user);
  CHECK_THAT(refusal(kubeconfig(server, user)), Catch::Contains(message));
  CHECK_THAT(refusal(kubeconfig(server, user)), !Catch::Contains("secret"));
}

TEST_CASE("only the context in use is judged", "[kube][config]") {
  const std::string text =
      "current-context: x\n"
      "clusters:\n- {name: c, cluster: {" +
      server +
      "}}\n- {name: bad, cluster: {server: 5}}\n"
      "users:\n- {name: u, user: {}}\n- {name: aws, user: {exec: {command: aws}}}\n"
      "contexts:\n- {name: x, context: {cluster: c, user: u}}\n- {name: z}\n";
  CHECK(parse_kubeconfig(text, "kc", ""));
}
