// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_exchange.h"

#include <limits>

#include <boost/asio/error.hpp>
#include <boost/beast/http/message.hpp>

namespace bso::transport {

namespace http = boost::beast::http;
using Clock = Connection::Clock;

namespace {

/// Interim (1xx) responses that may come before the final one.
constexpr int kMostInterim = 8;

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Everything in it has been checked by prepare(). (Beast's own writing is compiled for each kind
/// of stream anew, and goes by way of a std::ostream.)
std::string on_the_wire(const Peer& peer, const Request& request, bool keep) {
  std::string text;
  text.reserve(1024 + request.body.size());
  const auto line = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  text.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  line("Host", peer.host_header());
  if (!keep) line("Connection", "close");
  // A name may be there several times (Impersonate-Group).
  for (const auto& header : request.headers) line(header.name, header.value);
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body) line("Content-Length", std::to_string(request.body.size()));
  text.append("\r\n").append(request.body);
  return text;
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

}  // namespace

Result<std::shared_ptr<const Message>> make_message(const Peer& peer, Request request,
                                                    const std::vector<Header>& credentials,
                                                    bool keep) {
  const auto deadline = Clock::now() + request.timeout;
  auto ready = prepare(peer, std::move(request), credentials);
  if (!ready) return fail(std::move(ready.error()));
  const bool is_head = ready->method == "HEAD";
  const bool harmless = is_head || ready->method == "GET";
  auto permit = std::move(ready->permit);
  return std::make_shared<const Message>(
      Message{on_the_wire(peer, *ready, keep), std::move(permit), is_head, harmless, deadline});
}

Task<Result<std::shared_ptr<Exchange>>> begin_exchange(std::shared_ptr<const Peer> peer,
                                                       std::shared_ptr<Stop> stop,
                                                       std::shared_ptr<Connection> link, bool kept,
                                                       std::shared_ptr<const Message> message) {
  const auto exchange = std::make_shared<Exchange>(std::move(peer), std::move(link));
  auto& connection = exchange->connection;
  const Stop::Registration registration(*stop, [&connection] { connection.close(); });
  if (connection.closed()) co_return fail(connection.canceled(false));
  if (!kept) {
    auto connected = co_await connection.connect(message->deadline);
    if (!connected) co_return fail(std::move(connected.error()));
  }
  connection.expire_at(message->deadline);
  if (message->permit) {
    auto permitted = message->permit();
    if (!permitted) co_return fail(std::move(permitted.error()));
  }
  const auto unsent = co_await connection.write(message->bytes);
  if (unsent) co_return fail(connection.describe(unsent, "taking our request", true));
  auto head = co_await read_head(exchange, message->without_body);
  if (!head) co_return fail(std::move(head.error()));
  co_return exchange;
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

}  // namespace bso::transport
