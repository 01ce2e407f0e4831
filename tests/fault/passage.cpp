// SPDX-License-Identifier: Apache-2.0
#include "fault/passage.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "fault/http_head.h"

namespace bso::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// How often a blocked script looks whether the proxy ends.
constexpr std::chrono::milliseconds kTick{50};

}  // namespace

Pipe::Pipe(int descriptor, SSL_CTX* context)
    : descriptor_(descriptor), tls_(SSL_new(context), &SSL_free) {
  SSL_set_fd(tls_.get(), descriptor);
  // Or events would wait for acknowledgements.
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void Pipe::accept() {
  if (SSL_accept(tls_.get()) != 1) throw Gone();
}

void Pipe::connect() {
  if (SSL_connect(tls_.get()) != 1) throw Gone();
}

void Pipe::write(std::string_view bytes) {
  std::size_t written = 0;
  if (!bytes.empty() && SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written) != 1) {
    throw Gone();
  }
}

bool Pipe::read_more() {
  std::array<char, 65536> chunk;
  std::size_t got = 0;
  if (SSL_read_ex(tls_.get(), chunk.data(), chunk.size(), &got) != 1) return false;
  buffer.append(chunk.data(), got);
  return true;
}

struct Passage::Server {
  Server(FaultProxy& proxy, std::uint16_t port) : socket(context) {
    boost::system::error_code error;
    socket.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port), error);
    if (error) throw Gone();
    pipe.emplace(socket.native_handle(), proxy.to_server_.native_handle());
    pipe->connect();
  }

  asio::io_context context;
  tcp::socket socket;
  std::optional<Pipe> pipe;
};

Passage::Passage(FaultProxy& proxy, Pipe& client, const Exchange& exchange, std::size_t index)
    : proxy_(proxy), client_(client), exchange_(exchange), index_(index) {}

Passage::~Passage() = default;

/// Until the server has something to say. Throws Gone when the client closes meanwhile.
void Passage::await_server() {
  while (!server_->pipe->pending()) {
    if (proxy_.stopping_) throw Gone();
    std::array<pollfd, 2> ready{
        {{server_->pipe->descriptor(), POLLIN, 0}, {client_.descriptor(), POLLIN | POLLRDHUP, 0}}};
    if (::poll(ready.data(), ready.size(), static_cast<int>(kTick.count())) <= 0) continue;
    if (ready[0].revents != 0) return;
    // No client of ours sends a request before the last one is answered.
    if (ready[1].revents != 0) throw Gone();
  }
}

bool Passage::more_from_server() {
  await_server();
  return server_->pipe->read_more();
}

const AnswerHead& Passage::forward(const Changes& changes) {
  server_ = std::make_unique<Server>(proxy_, proxy_.server_port_);
  auto head = exchange_.head;
  const auto exchange_text = [&head](const std::string& from, const std::string& to) {
    if (!to.empty()) head.replace(head.find(from), from.size(), to);
  };
  exchange_text(exchange_.target, changes.target);
  if (!changes.token.empty()) {
    exchange_text(exchange_.header("Authorization"), "Bearer " + changes.token);
  }
  server_->pipe->write(head + exchange_.body);
  auto& buffer = server_->pipe->buffer;
  while (true) {
    if (const auto answered = take_head(buffer)) {
      head_ = parse_answer_head(*answered);
      break;
    }
    if (!more_from_server()) throw Gone();
  }
  left_ = head_.length.value_or(0);
  body_ended_ = !head_.chunked && head_.length == 0U;
  proxy_.record_status(index_, head_.status);
  return head_;
}

std::string Passage::read(std::size_t most) {
  if (!ahead_.empty()) {
    auto bytes = ahead_.substr(0, most);
    ahead_.erase(0, bytes.size());
    return bytes;
  }
  if (body_ended_) return {};
  auto& buffer = server_->pipe->buffer;
  if (head_.chunked && left_ == 0) {
    std::size_t line_end = 0;
    while ((line_end = buffer.find("\r\n")) == std::string::npos) {
      if (!more_from_server()) throw Gone();
    }
    std::from_chars(buffer.data(), buffer.data() + line_end, left_, 16);
    buffer.erase(0, line_end + 2);
    if (left_ == 0) {
      body_ended_ = true;
      return {};
    }
  }
  while (buffer.empty()) {
    if (!more_from_server()) throw Gone();
  }
  const auto size = std::min({most, left_, buffer.size()});
  auto bytes = buffer.substr(0, size);
  buffer.erase(0, size);
  left_ -= size;
  if (left_ == 0) {
    if (!head_.chunked) {
      body_ended_ = true;
    } else {
      while (buffer.size() < 2) {
        if (!more_from_server()) throw Gone();
      }
      buffer.erase(0, 2);
    }
  }
  return bytes;
}

bool Passage::is_protobuf() const { return head_.text.find("protobuf") != std::string::npos; }

std::string Passage::read_event() {
  std::string taken;
  std::swap(taken, ahead_);
  const auto whole = [&]() -> std::size_t {
    if (!is_protobuf()) {
      const auto end = taken.find('\n');
      return end == std::string::npos ? 0 : end + 1;
    }
    if (taken.size() < 4) return 0;
    std::size_t size = 4;
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length = length << 8U | static_cast<unsigned char>(taken[i]);
    size += length;
    return taken.size() < size ? 0 : size;
  };
  std::size_t size = 0;
  while ((size = whole()) == 0) {
    auto bytes = read();
    if (bytes.empty()) return taken;
    taken += bytes;
  }
  ahead_ = taken.substr(size);
  taken.resize(size);
  return taken;
}

std::string Passage::read_all() {
  std::string all;
  for (auto bytes = read(); !bytes.empty(); bytes = read()) all += bytes;
  return all;
}

void Passage::send(std::string_view bytes) { client_.write(bytes); }

void Passage::send_head() { client_.write(head_.text + "Transfer-Encoding: chunked\r\n\r\n"); }

void Passage::send_chunk(std::string_view bytes, std::size_t size) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, size);
    client_.write(fmt::format("{:x}\r\n{}\r\n", part.size(), part));
    bytes.remove_prefix(part.size());
  }
}

void Passage::end_body() {
  client_.write("0\r\n\r\n");
  whole_ = true;
}

void Passage::pass_on() {
  for (auto bytes = read(); !bytes.empty(); bytes = read()) send_chunk(bytes);
  end_body();
}

void Passage::answer(int status, std::string_view body, std::string_view content_type,
                     std::string_view more_headers) {
  client_.write(
      fmt::format("HTTP/1.1 {} Answer\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}",
                  status, content_type, body.size(), more_headers, body));
  whole_ = true;
}

void Passage::refuse(int code, std::string_view reason, std::string_view message,
                     std::string_view more_headers) {
  const nlohmann::json status{
      {"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", nlohmann::json::object()},
      {"status", "Failure"}, {"message", message}, {"reason", reason},
      {"code", code}};
  answer(code, status.dump(), "application/json", more_headers);
}

void Passage::reset() { throw Gone{.by_reset = true}; }

void Passage::wait(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  wait_until([end] { return std::chrono::steady_clock::now() >= end; });
}

void Passage::wait_until(const std::function<bool()>& so) {
  while (!so()) {
    if (proxy_.stopping_) throw Gone();
    pollfd client{client_.descriptor(), POLLIN | POLLRDHUP, 0};
    if (::poll(&client, 1, static_cast<int>(kTick.count()) / 10) > 0) throw Gone();
  }
}

void Passage::hang() {
  wait_until([] { return false; });
  throw Gone();
}

}  // namespace bso::test
