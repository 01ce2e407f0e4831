// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "transport/tls_context.h"
#include "unit/transport/rig.h"

using namespace bso;
using namespace bso::test;
using Catch::Matchers::Contains;
using transport::Endpoint;
using transport::TlsContext;

TEST_CASE("a server is trusted for its CA, its name and its time, and for nothing else") {
  const Authority authority("our-ca");
  const Authority other("other-ca");
  const Authority intermediate("our-intermediate", &authority);
  struct Row {
    const char* what;
    Identity server;
    std::string ca;
    std::string server_name;
    std::vector<std::string> message;  ///< empty: it is trusted
  };
  const auto by_address = authority.issue({.common_name = "api", .names = {"IP:127.0.0.1"}});
  const std::vector<Row> rows{
      {"by address", by_address, authority.pem(), "", {}},
      {"one CA of several", by_address, other.pem() + authority.pem(), "", {}},
      {"by name",
       authority.issue({.names = {"DNS:kubernetes.default.svc"}}),
       authority.pem(),
       "kubernetes.default.svc",
       {}},
      {"by wildcard",
       authority.issue({.names = {"DNS:*.example.org"}}),
       authority.pem(),
       "api.example.org",
       {}},
      {"an intermediate as anchor",
       intermediate.issue({.names = {"IP:127.0.0.1"}}),
       intermediate.pem(),
       "",
       {}},
      {"wrong CA",
       by_address,
       other.pem(),
       "",
       {"unable to get local issuer certificate", "CN=api", "CN=our-ca", "127.0.0.1"}},
      {"wrong address",
       authority.issue({.common_name = "api", .names = {"IP:10.0.0.1", "DNS:a.b"}}),
       authority.pem(),
       "",
       {"IP address mismatch", "CN=api", "10.0.0.1, a.b"}},
      {"wrong name",
       by_address,
       authority.pem(),
       "other.example",
       {"hostname mismatch", "other.example", "CN=api", "127.0.0.1"}},
      {"the common name is no name",
       authority.issue({.common_name = "api.example.org"}),
       authority.pem(),
       "api.example.org",
       {"hostname mismatch", "no name at all"}},
      {"expired",
       authority.issue({.common_name = "old", .names = {"IP:127.0.0.1"}, .valid_until_hours = -1}),
       authority.pem(),
       "",
       {"certificate has expired", "CN=old", "valid until", "clock"}},
      {"not yet valid",
       authority.issue({.common_name = "new", .names = {"IP:127.0.0.1"}, .valid_from_hours = 1}),
       authority.pem(),
       "",
       {"certificate is not yet valid", "CN=new", "clock"}},
      {"self-signed",
       self_signed({.common_name = "me", .names = {"IP:127.0.0.1"}}),
       authority.pem(),
       "",
       {"self-signed certificate", "CN=me", "do not vouch for it"}},
  };
  const auto way = GENERATE(Way::beast, Way::cpprest);
  for (const auto& row : rows) {
    CAPTURE(row.what, way);
    WireServer server(always(kOk), WireServer::Tls{row.server, ""});
    auto options = tls_options(server.port(), row.ca);
    options.endpoint.server_name = row.server_name;
    CallRig rig(way, std::move(options));

    const auto answer = rig.call(send("POST", "{}"));

    CHECK(answer.has_value() == row.message.empty());
    if (answer.has_value()) continue;
    CHECK(answer.error().kind == ErrorKind::tls);
    CHECK_FALSE(answer.error().may_have_executed);
    for (const auto& part : row.message) CHECK_THAT(answer.error().message, Contains(part));
    CHECK_THAT(answer.error().message, !Contains("\n"));
  }
}

TEST_CASE("a name that resolves is checked as such") {
  const Authority authority("our-ca");
  const auto way = GENERATE(Way::beast, Way::cpprest);
  const bool right = GENERATE(true, false);
  WireServer server(
      always(kOk),
      WireServer::Tls{authority.issue({.names = {right ? "DNS:localhost" : "DNS:x"}}), ""});
  auto options = tls_options(server.port(), authority.pem());
  options.endpoint.host = "localhost";
  const auto answer = CallRig(way, std::move(options)).call(get());
  CHECK(answer.has_value() == right);
  if (!right) CHECK_THAT(answer.error().message, Contains("hostname mismatch"));
}

TEST_CASE("verification can be left out") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server(always(kOk), WireServer::Tls{Authority("x").issue({.names = {"DNS:x"}}), ""});
  auto options = tls_options(server.port(), "");
  options.endpoint.insecure_skip_verify = true;
  CHECK(CallRig(way, std::move(options)).call(get()).has_value());
}

TEST_CASE("a client certificate is shown, and its refusal is told") {
  const Authority servers("server-ca");
  const Authority clients("client-ca");
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server(always(kOk),
                    WireServer::Tls{servers.issue({.names = {"IP:127.0.0.1"}}), clients.pem()});
  auto options = tls_options(server.port(), servers.pem());
  Identity shown;
  bool right = false;
  SECTION("the right one") {
    shown = clients.issue({.common_name = "operator"});
    right = true;
  }
  SECTION("none") {}
  SECTION("of another CA") { shown = servers.issue({.common_name = "operator"}); }
  SECTION("expired") { shown = clients.issue({.valid_until_hours = -1}); }
  options.endpoint.client_cert_pem = shown.certificate_pem;
  options.endpoint.client_key_pem = shown.key_pem;

  const auto answer = CallRig(way, std::move(options)).call(send("POST", "{}"));

  REQUIRE(answer.has_value() == right);
  if (right) return;
  CHECK(answer.error().kind == ErrorKind::tls);
  CHECK_FALSE(answer.error().may_have_executed);
  CHECK_THAT(answer.error().message, Contains("client certificate"));
}

TEST_CASE("a port without TLS is named as such") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server([](WireConnection& connection) {
    connection.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.wait_until_closed();
  });
  const auto answer = CallRig(way, tls_options(server.port(), Authority("any").pem())).call(get());
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::tls);
  CHECK_THAT(answer.error().message, Contains("is this a port for https?"));
}

TEST_CASE("unusable TLS material is refused with its name") {
  const Authority authority("ca");
  const auto one = authority.issue({});
  const auto another = authority.issue({});
  const std::string damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  Endpoint endpoint;
  endpoint.host = "h";
  endpoint.ca_pem = authority.pem();
  std::string message;
  SECTION("CA is no PEM") {
    endpoint.ca_pem = "hello";
    message = "no certificate in the CA data";
  }
  SECTION("CA is a key") {
    endpoint.ca_pem = one.key_pem;
    message = "no certificate in the CA data";
  }
  SECTION("CA is damaged") {
    endpoint.ca_pem += damaged;
    message = "certificate 2 in the CA data is damaged";
  }
  SECTION("key without certificate") {
    endpoint.client_key_pem = one.key_pem;
    message = "a client key is given without its certificate";
  }
  SECTION("certificate without key") {
    endpoint.client_cert_pem = one.certificate_pem;
    message = "a client certificate is given without its key";
  }
  SECTION("pair of two") {
    endpoint.client_cert_pem = one.certificate_pem;
    endpoint.client_key_pem = another.key_pem;
    message = "client certificate and key do not match";
  }
  SECTION("no key") {
    endpoint.client_cert_pem = one.certificate_pem;
    endpoint.client_key_pem = "hello";
    message = "no private key in the client key data";
  }
  SECTION("encrypted key") {
    endpoint.client_cert_pem = one.certificate_pem;
    endpoint.client_key_pem =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    message = "encrypted";
  }
  const auto made = TlsContext::make(endpoint);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().kind == ErrorKind::invalid_input);
  CHECK_THAT(made.error().message, Contains(message));
}

TEST_CASE("options that cannot work are refused") {
  transport::TransportOptions options = plain_options(1);
  std::string message;
  SECTION("no host") {
    options.endpoint.host.clear();
    message = "host name is empty";
  }
  SECTION("host with a line break") {
    options.endpoint.host = "a\r\nb";
    message = "no host name";
  }
  SECTION("user agent of a browser") {
    options.user_agent = "curl/8";
    message = "user agent";
  }
  SECTION("TLS material") {
    options.endpoint.tls = true;
    options.endpoint.ca_pem = "x";
    message = "CA data";
  }
  boost::asio::io_context loop;
  const auto made = transport::make_transport(loop.get_executor(), options);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().kind == ErrorKind::invalid_input);
  CHECK_THAT(made.error().message, Contains(message));
}
