// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "support/process.h"
#include "unit/transport/certificates.h"

namespace bso::test {

class Passage;

/// One request that came to a FaultProxy.
struct Exchange {
  std::string method;
  std::string target;  ///< path and query
  std::string head;    ///< as it came, blank line included
  std::string body;
  std::chrono::steady_clock::time_point begun{};
  int status = 0;  ///< the server's; 0 when it was not asked or did not answer

  /// The value of a header; "" when absent.
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] bool is_watch() const;
  [[nodiscard]] bool is_list() const { return method == "GET" && !is_watch(); }
  [[nodiscard]] bool is_write() const { return method != "GET"; }
};

/// A proxy between a client and the API server of a test that ends TLS on both sides, so that it
/// can do to requests and answers whatever a network, a load balancer or a sick server does. What
/// no rule takes passes unchanged. HTTP/1.1, no pipelining.
class FaultProxy {
 public:
  /// What to do with an exchange: called on the connection's own thread, and may block. The
  /// connection is closed after it when the client was not given a whole answer.
  using Script = std::function<void(Passage&)>;
  using Filter = std::function<bool(const Exchange&)>;

  /// To the server at this port of 127.0.0.1, whose certificate `ca_file` has signed.
  FaultProxy(std::uint16_t server_port, const std::string& ca_file);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const;
  /// The authority that signed the proxy's own certificate, as PEM.
  [[nodiscard]] const std::string& ca_pem() const { return authority_.pem(); }
  /// A kubeconfig that leads here, in a file that lives as long as the proxy.
  [[nodiscard]] std::string kubeconfig(const std::string& token);

  /// The next `times` requests that `filter` takes are handled by `script`; of several rules the
  /// one that was made last is asked first.
  void on(Filter filter, Script script, int times = kAlways);
  static constexpr int kAlways = -1;
  /// Forgets all rules. What is under way goes on.
  void heal();

  /// Closes all connections, at once.
  void cut_all();
  /// Nobody listens any more: connections are refused. Those that are open are cut.
  void go_away();
  void come_back();
  /// Connections are accepted, and then nothing is ever said, not even in the TLS handshake.
  void fall_silent(bool silent) { silent_ = silent; }
  /// A certificate of the proxy's own authority.
  [[nodiscard]] Identity issue(const Leaf& leaf) const { return authority_.issue(leaf); }
  /// Whose certificate new connections are shown.
  void present(const Identity& identity);
  /// Another server to lead new connections to.
  void lead_to(std::uint16_t server_port) { server_port_ = server_port; }

  /// All requests so far, by when they came.
  [[nodiscard]] std::vector<Exchange> exchanges() const;
  [[nodiscard]] std::size_t count(const Filter& filter) const;
  void forget_exchanges();

 private:
  friend class Passage;
  struct Rule {
    Filter filter;
    Script script;
    int left;
  };
  struct Client {
    explicit Client(boost::asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    boost::asio::ip::tcp::socket socket;
    std::thread thread;
    std::atomic<bool> done = false;
  };

  void listen();
  void accept_all();
  void serve(boost::asio::ip::tcp::socket& socket);
  [[nodiscard]] Script take_rule(const Exchange& exchange);
  std::size_t record(const Exchange& exchange);
  void record_status(std::size_t index, int status);
  void reap();

  Authority authority_{"fault proxy"};
  boost::asio::io_context context_;
  boost::asio::ssl::context to_server_;
  std::atomic<std::uint16_t> server_port_;
  std::uint16_t port_ = 0;
  std::atomic<bool> silent_ = false;
  std::atomic<bool> stopping_ = false;

  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> as_server_;      // guarded by mutex_
  std::unique_ptr<boost::asio::ip::tcp::acceptor> acceptor_;  // guarded by mutex_
  std::list<Client> clients_;                                 // guarded by mutex_
  std::list<Rule> rules_;                                     // guarded by mutex_
  std::vector<Exchange> exchanges_;                           // guarded by mutex_
  std::size_t forgotten_ = 0;                                 // guarded by mutex_
  std::thread acceptor_thread_;
  TemporaryDirectory directory_;
};

/// Which requests a rule is for.
namespace match {
FaultProxy::Filter anything();
/// A WATCH, or a LIST, whose target has `part` in it.
FaultProxy::Filter watch(std::string part = {});
FaultProxy::Filter list(std::string part = {});
/// A request that changes something, by method ("" for any) and a part of its target.
FaultProxy::Filter write(std::string method = {}, std::string part = {});
}  // namespace match

/// Passes bytes between its port and another one of 127.0.0.1, and can stop doing so without
/// closing anything, as a network does.
class Relay {
 public:
  explicit Relay(std::uint16_t to_port);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void stall(bool stalled) { stalled_ = stalled; }

 private:
  struct Pair;
  void accept_all();
  void pump(int from, int to);

  std::uint16_t to_port_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stalled_ = false;
  std::atomic<bool> stopping_ = false;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::mutex mutex_;
  std::list<boost::asio::ip::tcp::socket> sockets_;  // guarded by mutex_
  std::list<std::thread> threads_;                   // guarded by mutex_
  std::thread acceptor_thread_;
};

}  // namespace bso::test
