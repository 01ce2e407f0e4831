// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/task.h"
#include "server/http_server.h"

namespace bso::server {

/// One client: requests in turn until it, the time limit or the server ends it.
class Connection {
 public:
  /// Without `tls` the connection speaks plain HTTP.
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<const Handler> handler,
             std::chrono::milliseconds request_timeout,
             std::shared_ptr<boost::asio::ssl::context> tls);

  /// Whoever awaits it keeps the connection alive.
  Task<void> run();
  /// Breaks whatever is pending.
  void close();

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Stream = boost::beast::basic_stream<boost::asio::ip::tcp, Executor,
                                            boost::beast::unlimited_rate_policy>;

  /// False when the client cannot be spoken to by TLS.
  Task<bool> shake_hands();
  Task<void> say_goodbye();
  /// One read; the bytes that came.
  Task<std::size_t> receive(boost::asio::mutable_buffer into, boost::system::error_code& error);
  Task<boost::system::error_code> read_header(Parser& parser);
  /// True when the client may send another request.
  Task<bool> serve_one();
  Task<bool> answer(const Request& request);
  /// Answers and ends the connection.
  Task<bool> refuse(Answer refusal, const Request* request);
  Task<bool> write(Answer answer, bool with_body, bool keep, unsigned version);
  Task<void> drain();

  std::shared_ptr<const Handler> handler_;
  std::chrono::milliseconds request_timeout_;
  Stream stream_;
  std::shared_ptr<boost::asio::ssl::context> context_;  ///< outlives tls_
  std::optional<boost::asio::ssl::stream<Stream&>> tls_;
  boost::beast::flat_buffer buffer_;
  bool closed_ = false;
};

}  // namespace bso::server
