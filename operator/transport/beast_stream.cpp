// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_stream.h"

#include <cassert>

#include "transport/beast_exchange.h"

namespace bso::transport {
namespace {

class BeastStream final : public BodyStream {
 public:
  explicit BeastStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~BeastStream() override { exchange_->connection.close(); }
  BeastStream(const BeastStream&) = delete;
  BeastStream& operator=(const BeastStream&) = delete;

  [[nodiscard]] int status() const override {
    return static_cast<int>(exchange_->parser->get().result_int());
  }
  [[nodiscard]] const std::string& content_type() const override { return exchange_->content_type; }
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const override {
    return exchange_->retry_after;
  }
  Task<Result<std::size_t>> read(std::span<char> into, std::chrono::milliseconds idle) override {
    assert(!into.empty());
    return read_body(exchange_, into, idle);
  }
  void close() override { exchange_->connection.close(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

Task<Result<std::unique_ptr<BodyStream>>> open_stream(Executor executor,
                                                      std::shared_ptr<const Peer> peer,
                                                      std::shared_ptr<Stop> stop, Request request,
                                                      std::vector<Header> credentials) {
  auto message = make_message(*peer, std::move(request), credentials, false);
  if (!message) co_return fail(std::move(message.error()));
  auto link = std::make_shared<Connection>(std::move(executor), peer);
  auto begun = co_await begin_exchange(peer, std::move(stop), std::move(link), false, *message);
  if (!begun) co_return fail(std::move(begun.error()));
  co_return std::make_unique<BeastStream>(std::move(*begun));
}

}  // namespace bso::transport
