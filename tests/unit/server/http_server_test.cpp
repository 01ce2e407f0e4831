// SPDX-License-Identifier: Apache-2.0
#include "server/http_server.h"

#include <array>
#include <stdexcept>
#include <thread>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <sys/resource.h>

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::server;
using boost::asio::ip::tcp;
using boost::system::error_code;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

Answer handle(const Target& target) {
  const auto path = target.path;
  if (path == "/values") {
    std::string all;
    for (const auto& value : target.values("name")) all += "[" + value + "]";
    return {.status = 200, .content_type = "text/plain", .body = all};
  }
  if (path == "/healthz") return {.status = 200, .content_type = "text/plain", .body = "ok"};
  if (path == "/large")
    return {.status = 200, .content_type = "x", .body = std::string(5'000'000, 'x')};
  if (path == "/throw") throw std::runtime_error("no");
  return {.status = 404, .content_type = "text/plain", .body = "what?"};
}

/// Runs on a thread of its own until it is stopped.
class Running {
 public:
  explicit Running(HttpServer::Options options)
      : server_(HttpServer::listen(loop_.get_executor(), std::move(options), handle).value()) {
    boost::asio::co_spawn(Executor(loop_.get_executor()), server_->serve(stop_),
                          boost::asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Running() { stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  /// Returns when serve() has returned: the loop has nothing else to do.
  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(loop_, [this] { stop_.request(); });
    thread_.join();
  }

 private:
  boost::asio::io_context loop_;
  Stop stop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(std::uint16_t port, const std::string& address = "127.0.0.1")
      : socket_(context_) {
    socket_.connect(tcp::endpoint(boost::asio::ip::make_address(address), port));
  }
  void write(std::string_view bytes) {
    error_code ignored;
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), ignored);
  }
  /// Until the text ends in `end`, or the server closes.
  std::string read_until(std::string_view end) {
    std::string text;
    std::array<char, 4096> chunk;
    while (!text.ends_with(end)) {
      error_code error;
      const auto got = socket_.read_some(boost::asio::buffer(chunk), error);
      if (error) break;
      text.append(chunk.data(), got);
    }
    return text;
  }
  std::string read_to_end() { return read_until("\1"); }

 private:
  boost::asio::io_context context_;
  tcp::socket socket_;
};

std::string exchange(std::uint16_t port, std::string_view request) {
  Client client(port);
  client.write(request);
  return client.read_to_end();
}

HttpServer::Options on_loopback() { return {.address = "127.0.0.1", .port = 0}; }

constexpr auto kHealthz = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("requests are answered or refused by their kind") {
  struct Row {
    const char* what;
    std::string request;
    const char* status_line;
    const char* contains;
    const char* body;
  };
  const auto row = GENERATE(values<Row>({
      {"GET", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
       "Content-Length: 2\r\n", "ok"},
      {"query", "GET /healthz?verbose=1 HTTP/1.1\r\nConnection: close\r\n\r\n",
       "HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\n", "ok"},
      {"HEAD", "HEAD /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
       "Content-Length: 2\r\n", ""},
      {"HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n", "Content-Length: 2\r\n",
       "ok"},
      {"unknown path", "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 Not Found\r\n",
       "Content-Length: 5\r\n", "what?"},
      {"a handler that throws", "GET /throw HTTP/1.1\r\nConnection: close\r\n\r\n",
       "HTTP/1.1 500 Internal Server Error\r\n", "", "internal error\n"},
      {"POST", "POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
       "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD\r\n",
       "only GET and HEAD are served\n"},
      {"chunk of -1", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n",
       "HTTP/1.1 405 Method Not Allowed\r\n", "Connection: close\r\n",
       "only GET and HEAD are served\n"},
      {"chunk of -1 with GET", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n",
       "HTTP/1.1 413 Payload Too Large\r\n", "", "a request must not have a body\n"},
      {"body with GET", "GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nabc",
       "HTTP/1.1 413 Payload Too Large\r\n", "", "a request must not have a body\n"},
      {"headers of 9 KiB", "GET / HTTP/1.1\r\nX: " + std::string(9 << 10, 'x') + "\r\n\r\n",
       "HTTP/1.1 431 Request Header Fields Too Large\r\n", "", "headers beyond 8 KiB\n"},
      {"endless line", "GET /" + std::string(20 << 10, 'x'),
       "HTTP/1.1 431 Request Header Fields Too Large\r\n", "", "headers beyond 8 KiB\n"},
      {"no HTTP", "\x16\x03\x01\x02\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "",
       "not an HTTP request\n"},
  }));
  CAPTURE(row.what);
  Running server(on_loopback());

  const auto answer = exchange(server.port(), row.request);

  CHECK_THAT(answer, StartsWith(row.status_line) && Contains(row.contains));
  const auto end_of_head = answer.find("\r\n\r\n");
  REQUIRE(end_of_head != std::string::npos);
  CHECK(answer.substr(end_of_head + 4) == row.body);
  CHECK_THAT(exchange(server.port(), "GET /healthz HTTP/1.0\r\n\r\n"), Catch::EndsWith("ok"));
}

TEST_CASE("a connection serves many requests, also sent at once") {
  Running server(on_loopback());
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.write(kHealthz);
    CHECK_THAT(client.read_until("ok"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  client.write(std::string(kHealthz) + kHealthz + "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto answers = client.read_to_end();
  std::size_t count = 0;
  for (auto at = answers.find("200 OK"); at != std::string::npos;
       at = answers.find("200 OK", at + 1)) {
    ++count;
  }
  CHECK(count == 2);
  CHECK_THAT(answers, Catch::EndsWith("what?"));
}

TEST_CASE("a large answer arrives whole") {
  Running server(on_loopback());
  const auto answer = exchange(server.port(), "GET /large HTTP/1.0\r\n\r\n");
  CHECK(answer.size() - answer.find("\r\n\r\n") - 4 == 5'000'000);
}

TEST_CASE("who does not finish a request in time is closed") {
  const std::string sent = GENERATE("", "GET /healthz HTTP/1.1\r\nX-A: b\r\n");
  auto options = on_loopback();
  options.request_timeout = 100ms;
  Running server(std::move(options));
  Client client(server.port());
  client.write(sent);
  CHECK(client.read_to_end().empty());
}

TEST_CASE("a trickle does not move the time limit") {
  auto options = on_loopback();
  options.request_timeout = 100ms;
  Running server(std::move(options));
  Client client(server.port());
  client.write("GET /healthz HTTP/1.1\r\n");
  const auto begun = std::chrono::steady_clock::now();
  std::thread writer([&] {
    // Ends when the server has closed and the write fails, or the size limit is met.
    for (int i = 0; i < 2000; ++i) {
      client.write("X: y\r\n");
      std::this_thread::yield();
    }
  });
  client.read_to_end();
  writer.join();
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("connections beyond the limit are closed at once") {
  auto options = on_loopback();
  options.max_connections = 2;
  Running server(std::move(options));
  Client first(server.port());
  first.write(kHealthz);
  REQUIRE_THAT(first.read_until("ok"), Contains("200 OK"));
  {
    Client second(server.port());
    second.write(kHealthz);
    REQUIRE_THAT(second.read_until("ok"), Contains("200 OK"));
    CHECK(exchange(server.port(), kHealthz).empty());
  }
  // The place of the one that left is free again, once the server has seen it leave.
  std::string answer;
  for (int i = 0; i < 1000 && answer.empty(); ++i) {
    answer = exchange(server.port(), "GET /healthz HTTP/1.0\r\n\r\n");
  }
  CHECK_THAT(answer, Contains("200 OK"));
}

TEST_CASE("stop ends idle, busy and waiting connections") {
  auto server = std::make_unique<Running>(on_loopback());
  Client idle(server->port());
  idle.write(kHealthz);
  REQUIRE_THAT(idle.read_until("ok"), Contains("200 OK"));
  Client half(server->port());
  half.write("GET /healthz HTTP/1.1\r\n");
  Client not_reading(server->port());
  not_reading.write("GET /large HTTP/1.1\r\n\r\n");
  const auto port = server->port();

  server->stop();

  CHECK(idle.read_to_end().empty());
  CHECK(half.read_to_end().empty());
  CHECK_THROWS(Client(port));
}

TEST_CASE("addresses") {
  SECTION(":: listens on both families") {
    Running server({.address = "::", .port = 0});
    for (const auto* address : {"127.0.0.1", "::1"}) {
      Client client(server.port(), address);
      client.write("GET /healthz HTTP/1.0\r\n\r\n");
      CHECK_THAT(client.read_to_end(), Contains("200 OK"));
    }
  }
  SECTION("::1 listens on one") {
    // The same port of IPv4 may be anybody's. Held by a socket that does not listen it is nobody's.
    bool held = false;
    for (int tries = 0; tries < 20 && !held; ++tries) {
      Running server({.address = "::1", .port = 0});
      CHECK_NOTHROW(Client(server.port(), "::1"));
      boost::asio::io_context context;
      tcp::socket holder(context, tcp::v4());
      error_code taken;
      holder.bind({boost::asio::ip::make_address("127.0.0.1"), server.port()}, taken);
      held = !taken;
      if (held) CHECK_THROWS(Client(server.port(), "127.0.0.1"));
    }
    CHECK(held);
  }
  boost::asio::io_context loop;
  SECTION("no address") {
    const auto made = HttpServer::listen(loop.get_executor(), {.address = "localhost"}, handle);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().kind == ErrorKind::invalid_input);
    CHECK_THAT(made.error().message, Contains("localhost"));
  }
  SECTION("port in use") {
    Running server(on_loopback());
    const auto made = HttpServer::listen(loop.get_executor(),
                                         {.address = "127.0.0.1", .port = server.port()}, handle);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().kind == ErrorKind::io);
    CHECK_THAT(made.error().message, Contains("Address already in use"));
  }
}

// UndefinedBehaviorSanitizer, which we build together with AddressSanitizer, needs descriptors of
// its own to look at a type that it meets for the first time.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("used up descriptors neither spin nor end the server") {
  boost::asio::io_context loop;
  Stop stop;
  auto server = HttpServer::listen(loop.get_executor(), on_loopback(), handle).value();
  boost::asio::co_spawn(Executor(loop.get_executor()), server->serve(stop), boost::asio::detached);
  Client client(server->port());  // the kernel queues it before it is accepted
  client.write("GET /healthz HTTP/1.0\r\n\r\n");

  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  int steps = 0;
  const auto until = std::chrono::steady_clock::now() + 700ms;
  while (std::chrono::steady_clock::now() < until) {
    steps += static_cast<int>(loop.run_one_until(until));
  }
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(steps < 30);

  std::thread reader([&] {
    const auto answer = client.read_to_end();
    boost::asio::post(loop, [&stop] { stop.request(); });
    if (answer.find("200 OK") == std::string::npos) std::abort();
  });
  loop.run();
  reader.join();
}
#endif

TEST_CASE("the handler sees path and query apart") {
  const auto [target, body] = GENERATE(table<std::string, std::string>({
      {"/values", ""},
      {"/values?", ""},
      {"/values?name", "[]"},
      {"/values?name=a", "[a]"},
      {"/values?x=1&name=a&name&&names=c&name=b=c", "[a][][b=c]"},
      {"/values?=name&name=%41", "[%41]"},
  }));
  const Running server({.address = "127.0.0.1"});
  CAPTURE(target);
  CHECK_THAT(exchange(server.port(), "GET " + target + " HTTP/1.0\r\n\r\n"),
             Catch::EndsWith("\r\n\r\n" + body));
}
