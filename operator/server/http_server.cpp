// SPDX-License-Identifier: Apache-2.0
#include "server/http_server.h"

#include <set>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/task_group.h"
#include "server/certificate.h"
#include "server/connection.h"

namespace bso::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Pause after a failed accept. When descriptors or memory are used up, accept fails at once, again
/// and again, and the connection stays in the queue.
constexpr std::chrono::milliseconds kAcceptPause{250};

class BeastServer final : public HttpServer {
 public:
  BeastServer(Executor executor, Options options, Handler handler, tcp::acceptor acceptor,
              std::unique_ptr<Certificate> certificate)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        handler_(std::make_shared<const Handler>(std::move(handler))),
        acceptor_(std::move(acceptor)),
        port_(acceptor_.local_endpoint().port()),
        certificate_(std::move(certificate)) {}

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  Task<void> serve(Stop& stop) override {
    TaskGroup group(executor_, [](const std::exception& escaped) {
      log::error("a connection was dropped", {{"error", escaped.what()}});
    });
    {
      const Stop::Registration registration(stop, [this] {
        error_code ignored;
        acceptor_.close(ignored);
        for (auto* connection : connections_) connection->close();
      });
      co_await accept_all(stop, group);
      // Also when the acceptor broke for good: those who are connected are served.
      co_await group.join();
    }
  }

 private:
  Task<void> accept_all(Stop& stop, TaskGroup& group) {
    bool troubled = false;
    while (!stop.requested()) {
      tcp::socket socket(executor_);
      error_code error;
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (stop.requested()) break;
      if (error == asio::error::connection_aborted) continue;
      if (error) {
        if (!troubled) {
          log::warn("cannot accept connections for probes and metrics",
                    {{"error", error.message()}});
        }
        troubled = true;
        co_await sleep_for(kAcceptPause, stop);
        continue;
      }
      troubled = false;
      // Beyond the limit the socket is closed by its destruction.
      if (connections_.size() < options_.max_connections) group.spawn(run(std::move(socket)));
    }
  }

  Task<void> run(tcp::socket socket) {
    Connection connection(std::move(socket), handler_, options_.request_timeout,
                          certificate_ ? certificate_->context() : nullptr);
    const Membership membership(connections_, connection);
    co_await connection.run();
  }

  /// Stands in the set while it lives, whichever way run() ends.
  struct Membership {
    Membership(std::set<Connection*>& all, Connection& one) : connections(all), connection(&one) {
      connections.insert(connection);
    }
    ~Membership() { connections.erase(connection); }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    std::set<Connection*>& connections;
    Connection* connection;
  };

  Executor executor_;
  Options options_;
  std::shared_ptr<const Handler> handler_;
  tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::unique_ptr<Certificate> certificate_;  ///< null: plain HTTP
  std::set<Connection*> connections_;
};

Result<tcp::acceptor> open_acceptor(const Executor& executor, const HttpServer::Options& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(invalid_input(
        fmt::format("listen address \"{}\" is no IPv4 or IPv6 address", options.address)));
  }
  const tcp::endpoint endpoint(address, options.port);
  tcp::acceptor acceptor(executor);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && address.is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!address.is_unspecified()), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    Error failure;
    failure.kind = ErrorKind::io;
    failure.message = fmt::format("cannot listen on {} port {}: {}", options.address, options.port,
                                  error.message());
    return fail(std::move(failure));
  }
  return acceptor;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Executor executor, Options options,
                                                       Handler handler) {
  std::unique_ptr<Certificate> certificate;
  if (!options.certificate_file.empty()) {
    auto loaded = Certificate::load(options.certificate_file, options.key_file);
    if (!loaded) return fail(std::move(loaded.error()));
    certificate = std::move(*loaded);
  }
  auto acceptor = open_acceptor(executor, options);
  if (!acceptor) return fail(std::move(acceptor.error()));
  return std::make_unique<BeastServer>(std::move(executor), std::move(options), std::move(handler),
                                       std::move(*acceptor), std::move(certificate));
}

}  // namespace bso::server
