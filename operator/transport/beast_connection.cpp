// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_connection.h"

#include <algorithm>
#include <cerrno>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include "transport/proxy_tunnel.h"
#include "transport/socket_options.h"
#include "transport/tls_failure.h"

namespace bso::transport {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;

namespace {

/// What one read asks for: as much as a TLS connection has ready at most.
constexpr std::size_t kReadBytes = 64U << 10U;

/// The least share of the time that an address gets (as Go's net.Dialer does).
constexpr std::chrono::seconds kLeastShare{2};

}  // namespace

/// A lookup cannot be broken off while getaddrinfo() runs, so it is not waited for itself: it wakes
/// who waits, and may outlive the connection.
struct Connection::Lookup {
  explicit Lookup(const Executor& executor) : resolver(executor), wake(executor) {}
  tcp::resolver resolver;
  asio::steady_timer wake;
  bool done = false;
  ErrorCode error;
  std::vector<tcp::endpoint> found;
};

Connection::Connection(Executor executor, std::shared_ptr<const Peer> peer)
    : executor_(executor), peer_(std::move(peer)), stream_(std::move(executor)) {
  buffer_.reserve(kReadBytes);
}

void Connection::close() {
  closed_ = true;
  if (lookup_) lookup_->wake.cancel();
  stream_.close();
}

bool Connection::still_open() {
  if (closed_ || !stream_.socket().is_open() || buffer_.size() > 0) return false;
  char byte = 0;
  const auto got = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && errno == EAGAIN;
}

Task<Result<void>> Connection::connect(Clock::time_point deadline) {
  const auto& endpoint = peer_->options.endpoint;
  const auto& proxy = endpoint.proxy;
  const std::string& host = proxy ? proxy->host : endpoint.host;
  const std::uint16_t port = proxy ? proxy->port : endpoint.port;
  auto endpoints = co_await resolve(host, port, deadline);
  if (!endpoints) co_return fail(std::move(endpoints.error()));
  const auto failed = co_await connect_any(std::move(*endpoints), deadline);
  if (closed_) co_return fail(canceled(false));
  if (failed == beast::error::timeout) {
    co_return fail(transport_error(ErrorKind::timeout,
                                   fmt::format("cannot connect to {} in time", peer_->first_hop()),
                                   false));
  }
  if (failed) {
    co_return fail(transport_error(
        ErrorKind::network,
        fmt::format("cannot connect to {}: {}", peer_->first_hop(), failed.message()), false));
  }
  set_socket_options(stream_.socket().native_handle());
  stream_.expires_at(deadline);
  if (peer_->proxy_tls) {
    auto shaken = co_await shake_hands(peer_->proxy_tls);
    if (!shaken) co_return fail(std::move(shaken).error().with_context("proxy"));
  }
  if (proxy) {
    auto opened = co_await open_tunnel(*this, peer_);
    if (!opened) co_return fail(std::move(opened.error()));
  }
  if (!peer_->tls) co_return Result<void>();
  auto shaken = co_await shake_hands(peer_->tls);
  co_return shaken;
}

Task<Result<std::vector<Connection::tcp::endpoint>>> Connection::resolve(
    std::string host, std::uint16_t port, Clock::time_point deadline) {
  ErrorCode is_a_name;
  const auto address = asio::ip::make_address(host, is_a_name);
  if (!is_a_name) co_return std::vector{tcp::endpoint(address, port)};

  const auto lookup = std::make_shared<Lookup>(executor_);
  lookup_ = lookup;
  lookup->wake.expires_at(deadline);
  const auto flags = tcp::resolver::numeric_service | tcp::resolver::address_configured;
  lookup->resolver.async_resolve(
      host, std::to_string(port), flags,
      [lookup](const ErrorCode& error, const tcp::resolver::results_type& results) {
        lookup->done = true;
        lookup->error = error;
        for (const auto& entry : results) lookup->found.push_back(entry.endpoint());
        lookup->wake.cancel();
      });
  ErrorCode ignored;
  co_await lookup->wake.async_wait(redirect_error(use_awaitable, ignored));
  lookup_.reset();
  if (closed_) co_return fail(canceled(false));
  if (!lookup->done) {
    lookup->resolver.cancel();
    co_return fail(transport_error(
        ErrorKind::timeout, fmt::format("the name {} was not resolved in time", host), false));
  }
  if (lookup->error) {
    co_return fail(transport_error(
        ErrorKind::network,
        fmt::format("cannot resolve the name {}: {}", host, lookup->error.message()), false));
  }
  co_return std::move(lookup->found);
}

Task<Connection::ErrorCode> Connection::connect_any(std::vector<tcp::endpoint> endpoints,
                                                    Clock::time_point deadline) {
  ErrorCode error = asio::error::not_found;
  for (std::size_t i = 0; i < endpoints.size() && !closed_; ++i) {
    const Clock::duration left = deadline - Clock::now();
    const auto others = static_cast<Clock::rep>(endpoints.size() - i);
    const Clock::duration share = std::max<Clock::duration>(left / others, kLeastShare);
    stream_.close();  // an earlier attempt may have left it open, and of the other family
    stream_.expires_after(std::min(left, share));
    error.clear();
    co_await stream_.async_connect(endpoints[i], redirect_error(use_awaitable, error));
    if (!error) break;
  }
  co_return error;
}

Task<Result<void>> Connection::shake_hands(std::shared_ptr<TlsContext> with) {
  SSL* ssl = nullptr;
  if (tls_) {
    tls_in_tls_.emplace(*tls_, with->context());
    ssl = tls_in_tls_->native_handle();
  } else {
    tls_.emplace(stream_, with->context());
    ssl = tls_->native_handle();
  }
  if (!with->name_is_address()) {
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(with->server_name().c_str()));
  }
  ErrorCode error;
  if (tls_in_tls_) {
    co_await tls_in_tls_->async_handshake(asio::ssl::stream_base::client,
                                          redirect_error(use_awaitable, error));
  } else {
    co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                   redirect_error(use_awaitable, error));
  }
  if (!error) co_return Result<void>();
  if (!closed_ && with->verifies() && SSL_get_verify_result(ssl) != X509_V_OK) {
    co_return fail(transport_error(ErrorKind::tls, with->note().failure, false));
  }
  co_return fail(describe(error, "shaking hands", false));
}

template <class Operation>
Task<std::size_t> Connection::on_top(Operation operation, ErrorCode& error) {
  std::size_t bytes = 0;
  if (tls_in_tls_) {
    bytes = co_await operation(*tls_in_tls_, redirect_error(use_awaitable, error));
  } else if (tls_) {
    bytes = co_await operation(*tls_, redirect_error(use_awaitable, error));
  } else {
    bytes = co_await operation(stream_, redirect_error(use_awaitable, error));
  }
  co_return bytes;
}

Task<Connection::ErrorCode> Connection::write(std::string bytes) {
  ErrorCode error;
  const auto operation = [&bytes](auto& stream, auto token) {
    return asio::async_write(stream, asio::buffer(bytes), std::move(token));
  };
  co_await on_top(operation, error);
  co_return error;
}

Task<Connection::ErrorCode> Connection::receive() {
  // What stays unused is the beginning of a header field or of a chunk's head.
  if (buffer_.size() > response_header_limit) co_return http::error::buffer_overflow;
  const auto room = buffer_.prepare(kReadBytes);
  ErrorCode error;
  const auto operation = [&room](auto& stream, auto token) {
    return stream.async_read_some(room, std::move(token));
  };
  const auto got = co_await on_top(operation, error);
  buffer_.commit(got);
  co_return error;
}

Error Connection::canceled(bool may_have_executed) const {
  return transport_error(ErrorKind::canceled,
                         fmt::format("the request to {} was broken off", peer_->where()),
                         may_have_executed);
}

Error Connection::describe(const ErrorCode& code, std::string_view doing,
                           bool may_have_executed) const {
  if (closed_) return canceled(may_have_executed);
  const auto where = peer_->where();
  const auto error = [&](ErrorKind kind, std::string message) {
    return transport_error(kind, std::move(message), may_have_executed);
  };
  if (code == beast::error::timeout) {
    return error(ErrorKind::timeout,
                 fmt::format("{} was silent for too long while {}", where, doing));
  }
  if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    return headers_too_large(*peer_);
  }
  if (code == http::error::partial_message || code == http::error::end_of_stream ||
      code == asio::error::eof || code == asio::ssl::error::stream_truncated) {
    return error(ErrorKind::network,
                 fmt::format("{} closed the connection while {}", where, doing));
  }
  if (code.category() == http::make_error_code(http::error::bad_version).category()) {
    return error(ErrorKind::protocol,
                 fmt::format("what {} answers is no HTTP ({}): is this the API "
                             "server's port?",
                             where, code.message()));
  }
  const auto openssl_code = static_cast<unsigned long>(static_cast<unsigned>(code.value()));
  if (code.category() == asio::error::get_ssl_category()) {
    return transport_error(ErrorKind::tls,
                           fmt::format("TLS with {} failed while {}: {}{}", where, doing,
                                       tls_reason(openssl_code), tls_advice(openssl_code)),
                           may_have_executed && !is_handshake_refusal(openssl_code));
  }
  return error(ErrorKind::network, fmt::format("the connection to {} broke while {}: {}", where,
                                               doing, code.message()));
}

}  // namespace bso::transport
