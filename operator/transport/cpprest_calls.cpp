// SPDX-License-Identifier: Apache-2.0
#include "transport/cpprest_calls.h"

#include <mutex>
#include <optional>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "transport/beast_calls.h"
#include "transport/cpprest_client.h"

namespace bso::transport {
namespace {

namespace asio = boost::asio;

/// Where an answer arrives. The caller's frame may be gone by then (deadline, stop, or the loop's
/// end), so the pool thread holds this and asks it for the way to the loop.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  Mailbox(Executor executor, asio::steady_timer& wake)
      : executor_(std::move(executor)), wake_(&wake) {}

  /// On the pool thread.
  void deliver(Result<Response> answer) {
    const std::lock_guard lock(mutex_);
    if (!executor_) return;
    asio::post(*executor_, [self = shared_from_this(), answer = std::move(answer)]() mutable {
      self->answer_ = std::move(answer);
      if (self->wake_ != nullptr) self->wake_->cancel();
    });
  }

  /// On the loop: from here on the pool thread knows neither the frame nor the loop.
  void abandon() {
    const std::lock_guard lock(mutex_);
    executor_.reset();
    wake_ = nullptr;
  }

  [[nodiscard]] std::optional<Result<Response>>& answer() { return answer_; }

 private:
  std::mutex mutex_;
  std::optional<Executor> executor_;  ///< guarded by mutex_
  asio::steady_timer* wake_;          ///< the loop's, as answer_ is
  std::optional<Result<Response>> answer_;
};

/// Ends the tie to the pool thread however the frame ends.
struct Tie {
  std::shared_ptr<Mailbox> mailbox;
  CpprestClient::Ticket ticket;

  Tie(std::shared_ptr<Mailbox> box, CpprestClient::Ticket under_way)
      : mailbox(std::move(box)), ticket(std::move(under_way)) {}
  Tie(const Tie&) = delete;
  Tie& operator=(const Tie&) = delete;
  ~Tie() {
    mailbox->abandon();
    if (!mailbox->answer()) ticket.cancel();
  }
};

Task<Result<Response>> call_by_cpprest(CallsContext context, std::shared_ptr<CpprestClient> client,
                                       Request request, std::vector<Header> credentials) {
  const auto& peer = *context.peer;
  const auto timeout = request.timeout;
  auto ready = prepare(peer, std::move(request), credentials);
  if (!ready) co_return fail(std::move(ready.error()));
  if (context.stop->requested()) {
    co_return fail(transport_error(ErrorKind::canceled, "the transport is shut down", false));
  }

  // The wait for the timer is also what keeps the loop running while the answer is out.
  asio::steady_timer wake(context.executor);
  wake.expires_after(timeout);
  const auto mailbox = std::make_shared<Mailbox>(context.executor, wake);
  auto ticket = client->send(std::move(*ready), [mailbox](Result<Response> answer) {
    mailbox->deliver(std::move(answer));
  });
  const Tie tie(mailbox, std::move(ticket));
  const Stop::Registration registration(*context.stop, [&wake] { wake.cancel(); });
  boost::system::error_code ignored;
  co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));

  if (mailbox->answer()) co_return std::move(*mailbox->answer());
  const bool sent = *tie.ticket.sent;
  if (context.stop->requested()) {
    co_return fail(transport_error(
        ErrorKind::canceled, fmt::format("the request to {} was broken off", peer.where()), sent));
  }
  co_return fail(transport_error(
      ErrorKind::timeout,
      fmt::format("no (whole) answer from {} within {}", peer.where(), in_words(timeout)), sent));
}

/// The library keeps one value for each header name.
bool has_repeated_name(const std::vector<Header>& headers) {
  for (std::size_t i = 1; i < headers.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (headers[i].name == headers[j].name) return true;
    }
  }
  return false;
}

class CpprestCalls final : public Calls {
 public:
  CpprestCalls(CallsContext context, std::shared_ptr<CpprestClient> client)
      : context_(std::move(context)),
        client_(std::move(client)),
        by_beast_(make_beast_calls(context_)) {}
  Task<Result<Response>> call(Request request, std::vector<Header> credentials) override {
    if (request.prompt || has_repeated_name(credentials)) {
      return by_beast_->call(std::move(request), std::move(credentials));
    }
    return call_by_cpprest(context_, client_, std::move(request), std::move(credentials));
  }

 private:
  CallsContext context_;
  std::shared_ptr<CpprestClient> client_;
  std::unique_ptr<Calls> by_beast_;
};

}  // namespace

Result<std::unique_ptr<Calls>> make_cpprest_calls(CallsContext context) {
  const auto& endpoint = context.peer->options.endpoint;
  const bool ipv6_literal = endpoint.host.find(':') != std::string::npos;
  const bool other_name = !endpoint.server_name.empty() && endpoint.server_name != endpoint.host;
  if (ipv6_literal || other_name || endpoint.proxy) return make_beast_calls(std::move(context));
  auto client = CpprestClient::make(context.peer);
  if (!client) return fail(std::move(client.error()));
  return std::make_unique<CpprestCalls>(std::move(context), std::move(*client));
}

}  // namespace bso::transport
