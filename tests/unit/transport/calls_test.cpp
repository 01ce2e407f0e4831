// SPDX-License-Identifier: Apache-2.0
// What both implementations of Transport::call have to do, against real sockets.
#include <future>

#include <catch2/catch.hpp>

#include "unit/transport/rig.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// Answers once and closes.
WireServer::Script once(std::string answer) {
  return [answer = std::move(answer)](WireConnection& connection) {
    if (connection.read_request()) connection.write(answer);
  };
}

}  // namespace

TEST_CASE("an answer of any status is a value") {
  struct Row {
    const char* answer;
    int status;
    const char* content_type;
    const char* body;
  };
  const auto row = GENERATE(values<Row>({
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 200,
       "application/json", "{}"},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found", 404, "", "not found"},
      {"HTTP/1.1 500 Oops\r\nTransfer-Encoding: "
       "chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n",
       500, "", "abcdefg"},
      {"HTTP/1.1 503 \r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>", 503,
       "text/html", "<html>"},
      {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "", "until the end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", ""},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, "", ""},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", 200, "", "x"},
  }));
  const auto way = GENERATE(Way::beast, Way::cpprest);
  CAPTURE(row.answer, way);
  WireServer server(once(row.answer));
  CallRig rig(way, plain_options(server.port()));

  const auto answer = rig.call(get());

  REQUIRE(answer.has_value());
  CHECK(answer->status == row.status);
  CHECK(answer->content_type == row.content_type);
  CHECK(answer->body == row.body);
}

TEST_CASE("Retry-After is honoured in its integer form only") {
  const auto [text, expected] = GENERATE(table<std::string, std::optional<std::chrono::seconds>>(
      {{"7", 7s},
       {"0", 0s},
       {"-1", std::nullopt},
       {"7.5", std::nullopt},
       {"Wed, 21 Oct 2026 07:28:00 GMT", std::nullopt}}));
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server(once("HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + text +
                         "\r\nContent-Length: 0\r\n\r\n"));
  CallRig rig(way, plain_options(server.port()));

  const auto answer = rig.call(get());

  REQUIRE(answer.has_value());
  CHECK(answer->status == 429);
  CHECK(answer->retry_after == expected);
}

TEST_CASE("a broken or bad answer is an error, and the request may have been executed") {
  struct Row {
    const char* what;
    std::string answer;
    ErrorKind beast;
    ErrorKind cpprest;
  };
  constexpr auto kNetwork = ErrorKind::network;
  constexpr auto kProtocol = ErrorKind::protocol;
  const auto row = GENERATE(values<Row>({
      {"closed at once", "", kNetwork, kNetwork},
      {"cut in the headers", "HTTP/1.1 200 OK\r\nContent-Le", kNetwork, kNetwork},
      {"cut in a sized body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", kNetwork,
       kNetwork},
      {"cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc", kNetwork,
       kNetwork},
      {"cut between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
       kNetwork, kNetwork},
      {"garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", kProtocol, kProtocol},
      {"negative chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n",
       kProtocol, kProtocol},
      {"chunk size is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
       kProtocol, kProtocol},
      {"sized beyond the limit",
       "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'), kProtocol,
       kProtocol},
      {"chunks beyond the limit",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1024, 'x') +
           "\r\n0\r\n\r\n",
       kProtocol, kProtocol},
      {"endless body beyond the limit", "HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x'),
       kProtocol, kProtocol},
      {"headers beyond the limit",
       "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\nContent-Length: 0\r\n\r\n",
       kProtocol, kProtocol},
      {"compressed unasked",
       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", kProtocol,
       kProtocol},
      {"status beyond all", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", kProtocol, kProtocol},
  }));
  const auto way = GENERATE(Way::beast, Way::cpprest);
  CAPTURE(row.what, way);
  WireServer server(once(row.answer));
  CallRig rig(way, plain_options(server.port()), 1000);

  const auto answer = rig.call(send("POST", "{}"));

  REQUIRE_FALSE(answer.has_value());
  CAPTURE(answer.error().message);
  CHECK(answer.error().kind == (way == Way::beast ? row.beast : row.cpprest));
  CHECK(answer.error().may_have_executed);
  CHECK(server.connections() == 1);
}

TEST_CASE("a redirect is not followed, and only its host is told") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  const auto [location, told] = GENERATE(table<std::string, std::string>(
      {{"https://user:pw@login.example:8443/oauth?state=SECRET", "login.example:8443"},
       {"/oauth?state=SECRET", "the same host"},
       {"//elsewhere/SECRET", "elsewhere"}}));
  WireServer server(
      always("HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"));
  CallRig rig(way, plain_options(server.port()));

  const auto answer = rig.call(get());

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::protocol);
  CHECK_THAT(answer.error().message, Contains(told) && !Contains("SECRET") && !Contains("pw"));
  CHECK(server.connections() == 1);
}

TEST_CASE("a write whose connection breaks is sent once") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  const std::string method = GENERATE("POST", "PUT", "PATCH", "DELETE");
  const std::string body = GENERATE("{\"kind\":\"Event\"}", "");
  CAPTURE(way, method, body);
  std::atomic<int> writes = 0;
  WireServer server([&](WireConnection& connection) {
    while (const auto request = connection.read_request()) {
      if (!request->starts_with("GET")) {
        ++writes;
        return;  // executed, and no answer
      }
      connection.write(kOk);
    }
  });
  CallRig rig(way, plain_options(server.port()));
  // Only a connection that is used again tempts a client to send again.
  REQUIRE(rig.call(get()).has_value());

  const auto answer = rig.call(send(method, body));

  REQUIRE_FALSE(answer.has_value());
  CAPTURE(answer.error().message);
  CHECK(answer.error().kind == ErrorKind::network);
  CHECK(answer.error().may_have_executed);
  CHECK(writes == 1);
}

TEST_CASE("the deadline counts from the beginning") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  CAPTURE(way);
  std::string beginning;
  SECTION("no answer") {}
  SECTION("headers, then silence") { beginning = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"; }
  WireServer server([&](WireConnection& connection) {
    connection.read_request();
    connection.write(beginning);
    connection.wait_until_closed();
  });
  CallRig rig(way, plain_options(server.port()));
  auto request = send("POST", "{}");
  request.timeout = 200ms;

  const auto begun = std::chrono::steady_clock::now();
  const auto answer = rig.call(std::move(request));

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::timeout);
  CHECK(answer.error().may_have_executed);
  CHECK(std::chrono::steady_clock::now() - begun >= 200ms);
}

TEST_CASE("a trickle does not move the deadline") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server([](WireConnection& connection) {
    connection.read_request();
    bool open = connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (open) open = connection.write("1\r\nx\r\n");
  });
  CallRig rig(way, plain_options(server.port()));
  auto request = get();
  request.timeout = 100ms;

  const auto answer = rig.call(std::move(request));

  REQUIRE_FALSE(answer.has_value());
  CHECK((answer.error().kind == ErrorKind::timeout ||
         answer.error().kind == ErrorKind::protocol));  // a fast machine meets the size limit first
}

TEST_CASE("a request that never left cannot have been executed") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  CAPTURE(way);
  auto request = send("POST", "{}");

  SECTION("nobody listens") {
    CallRig rig(way, plain_options(unused_port()));
    const auto answer = rig.call(std::move(request));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().kind == ErrorKind::network);
    CHECK_THAT(answer.error().message, Contains("cannot connect to 127.0.0.1:"));
    CHECK_FALSE(answer.error().may_have_executed);
  }
  SECTION("the name is none") {
    auto options = plain_options(1);
    options.endpoint.host = "no..name";
    CallRig rig(way, std::move(options));
    const auto answer = rig.call(std::move(request));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().kind == ErrorKind::network);
    CHECK_THAT(answer.error().message, Contains("no..name"));
    CHECK_FALSE(answer.error().may_have_executed);
  }
  SECTION("the handshake hangs") {
    WireServer server([](WireConnection& connection) { connection.wait_until_closed(); });
    CallRig rig(way, tls_options(server.port(), Authority("any").pem()));
    request.timeout = 200ms;
    const auto answer = rig.call(std::move(request));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().kind == ErrorKind::timeout);
    CHECK_FALSE(answer.error().may_have_executed);
    // When cpprestsdk's one thread has answered another call it is done with the broken one, whose
    // remains would else look like a leak at the end of the process.
    CallRig after(way, plain_options(unused_port()));
    CHECK_FALSE(after.call(get()).has_value());
  }
}

TEST_CASE("names and IPv6 literals are reached") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  const auto [listen, host] =
      GENERATE(table<std::string, std::string>({{"127.0.0.1", "localhost"}, {"::1", "::1"}}));
  std::promise<std::string> seen;
  WireServer server(
      [&](WireConnection& connection) {
        seen.set_value(connection.read_request().value_or(""));
        connection.write(kOk);
      },
      std::nullopt, listen);
  auto options = plain_options(server.port());
  options.endpoint.host = host;
  {
    CallRig rig(way, std::move(options));
    const auto answer = rig.call(get());
    REQUIRE(answer.has_value());
    CHECK(answer->body == "ok");
  }
  const auto port = std::to_string(server.port());
  CHECK_THAT(seen.get_future().get(),
             Contains("\r\nHost: " + (host == "::1" ? "[::1]" : host) + ":" + port + "\r\n"));
}

TEST_CASE("an interim response is not the answer") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  WireServer server([&](WireConnection& connection) {
    while (connection.read_request()) connection.write(interim + kOk);
  });
  SECTION("beast reads on") {
    const auto answer = CallRig(Way::beast, plain_options(server.port())).call(get());
    REQUIRE(answer.has_value());
    CHECK(answer->body == "ok");
  }
  SECTION("cpprest gives the connection up") {
    CallRig rig(Way::cpprest, plain_options(server.port()));
    for (int i = 1; i <= 3; ++i) {
      const auto answer = rig.call(get());
      REQUIRE_FALSE(answer.has_value());
      CHECK(answer.error().kind == ErrorKind::protocol);
      CHECK(server.connections() == i);
    }
  }
}
