// SPDX-License-Identifier: Apache-2.0
// Calls that outlive what they were made from, and what they cost the process.
#include <filesystem>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "unit/transport/rig.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::test;
using transport::Response;

namespace {

/// Answers to a request only once the test says so.
struct HeldServer {
  std::atomic<bool> asked = false;
  WireServer server{[this](WireConnection& connection) {
    if (!connection.read_request()) return;
    asked = true;
    connection.wait_until_closed();
  }};
};

/// Lets the loop run until the server has got a request.
void run_until_asked(boost::asio::io_context& loop, const HeldServer& held) {
  while (!held.asked && !loop.stopped()) loop.run_one_for(10ms);
}

std::ptrdiff_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

}  // namespace

TEST_CASE("the end of the transport ends its calls") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  HeldServer held;
  CallRig rig(way, plain_options(held.server.port()));
  std::optional<Result<Response>> answer;
  boost::asio::co_spawn(
      Executor(rig.loop.get_executor()), rig.calls->call(send("POST", "{}"), {}),
      [&](std::exception_ptr, Result<Response> value) { answer = std::move(value); });
  run_until_asked(rig.loop, held);
  if (answer && !*answer) FAIL(answer->error().message);
  REQUIRE(held.asked);

  rig.calls.reset();
  rig.stop->request();
  rig.loop.run();

  REQUIRE(answer.has_value());
  REQUIRE_FALSE(answer->has_value());
  CHECK(answer->error().kind == ErrorKind::canceled);
  CHECK(answer->error().may_have_executed);
}

TEST_CASE("the loop may end before its calls") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  HeldServer held;
  CallRig rig(way, plain_options(held.server.port()));
  bool ended = false;
  boost::asio::co_spawn(Executor(rig.loop.get_executor()), rig.calls->call(get(), {}),
                        [&](std::exception_ptr, Result<Response>) { ended = true; });
  run_until_asked(rig.loop, held);
  CHECK(held.asked);
  CHECK_FALSE(ended);
}

TEST_CASE("a call after the end of the transport is canceled") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CallRig rig(way, plain_options(server.port()));
  auto task = rig.calls->call(get(), {});
  rig.calls.reset();
  rig.stop->request();

  const auto answer = run(rig.loop, std::move(task));

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::canceled);
  CHECK_FALSE(answer.error().may_have_executed);
}

TEST_CASE("calls at the same time do not mix their answers, and need no threads of their own") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server([](WireConnection& connection) {
    while (const auto request = connection.read_request()) {
      const auto path = request->substr(4, request->find(' ', 4) - 4);
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) +
                       "\r\n\r\n" + path);
    }
  });
  CallRig rig(way, plain_options(server.port()));
  constexpr int kCalls = 40;
  int right = 0;
  for (int i = 0; i < kCalls; ++i) {
    std::string target = std::to_string(i);
    target.insert(target.begin(), '/');
    boost::asio::co_spawn(Executor(rig.loop.get_executor()), rig.calls->call(get(target), {}),
                          [&right, target](std::exception_ptr, Result<Response> answer) {
                            right += answer.has_value() && answer->body == target ? 1 : 0;
                          });
  }
  rig.loop.run();
  CHECK(right == kCalls);
  // This one, the server's (acceptor and connections), and of cpprestsdk a pool and a resolver.
  auto expected = 2 + server.connections() + 2;
#ifdef __SANITIZE_THREAD__
  ++expected;  // ThreadSanitizer's own
#endif
  CHECK(threads() <= expected);
}

TEST_CASE("connections are kept for the calls that follow") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  WireServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CallRig rig(way, plain_options(server.port()));
  for (int i = 0; i < 5; ++i) REQUIRE(rig.call(send("POST", "{}")).has_value());
  CHECK(server.connections() == 1);
}

TEST_CASE("a connection that the server has closed, or spoken on, is not used again") {
  const std::string late = GENERATE("", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  std::atomic<int> closed = 0;
  WireServer server([&](WireConnection& connection) {
    if (!connection.read_request()) return;
    connection.write(kOk);
    if (!late.empty()) connection.write(late);
    ++closed;
    if (!late.empty()) connection.wait_until_closed();
  });
  CallRig rig(Way::beast, plain_options(server.port()));
  for (int i = 1; i <= 3; ++i) {
    const auto answer = rig.call(send("POST", "{}"));
    REQUIRE(answer.has_value());
    CHECK(answer->body == "ok");
    while (closed < i) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(20ms);  // until its end, or the late answer, has come
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("a kept connection that breaks under a GET is replaced") {
  WireServer server([](WireConnection& connection) {
    if (!connection.read_request() || !connection.write(kOk)) return;
    (void)connection.read_request();  // and no answer
  });
  CallRig rig(Way::beast, plain_options(server.port()));
  for (int i = 0; i < 3; ++i) CHECK(rig.call(get()).has_value());
  CHECK(server.connections() == 3);
}

TEST_CASE("an answer that ends with its connection is no reason to keep it") {
  const std::string answer =
      GENERATE("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
               "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
  WireServer server(always(answer));
  CallRig rig(Way::beast, plain_options(server.port()));
  for (int i = 0; i < 3; ++i) REQUIRE(rig.call(send("POST", "{}")).has_value());
  CHECK(server.connections() == 3);
}
