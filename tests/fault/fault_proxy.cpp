// SPDX-License-Identifier: Apache-2.0
#include "fault/fault_proxy.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <random>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault/http_head.h"
#include "fault/passage.h"
#include "support/kubeconfig.h"

namespace bso::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kTickMs = 20;
constexpr const char* kLoopback = "127.0.0.1";

bool readable(int descriptor) {
  pollfd ready{descriptor, POLLIN, 0};
  return ::poll(&ready, 1, kTickMs) > 0;
}

void pass(Passage& passage) {
  passage.forward();
  passage.send_head();
  passage.pass_on();
}

}  // namespace

namespace match {

namespace {
bool has(const Exchange& exchange, const std::string& part) {
  return exchange.target.find(part) != std::string::npos;
}
}  // namespace

FaultProxy::Filter anything() {
  return [](const Exchange&) { return true; };
}
FaultProxy::Filter watch(std::string part) {
  return [part = std::move(part)](const Exchange& e) { return e.is_watch() && has(e, part); };
}
FaultProxy::Filter list(std::string part) {
  return [part = std::move(part)](const Exchange& e) { return e.is_list() && has(e, part); };
}
FaultProxy::Filter write(std::string method, std::string part) {
  return [method = std::move(method), part = std::move(part)](const Exchange& e) {
    return e.is_write() && (method.empty() || e.method == method) && has(e, part);
  };
}

}  // namespace match

FaultProxy::FaultProxy(std::uint16_t server_port, const std::string& ca_file)
    : to_server_(asio::ssl::context::tls_client), server_port_(server_port) {
  // OpenSSL writes to connections that the other side has closed.
  std::signal(SIGPIPE, SIG_IGN);
  to_server_.load_verify_file(ca_file);
  to_server_.set_verify_mode(asio::ssl::verify_peer);
  present(authority_.issue({.common_name = "127.0.0.1", .names = {"IP:127.0.0.1"}}));
  listen();
  acceptor_thread_ = std::thread([this] { accept_all(); });
}

FaultProxy::~FaultProxy() {
  stopping_ = true;
  acceptor_thread_.join();
  cut_all();
  for (auto& client : clients_) client.thread.join();
}

std::string FaultProxy::url() const { return fmt::format("https://{}:{}", kLoopback, port_); }

std::string FaultProxy::kubeconfig(const std::string& token) {
  auto path = directory_.file("kubeconfig-" + token);
  write_file(path, make_kubeconfig({.server = url(), .ca_pem = ca_pem(), .token = token}));
  return path;
}

void FaultProxy::present(const Identity& identity) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  context->use_certificate_chain(asio::buffer(identity.certificate_pem));
  context->use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem);
  const std::lock_guard lock(mutex_);
  as_server_ = std::move(context);
}

void FaultProxy::listen() {
  const std::lock_guard lock(mutex_);
  if (acceptor_) return;
  // The port of before is taken again, so that clients find it. It is one that no outgoing
  // connection is given meanwhile; reuse_address is the default.
  std::random_device chance;
  std::uniform_int_distribution<std::uint16_t> below_ephemeral(20000, 31999);
  for (int attempts = 0;; ++attempts) {
    const auto port = port_ == 0 ? below_ephemeral(chance) : port_;
    try {
      acceptor_ = std::make_unique<tcp::acceptor>(
          context_, tcp::endpoint(asio::ip::make_address(kLoopback), port));
      port_ = port;
      return;
    } catch (const boost::system::system_error&) {
      if (attempts > 100) throw;
      // The thread that accepts may still wait on the one before.
      if (port_ != 0) std::this_thread::sleep_for(std::chrono::milliseconds(kTickMs));
    }
  }
}

void FaultProxy::accept_all() {
  while (!stopping_) {
    int listener = -1;
    {
      const std::lock_guard lock(mutex_);
      if (acceptor_) listener = acceptor_->native_handle();
    }
    if (listener < 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kTickMs));
      continue;
    }
    if (!readable(listener)) continue;
    const std::lock_guard lock(mutex_);
    if (!acceptor_) continue;
    error_code error;
    tcp::socket socket(context_);
    acceptor_->accept(socket, error);
    if (error) continue;
    reap();
    auto& client = clients_.emplace_back(std::move(socket));
    client.thread = std::thread([this, &client] {
      serve(client.socket);
      client.done = true;
    });
  }
}

/// Forgets connections that have ended. mutex_ is held.
void FaultProxy::reap() {
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (client->done) {
      client->thread.join();
      client = clients_.erase(client);
    } else {
      ++client;
    }
  }
}

void FaultProxy::serve(tcp::socket& socket) {
  try {
    while (silent_) {
      if (stopping_ || readable(socket.native_handle())) {
        // Whatever the client says is left unread.
        std::array<char, 1> byte{};
        const auto got = ::recv(socket.native_handle(), byte.data(), 1, MSG_PEEK);
        if (stopping_ || got <= 0) throw Gone();
        std::this_thread::sleep_for(std::chrono::milliseconds(kTickMs));
      }
    }
    std::shared_ptr<asio::ssl::context> context;
    {
      const std::lock_guard lock(mutex_);
      context = as_server_;
    }
    Pipe pipe(socket.native_handle(), context->native_handle());
    pipe.accept();
    while (!stopping_) {
      std::optional<std::string> head;
      while (!(head = take_head(pipe.buffer))) {
        if (!pipe.read_more()) throw Gone();
      }
      auto exchange = parse_request_head(std::move(*head));
      const auto length = exchange.header("Content-Length");
      const std::size_t size = length.empty() ? 0 : std::stoul(length);
      while (pipe.buffer.size() < size) {
        if (!pipe.read_more()) throw Gone();
      }
      exchange.body = pipe.buffer.substr(0, size);
      pipe.buffer.erase(0, size);
      const auto index = record(exchange);
      const auto script = take_rule(exchange);
      Passage passage(*this, pipe, exchange, index);
      script ? script(passage) : pass(passage);
      if (!passage.whole()) break;
    }
  } catch (const Gone& end) {
    // A connection that ends is what this class is for.
    if (end.by_reset) {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
      const std::lock_guard lock(mutex_);
      error_code ignored;
      socket.close(ignored);
      return;
    }
  }
  // Not closed: cut_all() may still know the descriptor.
  ::shutdown(socket.native_handle(), SHUT_RDWR);
}

FaultProxy::Script FaultProxy::take_rule(const Exchange& exchange) {
  const std::lock_guard lock(mutex_);
  for (auto& rule : rules_) {
    if (rule.left == 0 || !rule.filter(exchange)) continue;
    if (rule.left > 0) --rule.left;
    return rule.script;
  }
  return nullptr;
}

std::size_t FaultProxy::record(const Exchange& exchange) {
  const std::lock_guard lock(mutex_);
  exchanges_.push_back(exchange);
  return forgotten_ + exchanges_.size() - 1;
}

void FaultProxy::record_status(std::size_t index, int status) {
  const std::lock_guard lock(mutex_);
  if (index >= forgotten_) exchanges_[index - forgotten_].status = status;
}

void FaultProxy::on(Filter filter, Script script, int times) {
  const std::lock_guard lock(mutex_);
  rules_.push_front({std::move(filter), std::move(script), times});
}

void FaultProxy::heal() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

void FaultProxy::cut_all() {
  const std::lock_guard lock(mutex_);
  for (auto& client : clients_) ::shutdown(client.socket.native_handle(), SHUT_RDWR);
}

void FaultProxy::go_away() {
  {
    const std::lock_guard lock(mutex_);
    acceptor_.reset();
  }
  cut_all();
}

void FaultProxy::come_back() { listen(); }

std::vector<Exchange> FaultProxy::exchanges() const {
  const std::lock_guard lock(mutex_);
  return exchanges_;
}

std::size_t FaultProxy::count(const Filter& filter) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(exchanges_.begin(), exchanges_.end(), filter));
}

void FaultProxy::forget_exchanges() {
  const std::lock_guard lock(mutex_);
  forgotten_ += exchanges_.size();
  exchanges_.clear();
}

Relay::Relay(std::uint16_t to_port)
    : to_port_(to_port),
      acceptor_(context_, tcp::endpoint(asio::ip::make_address(kLoopback), 0)),
      acceptor_thread_([this] { accept_all(); }) {
  port_ = acceptor_.local_endpoint().port();
}

Relay::~Relay() {
  stopping_ = true;
  acceptor_thread_.join();
  for (auto& thread : threads_) thread.join();
}

void Relay::accept_all() {
  while (!stopping_) {
    if (!readable(acceptor_.native_handle())) continue;
    error_code error;
    tcp::socket client(context_);
    tcp::socket server(context_);
    acceptor_.accept(client, error);
    if (!error) server.connect(tcp::endpoint(asio::ip::make_address(kLoopback), to_port_), error);
    if (error) continue;
    const std::lock_guard lock(mutex_);
    const int from = sockets_.emplace_back(std::move(client)).native_handle();
    const int to = sockets_.emplace_back(std::move(server)).native_handle();
    threads_.emplace_back([this, from, to] { pump(from, to); });
    threads_.emplace_back([this, from, to] { pump(to, from); });
  }
}

void Relay::pump(int from, int to) {
  std::array<char, 65536> chunk;
  while (!stopping_) {
    if (stalled_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kTickMs));
      continue;
    }
    if (!readable(from)) continue;
    const auto got = ::recv(from, chunk.data(), chunk.size(), 0);
    if (got <= 0) break;
    // What was read before the stall is held back as well.
    while (stalled_ && !stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(kTickMs));
    for (ssize_t sent = 0; sent < got;) {
      const auto part =
          ::send(to, chunk.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (part <= 0) break;
      sent += part;
    }
  }
  ::shutdown(from, SHUT_RDWR);
  ::shutdown(to, SHUT_RDWR);
}

}  // namespace bso::test
