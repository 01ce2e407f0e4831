// SPDX-License-Identifier: Apache-2.0
// What the client does with its fence.
#include <utility>  // before Boost 1.74's awaitable.hpp, which forgets it

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "kube/client.h"

using namespace bso;
using namespace bso::kube;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// Answers "{}" to everything, after having asked the permit as a transport does.
class Wire final : public transport::Transport {
 public:
  std::vector<transport::Request> sent;
  std::function<void()> before_sending;

  Task<Result<transport::Response>> call(transport::Request request) override {
    if (before_sending) before_sending();
    if (request.permit) {
      auto permitted = request.permit();
      if (!permitted) co_return fail(std::move(permitted.error()));
    }
    sent.push_back(std::move(request));
    co_return transport::Response{
        .status = 200, .content_type = "application/json", .retry_after = {}, .body = "{}"};
  }
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request) override {
    co_return fail(invalid_input("not here"));
  }
};

struct FenceBench {
  Wire wire;
  std::optional<std::chrono::milliseconds> left = 3000ms;
  Client client{wire,
                "test",
                [](std::string_view, std::string_view) {},
                {.tries = 1},
                [this]() -> Result<std::chrono::milliseconds> {
                  if (left) return *left;
                  Error error;
                  error.kind = ErrorKind::fenced;
                  return fail(std::move(error));
                }};

  template <class T>
  Result<T> run(Task<Result<T>> task) {
    boost::asio::io_context loop;
    std::optional<Result<T>> result;
    boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr escaped, Result<T> value) {
      REQUIRE_FALSE(escaped);
      result = std::move(value);
    });
    loop.run();
    return *result;
  }

  /// The error of a write of each kind.
  std::optional<Error> write(const std::string& verb) {
    const auto object = std::make_shared<const json>(json::object());
    Result<codec::JsonPtr> done;
    if (verb == "create") done = run(client.create(pods, "n", object));
    if (verb == "apply") done = run(client.apply(pods, "n", "p", object));
    if (verb == "merge_patch") done = run(client.merge_patch(pods, "n", "p", object));
    if (verb == "remove") {
      const auto removed = run(client.remove(pods, "n", "p", {"u", ""}));
      if (!removed) done = fail(removed.error());
    }
    if (done) return std::nullopt;
    return done.error();
  }
};

}  // namespace

TEST_CASE("a write behind the fence is not sent, and says so by its kind") {
  FenceBench bench;
  const std::string verb = GENERATE("create", "apply", "merge_patch", "remove");
  CAPTURE(verb);
  SECTION("from the beginning") { bench.left.reset(); }
  SECTION("fallen between the beginning and the sending") {
    bench.wire.before_sending = [&] { bench.left.reset(); };
  }
  const auto error = bench.write(verb);
  REQUIRE(error);
  CHECK(error->kind == ErrorKind::fenced);
  CHECK_FALSE(error->may_have_executed);
  CHECK(bench.wire.sent.empty());
}

TEST_CASE("a write takes no longer than the fence allows") {
  FenceBench bench;
  const std::string verb = GENERATE("create", "apply", "merge_patch", "remove");
  CHECK_FALSE(bench.write(verb));
  CHECK(bench.wire.sent.at(0).timeout == 3000ms);
  bench.left = 1h;
  CHECK_FALSE(bench.write(verb));
  CHECK(bench.wire.sent.at(1).timeout == transport::Request().timeout);
}

TEST_CASE("reads pass the fence") {
  FenceBench bench;
  bench.left.reset();
  CHECK(bench.run(bench.client.get(pods, "n", "p")).has_value());
  CHECK(bench.run(bench.client.list(pods, "n", Query())).has_value());
  CHECK(bench.run(bench.client.get_path("/version")).has_value());
  CHECK(bench.wire.sent.size() == 3);
}
