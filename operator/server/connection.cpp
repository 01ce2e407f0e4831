// SPDX-License-Identifier: Apache-2.0
#include "server/connection.h"

#include <array>
#include <exception>
#include <limits>
#include <sstream>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "base/log.h"

namespace bso::server {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kHeaderLimit = 8U << 10U;
/// What one read asks for.
constexpr std::size_t kReadBytes = 4U << 10U;

/// How much of a refused request is still read (and thrown away), and for how long: closing a
/// socket with unread bytes resets the connection, and the client might never see the answer.
constexpr std::size_t kDrainBytes = 64U << 10U;
constexpr std::chrono::seconds kDrainTime{1};

constexpr unsigned kHttp11 = 11;

Answer refusal(http::status status, std::string_view why) {
  return {.status = static_cast<int>(status), .body = std::string(why) + "\n"};
}

}  // namespace

std::vector<std::string> Target::values(std::string_view parameter) const {
  std::vector<std::string> values;
  for (auto rest = query; !rest.empty();) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const auto equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) != parameter) continue;
    values.emplace_back(part.substr(std::min(equals + 1, part.size())));
  }
  return values;
}

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<const Handler> handler,
                       std::chrono::milliseconds request_timeout,
                       std::shared_ptr<asio::ssl::context> tls)
    : handler_(std::move(handler)),
      request_timeout_(request_timeout),
      stream_(std::move(socket)),
      context_(std::move(tls)) {
  if (context_) tls_.emplace(stream_, *context_);
}

void Connection::close() {
  closed_ = true;
  stream_.close();
}

Task<void> Connection::run() {
  bool again = co_await shake_hands();
  if (!again) co_return;
  while (again && !closed_) again = co_await serve_one();
  co_await say_goodbye();
  stream_.close();
}

Task<bool> Connection::shake_hands() {
  if (!tls_) co_return true;
  stream_.expires_after(request_timeout_);
  error_code error;
  co_await tls_->async_handshake(asio::ssl::stream_base::server,
                                 redirect_error(use_awaitable, error));
  co_return !error && !closed_;
}

/// So that the client can tell the end from an attack that cuts the connection.
Task<void> Connection::say_goodbye() {
  if (!tls_ || closed_) co_return;
  stream_.expires_after(kDrainTime);
  error_code ignored;
  co_await tls_->async_shutdown(redirect_error(use_awaitable, ignored));
}

Task<std::size_t> Connection::receive(asio::mutable_buffer into, error_code& error) {
  std::size_t got = 0;
  if (tls_) {
    got = co_await tls_->async_read_some(into, redirect_error(use_awaitable, error));
  } else {
    got = co_await stream_.async_read_some(into, redirect_error(use_awaitable, error));
  }
  co_return got;
}

/// Beast's own http::async_read_header() is compiled for each kind of stream anew, which is dear.
Task<error_code> Connection::read_header(Parser& parser) {
  error_code error;
  while (true) {
    if (buffer_.size() > 0) {
      const auto used = parser.put(buffer_.data(), error);
      buffer_.consume(used);
      if (error == http::error::need_more) error.clear();
      if (error || parser.is_header_done()) co_return error;
    }
    const auto got = co_await receive(buffer_.prepare(kReadBytes), error);
    buffer_.commit(got);
    if (error == asio::error::eof) {
      co_return parser.got_some() ? http::error::partial_message : http::error::end_of_stream;
    }
    if (error) co_return error;
  }
}

Task<bool> Connection::serve_one() {
  Parser parser;
  parser.header_limit(kHeaderLimit);
  // Any body is refused, but by its own name.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  stream_.expires_after(request_timeout_);
  const auto error = co_await read_header(parser);
  if (closed_) co_return false;
  if (error == http::error::header_limit) {
    const bool refused = co_await refuse(
        refusal(http::status::request_header_fields_too_large, "headers beyond 8 KiB"), nullptr);
    co_return refused;
  }
  const bool not_http =
      error && error != http::error::end_of_stream &&
      error.category() == http::make_error_code(http::error::bad_line_ending).category();
  if (not_http && error != http::error::partial_message) {
    const bool refused =
        co_await refuse(refusal(http::status::bad_request, "not an HTTP request"), nullptr);
    co_return refused;
  }
  if (error) co_return false;

  const auto& request = parser.get();
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    const bool refused = co_await refuse(
        refusal(http::status::method_not_allowed, "only GET and HEAD are served"), &request);
    co_return refused;
  }
  if (!parser.is_done()) {
    const bool refused = co_await refuse(
        refusal(http::status::payload_too_large, "a request must not have a body"), &request);
    co_return refused;
  }
  const bool keep = co_await answer(request);
  co_return keep;
}

Task<bool> Connection::answer(const Request& request) {
  const std::string_view text(request.target().data(), request.target().size());
  const auto mark = std::min(text.find('?'), text.size());
  const Target target{text.substr(0, mark), text.substr(std::min(mark + 1, text.size()))};
  Answer made;
  try {
    made = (*handler_)(target);
  } catch (const std::exception& exception) {
    log::error("a request could not be answered",
               {{"path", target.path}, {"error", exception.what()}});
    made = refusal(http::status::internal_server_error, "internal error");
  }
  const bool kept = co_await write(std::move(made), request.method() != http::verb::head,
                                   request.keep_alive(), request.version());
  co_return kept;
}

Task<bool> Connection::refuse(Answer refusal, const Request* request) {
  const unsigned version = request != nullptr ? request->version() : kHttp11;
  const bool is_head = request != nullptr && request->method() == http::verb::head;
  co_await write(std::move(refusal), !is_head, false, version);
  co_await drain();
  co_return false;
}

Task<bool> Connection::write(Answer answer, bool with_body, bool keep, unsigned version) {
  http::response<http::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(answer.status));
  message.set(http::field::content_type, answer.content_type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (message.result() == http::status::method_not_allowed) {
    message.set(http::field::allow, "GET, HEAD");
  }
  message.content_length(answer.body.size());
  message.keep_alive(keep);
  if (with_body) message.body() = std::move(answer.body);
  std::ostringstream text;
  text << message;
  const auto bytes = std::move(text).str();
  stream_.expires_after(request_timeout_);
  error_code error;
  if (tls_) {
    co_await asio::async_write(*tls_, asio::buffer(bytes), redirect_error(use_awaitable, error));
  } else {
    co_await asio::async_write(stream_, asio::buffer(bytes), redirect_error(use_awaitable, error));
  }
  co_return !error && keep;
}

Task<void> Connection::drain() {
  error_code error;
  if (!tls_) stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(kDrainTime);
  std::array<char, 4096> waste;
  for (std::size_t drained = 0; !error && !closed_ && drained < kDrainBytes;) {
    const auto got = co_await receive(asio::buffer(waste), error);
    drained += got;
  }
}

}  // namespace bso::server
