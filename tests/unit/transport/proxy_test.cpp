// SPDX-License-Identifier: Apache-2.0
// Tunnels through proxies, against a proxy that follows a script.
#include <future>

#include <catch2/catch.hpp>

#include "unit/transport/rig.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::test;
using Catch::Matchers::Contains;
using transport::Proxy;

namespace {

constexpr auto kEstablished = "HTTP/1.1 200 Connection established\r\nX-Proxy: y\r\n\r\n";

/// The script of a proxy which then is the (plain) server itself.
WireServer::Script answer_and_serve(std::string answer,
                                    std::promise<std::string>* asked = nullptr) {
  return [answer, asked](WireConnection& connection) {
    const auto request = connection.read_request();
    if (!request) return;
    if (asked != nullptr) asked->set_value(*request);
    connection.write(answer);
    always(kOk)(connection);
  };
}

transport::TransportOptions by_proxy(std::uint16_t proxy_port, Proxy::Kind kind) {
  auto options = plain_options(6443);
  options.endpoint.host = "api.example";  // resolved by nobody here
  options.endpoint.proxy.emplace();
  options.endpoint.proxy->kind = kind;
  options.endpoint.proxy->host = "127.0.0.1";
  options.endpoint.proxy->port = proxy_port;
  return options;
}

}  // namespace

TEST_CASE("a tunnel by CONNECT", "[transport][proxy]") {
  std::promise<std::string> asked;
  WireServer proxy(answer_and_serve(kEstablished, &asked));
  auto options = by_proxy(proxy.port(), Proxy::Kind::http);
  bool login = GENERATE(true, false);
  if (login) {
    options.endpoint.proxy->username = "Aladdin";
    options.endpoint.proxy->password = "open sesame";
  }
  CallRig rig(GENERATE(Way::beast, Way::cpprest), std::move(options));
  const auto answer = rig.call(get());
  REQUIRE(answer.has_value());
  CHECK(answer->body == "ok");
  const auto seen = asked.get_future().get();
  CHECK_THAT(seen,
             Catch::StartsWith("CONNECT api.example:6443 HTTP/1.1\r\nHost: api.example:6443\r\n"));
  // RFC 7617, section 2
  CHECK((seen.find("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") !=
         std::string::npos) == login);
  CHECK_THAT(seen, !Contains("\r\nAuthorization"));
}

TEST_CASE("a proxy that gives no tunnel is named, and its credentials are not",
          "[transport][proxy]") {
  const auto [answer, message] = GENERATE(table<std::string, std::string>({
      {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "(407)"},
      {"HTTP/1.1 403 Forbidden\r\n\r\n", "refuses the way to api.example:6443 with status 403"},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "status 502"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "answers no HTTP"},
      {"HTTP/1.1 20x OK\r\n\r\n", "answers no HTTP"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'), "headers that do not end"},
      {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "sends data before the tunnel is used"},
      {"", "closed the connection while asking the proxy for a tunnel"},
  }));
  CAPTURE(answer.substr(0, 60));
  WireServer proxy([answer = answer](WireConnection& connection) {
    if (connection.read_request()) connection.write(answer);
  });
  auto options = by_proxy(proxy.port(), Proxy::Kind::http);
  options.endpoint.proxy->username = "me";
  options.endpoint.proxy->password = "SECRET";
  CallRig rig(Way::beast, std::move(options));
  const auto got = rig.call(send("POST", "{}"));
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().kind == ErrorKind::network);
  CHECK_FALSE(got.error().may_have_executed);
  CHECK_THAT(got.error().message, Contains(message) && !Contains("SECRET"));
}

TEST_CASE("TLS to the server through a proxy, and to a proxy that is TLS itself",
          "[transport][proxy]") {
  const Authority authority("our-ca");
  const auto identity =
      authority.issue({.common_name = "api", .names = {"DNS:api.example", "IP:127.0.0.1"}});
  // The scripted proxy shakes hands once; through it the second handshake is the server's, which
  // it cannot do. So plain HTTP inside TLS to the proxy, and a bad handshake through a plain one.
  SECTION("https proxy") {
    WireServer proxy(answer_and_serve(kEstablished), WireServer::Tls{identity, {}});
    auto options = by_proxy(proxy.port(), Proxy::Kind::https);
    options.endpoint.ca_pem = authority.pem();
    CHECK(CallRig(Way::beast, options).call(get()).has_value());
    options.endpoint.ca_pem = Authority("other-ca").pem();
    const auto refused = CallRig(Way::beast, options).call(get());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::tls);
    CHECK_THAT(refused.error().message, Catch::StartsWith("proxy: the certificate of 127.0.0.1"));
  }
  SECTION("the server's name is checked, not the proxy's") {
    WireServer server(always(kOk), WireServer::Tls{identity, {}});
    // Copies bytes both ways: a proxy as it is in the field.
    WireServer proxy([&](WireConnection& connection) {
      if (!connection.read_request()) return;
      connection.write(kEstablished);
      connection.relay_to(server.port());
    });
    auto options = by_proxy(proxy.port(), Proxy::Kind::http);
    options.endpoint.tls = true;
    options.endpoint.ca_pem = authority.pem();
    CHECK(CallRig(Way::beast, options).call(get()).has_value());
    options.endpoint.host = "other.example";
    const auto refused = CallRig(Way::beast, options).call(get());
    REQUIRE_FALSE(refused.has_value());
    CHECK_THAT(refused.error().message, Contains("hostname mismatch"));
  }
}

namespace {

using Bytes = std::string;

/// Answers each SOCKS message (of a known length) in turn, then serves.
WireServer::Script socks(std::vector<std::pair<std::size_t, Bytes>> steps, Bytes* seen = nullptr) {
  return [steps = std::move(steps), seen](WireConnection& connection) {
    for (const auto& [length, answer] : steps) {
      const auto message = connection.read_bytes(length);
      if (!message) return;
      if (seen != nullptr) *seen += *message;
      connection.write(answer);
    }
    always(kOk)(connection);
  };
}

const Bytes kNoLogin("\x05\x00", 2);
const Bytes kBound("\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34", 10);
constexpr std::size_t kDestination = 4 + 1 + 11 + 2;  ///< api.example as a name

}  // namespace

TEST_CASE("a tunnel by SOCKS5", "[transport][proxy]") {
  Bytes seen;
  SECTION("the name is left to the proxy") {
    {
      WireServer proxy(socks({{3, kNoLogin}, {kDestination, kBound}}, &seen));
      CallRig rig(GENERATE(Way::beast, Way::cpprest), by_proxy(proxy.port(), Proxy::Kind::socks5));
      REQUIRE(rig.call(get()).has_value());
    }
    CHECK(seen == Bytes("\x05\x01\x00\x05\x01\x00\x03\x0b", 8) + "api.example" + "\x19\x2b");
  }
  SECTION("an address, an answer with a name") {
    {
      WireServer proxy(
          socks({{3, kNoLogin}, {4 + 16 + 2, Bytes("\x05\x00\x00\x03\x02", 5) + "xy" + "\x12\x34"}},
                &seen));
      auto options = by_proxy(proxy.port(), Proxy::Kind::socks5);
      options.endpoint.host = "fd00::1";
      REQUIRE(CallRig(Way::beast, std::move(options)).call(get()).has_value());
    }
    CHECK(seen.substr(3, 5) == Bytes("\x05\x01\x00\x04\xfd", 5));
  }
  SECTION("a login") {
    {
      WireServer proxy(socks({{4, Bytes("\x05\x02", 2)},
                              {1 + 1 + 2 + 1 + 2, Bytes("\x01\x00", 2)},
                              {kDestination, kBound}},
                             &seen));
      auto options = by_proxy(proxy.port(), Proxy::Kind::socks5);
      options.endpoint.proxy->username = "me";
      options.endpoint.proxy->password = "pw";
      REQUIRE(CallRig(Way::beast, std::move(options)).call(get()).has_value());
    }
    CHECK(seen.substr(4, 7) == Bytes("\x01\x02") + "me" + "\x02" + "pw");
  }
}

TEST_CASE("a SOCKS5 proxy that gives no tunnel", "[transport][proxy]") {
  using Steps = std::vector<std::pair<std::size_t, Bytes>>;
  const auto [steps, message] = GENERATE(table<Steps, std::string>({
      {{{3, "HT"}}, "answers no SOCKS5"},
      {{{3, "\x05\x02"}}, "wants a login: give it in proxy-url"},
      {{{3, "\x05\xff"}}, "wants a login"},
      {{{3, kNoLogin}, {kDestination, Bytes("\x05\x02\x00\x01", 4)}}, "its rules do not allow it"},
      {{{3, kNoLogin}, {kDestination, Bytes("\x05\x05\x00\x01", 4)}}, "the connection is refused"},
      {{{3, kNoLogin}, {kDestination, Bytes("\x05\x63\x00\x01", 4)}}, "for an unknown reason"},
      {{{3, kNoLogin}, {kDestination, Bytes("\x05\x00\x00\x09", 4)}}, "address of unknown kind"},
      {{{3, kNoLogin}, {kDestination, kBound + "x"}}, "sends data before the tunnel is used"},
  }));
  WireServer proxy(socks(steps));
  CallRig rig(Way::beast, by_proxy(proxy.port(), Proxy::Kind::socks5));
  const auto got = rig.call(get());
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().kind == ErrorKind::network);
  CHECK_FALSE(got.error().may_have_executed);
  CHECK_THAT(got.error().message, Contains(message));
}

TEST_CASE("a proxy that is away or silent", "[transport][proxy]") {
  const auto kind = GENERATE(Proxy::Kind::http, Proxy::Kind::socks5);
  SECTION("away") {
    const auto port = unused_port();
    const auto got = CallRig(Way::beast, by_proxy(port, kind)).call(get());
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().kind == ErrorKind::network);
    CHECK_THAT(got.error().message,
               Contains("cannot connect to the proxy 127.0.0.1:" + std::to_string(port)));
  }
  SECTION("silent") {
    WireServer proxy([](WireConnection& connection) { connection.wait_until_closed(); });
    auto request = get();
    request.timeout = 100ms;
    const auto got = CallRig(Way::beast, by_proxy(proxy.port(), kind)).call(std::move(request));
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().kind == ErrorKind::timeout);
    CHECK_FALSE(got.error().may_have_executed);
  }
}
