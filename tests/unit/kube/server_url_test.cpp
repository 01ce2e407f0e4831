// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <catch2/catch.hpp>

#include "kube/client_config.h"

using namespace bso;
using namespace bso::kube;

TEST_CASE("server URLs", "[kube][config]") {
  struct Row {
    std::string url;
    bool tls;
    std::string host;
    int port;
    std::string base_path;
  };
  const auto row = GENERATE(values<Row>({
      {"https://host", true, "host", 443, ""},
      {"http://host", false, "host", 80, ""},
      {"HTTPS://Host.example.com:6443/", true, "Host.example.com", 6443, ""},
      {"https://10.0.0.1:6443", true, "10.0.0.1", 6443, ""},
      {"https://[fd00::1]", true, "fd00::1", 443, ""},
      {"https://[fd00::1]:6443/k8s/", true, "fd00::1", 6443, "/k8s"},
      {"https://rancher/k8s/clusters/c-1", true, "rancher", 443, "/k8s/clusters/c-1"},
      {"https://h:65535/a//", true, "h", 65535, "/a"},
      {"https://h/a%20b:c", true, "h", 443, "/a%20b:c"},
      {"https://under_score-1.x:1", true, "under_score-1.x", 1, ""},
  }));
  CAPTURE(row.url);
  const auto endpoint = parse_server_url(row.url);
  REQUIRE(endpoint);
  CHECK(endpoint->tls == row.tls);
  CHECK(endpoint->host == row.host);
  CHECK(endpoint->port == row.port);
  CHECK(endpoint->base_path == row.base_path);
}

TEST_CASE("bad server URLs say what is wrong", "[kube][config]") {
  const auto [url, message] = GENERATE(table<std::string, std::string>({
      {"", "must start with https://"},
      {"host:6443", "must start with https://"},
      {"ftp://host", "must start with https://"},
      {"https", "must look like https://host:6443"},
      {"https:/host", "must start with https://"},
      {"https://", "the host is missing"},
      {"https://:6443", "the host is missing"},
      {"https://host:", "the port must be"},
      {"https://host:0", "the port must be"},
      {"https://host:65536", "the port must be"},
      {"https://host:64x", "the port must be"},
      {"https://host:-1", "the port must be"},
      {"https://fd00::1:6443", "needs brackets"},
      {"https://[fd00::1", "\"]\" is missing"},
      {"https://[fd00::1]6443", "after \"]\" there must be a port"},
      {"https://[fe80::1%25eth0]:6443", "no IPv6 address"},
      {"https://[host]:6443", "no IPv6 address"},
      {"https://ho st", "space"},
      {"https://host/\r\nX: y", "control"},
      {"https://h\xC3\xB6st", "non-ASCII"},
      {"https://host/?a=b", "query"},
      {"https://host/#a", "query or fragment"},
      {"https://ho*st", "none of a name's"},
      {"https://user:geheim@host", "user name or password"},
  }));
  CAPTURE(url);
  const auto endpoint = parse_server_url(url);
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().kind == ErrorKind::invalid_input);
  CHECK_THAT(endpoint.error().message, Catch::Contains(message));
  CHECK_THAT(endpoint.error().message, !Catch::Contains("geheim"));
}
