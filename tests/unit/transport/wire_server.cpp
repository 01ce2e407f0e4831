// SPDX-License-Identifier: Apache-2.0
#include "unit/transport/wire_server.h"

#include <array>
#include <cctype>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

namespace bso::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

WireConnection::WireConnection(tcp::socket& socket, asio::ssl::context* tls) : socket_(socket) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

bool WireConnection::shake_hands() {
  if (!tls_) return true;
  error_code error;
  tls_->handshake(asio::ssl::stream_base::server, error);
  if (!error) return true;
  std::array<char, 4096> waste;
  error.clear();
  socket_.shutdown(tcp::socket::shutdown_send, error);
  while (!error) socket_.read_some(asio::buffer(waste), error);
  return false;
}

std::size_t WireConnection::read_some(error_code& error) {
  std::array<char, 4096> chunk;
  const auto got = tls_ ? tls_->read_some(asio::buffer(chunk), error)
                        : socket_.read_some(asio::buffer(chunk), error);
  unread_.append(chunk.data(), got);
  return got;
}

std::optional<std::string> WireConnection::read_request() {
  constexpr std::string_view kLength = "\r\ncontent-length:";
  error_code error;
  std::size_t end = std::string::npos;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    read_some(error);
    if (error) return std::nullopt;
  }
  std::size_t size = end + 4;
  std::string head = unread_.substr(0, size);
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto length = head.find(kLength);
  if (length != std::string::npos) size += std::stoul(head.substr(length + kLength.size()));
  while (unread_.size() < size) {
    read_some(error);
    if (error) return std::nullopt;
  }
  auto request = unread_.substr(0, size);
  unread_.erase(0, size);
  return request;
}

std::optional<std::string> WireConnection::read_bytes(std::size_t count) {
  error_code error;
  while (unread_.size() < count) {
    read_some(error);
    if (error) return std::nullopt;
  }
  auto bytes = unread_.substr(0, count);
  unread_.erase(0, count);
  return bytes;
}

void WireConnection::relay_to(std::uint16_t port) {
  asio::io_context context;
  tcp::socket server(context);
  error_code error;
  server.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port), error);
  const auto copy = [](tcp::socket& from, tcp::socket& to) {
    std::array<char, 4096> chunk;
    error_code broken;
    while (!broken) {
      const auto got = from.read_some(asio::buffer(chunk), broken);
      if (!broken) asio::write(to, asio::buffer(chunk.data(), got), broken);
    }
    // Wakes the other direction.
    ::shutdown(from.native_handle(), SHUT_RDWR);
    ::shutdown(to.native_handle(), SHUT_RDWR);
  };
  std::thread back([&] { copy(server, socket_); });
  copy(socket_, server);
  back.join();
}

bool WireConnection::write(std::string_view bytes) {
  error_code error;
  if (tls_) {
    asio::write(*tls_, asio::buffer(bytes.data(), bytes.size()), error);
  } else {
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), error);
  }
  return !error;
}

void WireConnection::wait_until_closed() {
  error_code error;
  while (!error) read_some(error);
}

void WireConnection::shutdown_tls() {
  error_code ignored;
  if (tls_) tls_->shutdown(ignored);
}

WireServer::WireServer(Script script, std::optional<Tls> tls, const std::string& address)
    : script_(std::move(script)),
      acceptor_(context_, tcp::endpoint(asio::ip::make_address(address), 0)),
      port_(acceptor_.local_endpoint().port()) {
  if (tls) {
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->use_certificate_chain(asio::buffer(tls->identity.certificate_pem));
    tls_->use_private_key(asio::buffer(tls->identity.key_pem), asio::ssl::context::pem);
    if (!tls->client_ca_pem.empty()) {
      tls_->add_certificate_authority(asio::buffer(tls->client_ca_pem));
      tls_->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
  }
  acceptor_thread_ = std::thread([this] { accept_all(); });
}

WireServer::~WireServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    for (auto& client : clients_) ::shutdown(client.socket.native_handle(), SHUT_RDWR);
  }
  acceptor_thread_.join();
  for (auto& client : clients_) client.thread.join();
}

void WireServer::accept_all() {
  while (true) {
    error_code error;
    tcp::socket socket(context_);
    acceptor_.accept(socket, error);
    const std::lock_guard lock(mutex_);
    if (error || stopping_) return;
    ++connections_;
    auto& client = clients_.emplace_back(Client{std::move(socket), {}});
    client.thread = std::thread([this, &client] { serve(client.socket); });
  }
}

void WireServer::serve(tcp::socket& socket) {
  {
    WireConnection connection(socket, tls_ ? &*tls_ : nullptr);
    if (connection.shake_hands()) script_(connection);
  }
  // Only shut down: the descriptor's number is still known to the destructor.
  ::shutdown(socket.native_handle(), SHUT_RDWR);
}

WireServer::Script always(std::string answer) {
  return [answer = std::move(answer)](WireConnection& connection) {
    while (connection.read_request()) {
      if (!connection.write(answer)) break;
    }
  };
}

std::uint16_t unused_port() {
  asio::io_context context;
  const tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  return acceptor.local_endpoint().port();
}

}  // namespace bso::test
