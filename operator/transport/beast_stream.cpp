// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_stream.h"

#include <cassert>
#include <limits>
#include <sstream>

#include <boost/asio/error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "transport/beast_connection.h"

namespace bso::transport {

namespace http = boost::beast::http;
using Clock = Connection::Clock;

namespace {

/// Interim (1xx) responses that may come before the final one.
constexpr int kMostInterim = 8;

/// Everything a pending read needs, so that it may outlive the BodyStream that its owner destroys.
struct Exchange {
  Exchange(Executor executor, std::shared_ptr<const Peer> whom)
      : peer(std::move(whom)), connection(std::move(executor), peer) {}

  std::shared_ptr<const Peer> peer;
  Connection connection;
  std::optional<http::response_parser<http::buffer_body>> parser;
  Connection::ErrorCode broken;  ///< may come together with bytes, which are handed out first
  std::string content_type;
  std::optional<std::chrono::seconds> retry_after;
};

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// (Beast's http::async_write() is compiled for each kind of stream anew, which is dear.)
std::string on_the_wire(const Peer& peer, Request request) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  message.set(http::field::host, peer.host_header());
  message.set(http::field::connection, "close");
  // Inserted: credentials may name a header several times (Impersonate-Group).
  for (const auto& header : request.headers) message.insert(header.name, header.value);
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body) message.content_length(request.body.size());
  message.body() = std::move(request.body);
  std::ostringstream text;
  text << message;
  return std::move(text).str();
}

/// Gives the parser what has come. (http::async_read_some() would not do: having parsed some of a
/// body it may go on to wait for more of it.)
Connection::ErrorCode parse(Exchange& exchange) {
  auto& buffer = exchange.connection.buffer();
  Connection::ErrorCode error;
  if (buffer.size() == 0) return error;
  const auto used = exchange.parser->put(buffer.data(), error);
  buffer.consume(used);
  if (error == http::error::need_more || error == http::error::need_buffer) error.clear();
  return error;
}

/// Waits for more to parse; the end of the connection is the end of a body that has no other.
Task<Connection::ErrorCode> receive(std::shared_ptr<Exchange> exchange) {
  auto error = co_await exchange->connection.receive();
  if (error == boost::asio::error::eof && exchange->parser->got_some()) {
    error.clear();
    exchange->parser->put_eof(error);
  }
  co_return error;
}

/// Reads response heads until the final one.
Task<Result<void>> read_head(std::shared_ptr<Exchange> exchange, bool without_body) {
  for (int i = 0; i < kMostInterim; ++i) {
    auto& parser = exchange->parser.emplace();
    parser.header_limit(response_header_limit);
    // Not boost::none: Boost 1.74 compares it as if it were less than any length.
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    parser.skip(without_body);
    auto error = parse(*exchange);
    while (!error && !parser.is_header_done()) {
      error = co_await receive(exchange);
      if (!error) error = parse(*exchange);
    }
    if (error) co_return fail(exchange->connection.describe(error, "waiting for its answer", true));
    const unsigned status = parser.get().result_int();
    if (status < 100 || status > 199 || status == 101) break;
  }
  exchange->parser->eager(true);
  const auto& head = exchange->parser->get();
  auto refused = refuse({.status = static_cast<int>(head.result_int()),
                         .content_encoding = view_of(head[http::field::content_encoding]),
                         .location = view_of(head[http::field::location])},
                        *exchange->peer);
  if (refused) co_return fail(std::move(*refused));
  exchange->content_type = std::string(view_of(head[http::field::content_type]));
  exchange->retry_after = parse_retry_after(view_of(head[http::field::retry_after]));
  co_return Result<void>();
}

Task<Result<std::size_t>> read_body(std::shared_ptr<Exchange> exchange, std::span<char> into,
                                    std::chrono::milliseconds idle) {
  constexpr std::string_view kDoing = "sending its answer";
  auto& connection = exchange->connection;
  auto& parser = *exchange->parser;
  if (exchange->broken) co_return fail(connection.describe(exchange->broken, kDoing, true));
  if (parser.is_done()) co_return std::size_t{0};
  if (connection.closed()) co_return fail(connection.canceled(true));
  connection.expire_at(Clock::now() + idle);
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = into.data();
    body.size = into.size();
    exchange->broken = parse(*exchange);
    const std::size_t got = into.size() - body.size;
    if (got > 0) co_return got;
    if (!exchange->broken && !parser.is_done()) exchange->broken = co_await receive(exchange);
    if (exchange->broken) co_return fail(connection.describe(exchange->broken, kDoing, true));
  }
  co_return std::size_t{0};
}

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
  const auto deadline = Clock::now() + request.timeout;
  auto ready = prepare(*peer, std::move(request), credentials);
  if (!ready) co_return fail(std::move(ready.error()));
  const bool is_head = ready->method == "HEAD";
  const auto permit = std::move(ready->permit);
  auto message = on_the_wire(*peer, std::move(*ready));

  const auto exchange = std::make_shared<Exchange>(executor, peer);
  auto& connection = exchange->connection;
  const Stop::Registration registration(*stop, [&connection] { connection.close(); });
  if (connection.closed()) co_return fail(connection.canceled(false));
  auto connected = co_await connection.connect(deadline);
  if (!connected) co_return fail(std::move(connected.error()));

  connection.expire_at(deadline);
  if (permit) {
    auto permitted = permit();
    if (!permitted) co_return fail(std::move(permitted.error()));
  }
  const auto unsent = co_await connection.write(std::move(message));
  if (unsent) co_return fail(connection.describe(unsent, "taking our request", true));
  auto head = co_await read_head(exchange, is_head);
  if (!head) co_return fail(std::move(head.error()));
  co_return std::make_unique<BeastStream>(exchange);
}

}  // namespace bso::transport
