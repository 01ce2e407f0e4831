// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_calls.h"

#include <algorithm>
#include <vector>

#include "transport/beast_exchange.h"

namespace bso::transport {

using Clock = Connection::Clock;

namespace {

/// How long a connection may wait for another call: kube-apiserver closes those that wait for 90 s
/// (apiserver server/secure_serving.go, http.Server.IdleTimeout).
constexpr std::chrono::seconds kLongestRest{30};
constexpr std::size_t kMostIdle = 4;

/// Connections that have served a call and may serve another. On the loop only.
class IdleConnections {
 public:
  /// The one used last that the server has not closed meanwhile; null when there is none.
  [[nodiscard]] std::shared_ptr<Connection> take();
  void put(std::shared_ptr<Connection> connection);

 private:
  struct Idle {
    std::shared_ptr<Connection> connection;
    Clock::time_point since;
  };
  std::vector<Idle> idle_;
};

std::shared_ptr<Connection> IdleConnections::take() {
  while (!idle_.empty()) {
    auto last = std::move(idle_.back());
    idle_.pop_back();
    const bool fresh = Clock::now() - last.since < kLongestRest;
    if (fresh && last.connection->still_open()) return std::move(last.connection);
  }
  return nullptr;
}

void IdleConnections::put(std::shared_ptr<Connection> connection) {
  connection->rest();
  if (idle_.size() == kMostIdle) idle_.erase(idle_.begin());
  idle_.push_back({std::move(connection), Clock::now()});
}

/// The whole body, within the deadline.
Task<Result<std::string>> read_whole(std::shared_ptr<Exchange> exchange,
                                     Clock::time_point deadline) {
  constexpr std::size_t kChunkBytes = 16U << 10U;
  using std::chrono::milliseconds;
  std::string body;
  std::vector<char> chunk(kChunkBytes);
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    auto got = co_await read_body(exchange, chunk, std::max(left, milliseconds{0}));
    if (!got) co_return fail(std::move(got.error()));
    if (*got == 0) co_return body;
    if (body.size() + *got > exchange->peer->response_limit) {
      co_return fail(too_large(*exchange->peer));
    }
    body.append(chunk.data(), *got);
  }
}

/// The request in one piece, on a connection of `idle` when there is one. When that breaks before
/// the answer, a GET is sent again on a new one, and nothing else is: the server may have executed
/// it.
Task<Result<Response>> call_whole(CallsContext context, std::shared_ptr<IdleConnections> idle,
                                  Request request, std::vector<Header> credentials) {
  auto message = make_message(*context.peer, std::move(request), credentials, true);
  if (!message) co_return fail(std::move(message.error()));
  Result<std::shared_ptr<Exchange>> begun;
  if (auto kept = idle->take()) {
    begun = co_await begin_exchange(context.peer, context.stop, std::move(kept), true, *message);
    const bool again = !begun && begun.error().kind == ErrorKind::network && (*message)->harmless;
    if (!begun && !again) co_return fail(std::move(begun.error()));
  }
  if (!begun || *begun == nullptr) {
    auto link = std::make_shared<Connection>(context.executor, context.peer);
    begun = co_await begin_exchange(context.peer, context.stop, std::move(link), false, *message);
    if (!begun) co_return fail(std::move(begun.error()));
  }
  const auto exchange = *begun;
  auto& connection = exchange->connection;
  const Stop::Registration registration(*context.stop, [&connection] { connection.close(); });
  auto body = co_await read_whole(exchange, (*message)->deadline);
  if (!body) co_return fail(std::move(body.error()));

  Response response;
  response.status = static_cast<int>(exchange->parser->get().result_int());
  response.content_type = exchange->content_type;
  response.retry_after = exchange->retry_after;
  response.body = std::move(*body);
  // More than the answer would be taken for the next one.
  if (exchange->parser->keep_alive() && connection.buffer().size() == 0 && !connection.closed()) {
    idle->put(exchange->link);
  }
  co_return response;
}

class BeastCalls final : public Calls {
 public:
  explicit BeastCalls(CallsContext context) : context_(std::move(context)) {}
  Task<Result<Response>> call(Request request, std::vector<Header> credentials) override {
    return call_whole(context_, idle_, std::move(request), std::move(credentials));
  }

 private:
  CallsContext context_;
  std::shared_ptr<IdleConnections> idle_ = std::make_shared<IdleConnections>();
};

}  // namespace

std::unique_ptr<Calls> make_beast_calls(CallsContext context) {
  return std::make_unique<BeastCalls>(std::move(context));
}

}  // namespace bso::transport
