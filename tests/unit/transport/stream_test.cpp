// SPDX-License-Identifier: Apache-2.0
#include <future>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "transport/beast_stream.h"
#include "unit/transport/rig.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::test;
using Catch::Matchers::Contains;
using transport::BodyStream;
using transport::Transport;

namespace {

using Opened = Result<std::unique_ptr<BodyStream>>;

constexpr auto kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A transport as shipped.
struct StreamRig {
  explicit StreamRig(transport::TransportOptions options)
      : transport(transport::make_transport(loop.get_executor(), std::move(options)).value()) {}

  Opened open(std::chrono::milliseconds timeout = 10s) {
    auto request = get("/api/v1/pods?watch=true");
    request.timeout = timeout;
    return run(loop, transport->open(std::move(request)));
  }
  Result<std::size_t> read(BodyStream& stream, std::span<char> into,
                           std::chrono::milliseconds idle = 10s) {
    auto got = run(loop, stream.read(into, idle));
    if (!got) UNSCOPED_INFO("the read's error: " << got.error().message);
    return got;
  }
  /// Everything up to the clean end.
  Result<std::string> read_all(BodyStream& stream, std::size_t buffer_size) {
    std::vector<char> buffer(buffer_size);
    std::string text;
    while (true) {
      auto got = read(stream, buffer);
      if (!got) return fail(std::move(got.error()));
      if (*got == 0) return text;
      text.append(buffer.data(), *got);
    }
  }

  boost::asio::io_context loop;
  std::unique_ptr<Transport> transport;
};

}  // namespace

TEST_CASE("a stream hands out bytes as they come") {
  std::promise<void> first_seen;
  WireServer server([&](WireConnection& connection) {
    connection.read_request();
    connection.write(std::string(kChunked) + "6\r\nfirst\n\r\n");
    first_seen.get_future().wait();
    connection.write("7\r\nsecond\n\r\n0\r\n\r\n");
  });
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  auto& stream = **opened;
  CHECK(stream.status() == 200);
  CHECK(stream.content_type() == "application/json");
  CHECK_FALSE(stream.retry_after().has_value());

  std::array<char, 100> buffer;
  auto got = rig.read(stream, buffer);
  REQUIRE(got.has_value());
  CHECK(std::string_view(buffer.data(), *got) == "first\n");
  first_seen.set_value();
  got = rig.read(stream, buffer);
  REQUIRE(got.has_value());
  CHECK(std::string_view(buffer.data(), *got) == "second\n");
  CHECK(rig.read(stream, buffer).value() == 0);
  CHECK(rig.read(stream, buffer).value() == 0);
}

TEST_CASE("a body arrives whole, however it is framed and read") {
  const std::size_t buffer_size = GENERATE(1000U, 65'536U);
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 % 251);
  std::string answer;
  SECTION("sized") {
    answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  SECTION("until the end") { answer = "HTTP/1.1 200 OK\r\n\r\n" + body; }
  SECTION("chunked") {
    answer = kChunked;
    for (std::size_t at = 0; at < body.size(); at += 1000) {
      answer += "3e8\r\n" + body.substr(at, 1000) + "\r\n";
    }
    answer += "0\r\n\r\n";
  }
  WireServer server([&](WireConnection& connection) {
    connection.read_request();
    connection.write(answer);
  });
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  const auto text = rig.read_all(**opened, buffer_size);
  REQUIRE(text.has_value());
  CHECK((*text == body));
}

TEST_CASE("a body without bytes ends at once") {
  const auto head = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                             "HTTP/1.1 204 No Content\r\n\r\n");
  WireServer server(always(head));
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  CHECK(rig.read_all(**opened, 10).value().empty());
}

TEST_CASE("a body that is cut short is an error after its bytes") {
  const auto answer =
      GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc");
  CAPTURE(answer);
  WireServer server([&](WireConnection& connection) {
    connection.read_request();
    connection.write(answer);
  });
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  std::array<char, 100> buffer;
  REQUIRE(rig.read(**opened, buffer).value() == 3);
  for (int i = 0; i < 2; ++i) {
    const auto got = rig.read(**opened, buffer);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().kind == ErrorKind::network);
    CHECK_THAT(got.error().message, Contains("closed the connection"));
  }
}

TEST_CASE("a bad chunk is an error") {
  WireServer server([](WireConnection& connection) {
    connection.read_request();
    connection.write(std::string(kChunked) + "3\r\nabc\r\n-1\r\nzzz");
    connection.wait_until_closed();
  });
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  const auto text = rig.read_all(**opened, 100);
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().kind == ErrorKind::protocol);
}

TEST_CASE("silence longer than the idle time is an error") {
  WireServer server([](WireConnection& connection) {
    connection.read_request();
    connection.write(kChunked);
    connection.wait_until_closed();
  });
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  std::array<char, 100> buffer;
  const auto got = rig.read(**opened, buffer, 50ms);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().kind == ErrorKind::timeout);
}

TEST_CASE("close and destruction break a pending read") {
  const bool destroy = GENERATE(false, true);
  WireServer server([](WireConnection& connection) {
    connection.read_request();
    connection.write(kChunked);
    connection.wait_until_closed();
  });
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  auto stream = std::move(*opened);
  boost::asio::steady_timer soon(rig.loop, 20ms);
  soon.async_wait([&](const boost::system::error_code&) {
    if (destroy) {
      stream.reset();
    } else {
      stream->close();
      stream->close();
    }
  });
  std::array<char, 100> buffer;
  const auto got = rig.read(*stream, buffer);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().kind == ErrorKind::canceled);
  if (!destroy) {
    const auto again = rig.read(*stream, buffer);
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::canceled);
  }
}

TEST_CASE("a stream outlives its transport, an opening does not") {
  WireServer server([](WireConnection& connection) {
    connection.read_request();
    connection.wait_until_closed();
  });
  StreamRig rig(plain_options(server.port()));
  boost::asio::steady_timer soon(rig.loop, 20ms);
  soon.async_wait([&](const boost::system::error_code&) { rig.transport.reset(); });
  const auto refused = rig.open();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::canceled);

  WireServer answering(always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  StreamRig other(plain_options(answering.port()));
  auto opened = other.open();
  other.transport.reset();
  REQUIRE(opened.has_value());
  CHECK(other.read_all(**opened, 10).value() == "ok");
}

TEST_CASE("headers without end are given up long before the deadline") {
  const std::string piece =
      GENERATE(as<std::string>{}, "X-Header: " + std::string(990, 'x') + "\r\n", "X: y\r\n",
               std::string(1000, 'x'));
  std::string_view beginning;
  SECTION("in the header") { beginning = "HTTP/1.1 200 OK\r\n"; }
  SECTION("in the first line") { beginning = "HTTP/1.1 200 "; }
  WireServer server([&](WireConnection& connection) {
    if (!connection.read_request()) return;
    connection.write(beginning);
    while (connection.write(piece)) continue;
  });
  CallRig rig(Way::beast, plain_options(server.port()));
  const auto answer = rig.call(get());
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::protocol);
}

TEST_CASE("no headers in time") {
  WireServer server([](WireConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    connection.wait_until_closed();
  });
  StreamRig rig(plain_options(server.port()));
  const auto opened = rig.open(100ms);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().kind == ErrorKind::timeout);
}

TEST_CASE("an error's body can be read") {
  WireServer server(
      always("HTTP/1.1 410 Gone\r\nRetry-After: 3\r\nContent-Length: 7\r\n\r\nexpired"));
  StreamRig rig(plain_options(server.port()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  CHECK((*opened)->status() == 410);
  CHECK((*opened)->retry_after() == 3s);
  CHECK(rig.read_all(**opened, 100).value() == "expired");
}

TEST_CASE("over TLS a body without a size has to end with a good-bye") {
  const Authority authority("ca");
  const bool polite = GENERATE(true, false);
  WireServer server(
      [&](WireConnection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
        if (polite) connection.shutdown_tls();
      },
      WireServer::Tls{authority.issue({.names = {"IP:127.0.0.1"}}), ""});
  StreamRig rig(tls_options(server.port(), authority.pem()));
  auto opened = rig.open();
  REQUIRE(opened.has_value());
  const auto text = rig.read_all(**opened, 100);
  CHECK(text.has_value() == polite);
  if (!polite) CHECK(text.error().kind == ErrorKind::network);
}
