// SPDX-License-Identifier: Apache-2.0
// Requests that are kept back at the last moment, against real sockets.
#include <atomic>

#include <catch2/catch.hpp>

#include "unit/transport/rig.h"

using namespace std::chrono_literals;
using namespace bso;
using namespace bso::test;

namespace {

Error kept_back() {
  Error error;
  error.kind = ErrorKind::fenced;
  error.message = "not any more";
  return error;
}

/// Answers every whole request and counts them.
struct Server {
  std::atomic<int> whole{0};
  WireServer wire{[this](WireConnection& connection) {
    while (connection.read_request()) {
      ++whole;
      connection.write(kOk);
    }
  }};
};

}  // namespace

TEST_CASE("a request that is not permitted is never whole on the wire") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  const auto body_bytes = GENERATE(std::size_t{0}, std::size_t{20}, std::size_t{200'000});
  CAPTURE(way, body_bytes);
  Server server;
  CallRig rig(way, plain_options(server.wire.port()));
  auto request = send("PATCH", std::string(body_bytes, 'x'));
  request.permit = [] { return Result<void>(fail(kept_back())); };

  const auto answer = rig.call(std::move(request));

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::fenced);
  CHECK(answer.error().message == "not any more");
  CHECK_FALSE(answer.error().may_have_executed);
  CHECK(server.whole == 0);
}

TEST_CASE("a permit that is withdrawn while the request is being sent keeps the rest back") {
  // The way by cpprestsdk connects, sends the head and only then the body: seconds can lie between.
  Server server;
  CallRig rig(Way::cpprest, plain_options(server.wire.port()));
  const auto body_bytes = GENERATE(std::size_t{20}, std::size_t{200'000});
  std::atomic<int> asked{0};
  auto request = send("PATCH", std::string(body_bytes, 'x'));
  request.permit = [&]() -> Result<void> {
    if (++asked == 1) return {};
    return fail(kept_back());
  };

  const auto answer = rig.call(std::move(request));

  CHECK(asked == 2);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().kind == ErrorKind::fenced);
  CHECK(server.whole == 0);

  // The next request must not become the body of that one.
  const auto next = rig.call(send("POST", "{}"));
  REQUIRE(next.has_value());
  CHECK(next->body == "ok");
  CHECK(server.whole == 1);
}

TEST_CASE("a permitted request is sent as any other") {
  const auto way = GENERATE(Way::beast, Way::cpprest);
  Server server;
  CallRig rig(way, plain_options(server.wire.port()));
  std::atomic<int> asked{0};
  for (int i = 1; i <= 3; ++i) {
    auto request = send("PATCH", "{}");
    request.permit = [&]() -> Result<void> {
      ++asked;
      return {};
    };
    CHECK(rig.call(std::move(request)).has_value());
    CHECK(server.whole == i);
  }
  CHECK(asked >= 3);
}
