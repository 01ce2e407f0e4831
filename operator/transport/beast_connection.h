// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "base/result.h"
#include "base/task.h"
#include "transport/http_rules.h"

namespace bso::transport {

/// One TCP or TLS connection to the API server, for one request at a time. Its coroutines run one
/// at a time, on the loop, and whoever awaits one keeps the connection alive meanwhile.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  using ErrorCode = boost::system::error_code;

  Connection(Executor executor, std::shared_ptr<const Peer> peer);

  /// Resolves, connects (each address gets its share of the time), passes the proxy if there is one
  /// and shakes hands. Nothing of a request has been sent when it fails.
  Task<Result<void>> connect(Clock::time_point deadline);

  /// Bounds the operations that follow.
  void expire_at(Clock::time_point deadline) { stream_.expires_at(deadline); }
  Task<ErrorCode> write(std::string bytes);
  /// One read into the buffer. asio::error::eof at the end.
  Task<ErrorCode> receive();
  /// What has come and is not used up.
  [[nodiscard]] boost::beast::flat_buffer& buffer() { return buffer_; }

  /// Nothing is read or written for a while: no time-out runs.
  void rest() { stream_.expires_never(); }
  /// After a rest: the server has neither closed it nor said anything.
  [[nodiscard]] bool still_open();

  /// Breaks whatever is pending: it fails with ErrorKind::canceled. Harmless when repeated.
  void close();
  [[nodiscard]] bool closed() const { return closed_; }

  /// `code` in words. `doing` ends the sentence "... while": "waiting for its answer".
  [[nodiscard]] Error describe(const ErrorCode& code, std::string_view doing,
                               bool may_have_executed) const;
  [[nodiscard]] Error canceled(bool may_have_executed) const;

 private:
  using tcp = boost::asio::ip::tcp;
  using Stream = boost::beast::basic_stream<tcp, Executor, boost::beast::unlimited_rate_policy>;
  using Tls = boost::asio::ssl::stream<Stream&>;
  using TlsInTls = boost::asio::ssl::stream<Tls&>;
  struct Lookup;

  Task<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                   Clock::time_point deadline);
  Task<ErrorCode> connect_any(std::vector<tcp::endpoint> endpoints, Clock::time_point deadline);
  /// By the topmost layer so far.
  Task<Result<void>> shake_hands(std::shared_ptr<TlsContext> with);
  /// Reads or writes by the topmost layer: TLS to the server, TLS to the proxy or the socket.
  template <class Operation>
  Task<std::size_t> on_top(Operation operation, ErrorCode& error);

  Executor executor_;
  std::shared_ptr<const Peer> peer_;
  bool closed_ = false;
  std::shared_ptr<Lookup> lookup_;  ///< only while resolving
  Stream stream_;
  std::optional<Tls> tls_;              ///< to the proxy, or to the server when that is plain
  std::optional<TlsInTls> tls_in_tls_;  ///< to the server, through a proxy that is TLS itself
  boost::beast::flat_buffer buffer_;
};

}  // namespace bso::transport
