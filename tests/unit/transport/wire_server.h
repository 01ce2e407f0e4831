// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "unit/transport/certificates.h"

namespace bso::test {

/// One client of a WireServer, spoken to in bytes, blocking.
class WireConnection {
 public:
  WireConnection(boost::asio::ip::tcp::socket& socket, boost::asio::ssl::context* tls);

  /// False when the handshake fails; what the client sent meanwhile is read, so that closing does
  /// not reset the connection.
  bool shake_hands();
  /// Head and body (by Content-Length) of the next request; nullopt when the client has closed.
  std::optional<std::string> read_request();
  /// Exactly that many bytes; nullopt when the client has closed.
  std::optional<std::string> read_bytes(std::size_t count);
  /// Copies bytes to and from a server on this machine until one side closes. For plain
  /// connections.
  void relay_to(std::uint16_t port);
  /// False when the client has closed.
  bool write(std::string_view bytes);
  void wait_until_closed();
  /// Says good-bye on the TLS level.
  void shutdown_tls();

 private:
  std::size_t read_some(boost::system::error_code& error);

  boost::asio::ip::tcp::socket& socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  std::string unread_;
};

/// A server that follows a script byte by byte: one call of it, on a thread of its own, for each
/// connection. The connection is closed when the script returns.
class WireServer {
 public:
  using Script = std::function<void(WireConnection&)>;
  struct Tls {
    Identity identity;
    std::string client_ca_pem;  ///< asks for a client certificate when not empty
  };

  explicit WireServer(Script script, std::optional<Tls> tls = std::nullopt,
                      const std::string& address = "127.0.0.1");
  ~WireServer();
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  struct Client {
    boost::asio::ip::tcp::socket socket;
    std::thread thread;
  };

  void accept_all();
  void serve(boost::asio::ip::tcp::socket& socket);

  Script script_;
  std::optional<boost::asio::ssl::context> tls_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;      // guarded by mutex_
  std::list<Client> clients_;  // guarded by mutex_
  std::thread acceptor_thread_;
};

/// A script that answers every request with the same bytes, over kept connections.
WireServer::Script always(std::string answer);

/// A port of 127.0.0.1 on which nobody listens.
std::uint16_t unused_port();

}  // namespace bso::test
