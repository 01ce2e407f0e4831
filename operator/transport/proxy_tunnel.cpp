// SPDX-License-Identifier: Apache-2.0
#include "transport/proxy_tunnel.h"

#include <algorithm>
#include <cassert>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "transport/beast_connection.h"

namespace bso::transport {
namespace {

using Buffer = boost::beast::flat_buffer;

/// The answer to CONNECT has a head only; more than this is no honest proxy's.
constexpr std::size_t kMostAnswer = 16U << 10U;

Error refusal(const Peer& peer, std::string_view what) {
  return transport_error(ErrorKind::network, fmt::format("{} {}", peer.first_hop(), what), false);
}

std::string_view content_of(const Buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

std::string base64(const std::string& text) {
  std::string result(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  result.resize(static_cast<std::size_t>(length));
  return result;
}

// ---- CONNECT

std::string connect_request(const Peer& peer) {
  const auto& proxy = *peer.options.endpoint.proxy;
  auto text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: {1}\r\n", peer.where(),
                          peer.options.user_agent);
  if (!proxy.username.empty() || !proxy.password.empty()) {
    text += fmt::format("Proxy-Authorization: Basic {}\r\n",
                        base64(proxy.username + ":" + proxy.password));
  }
  return text + "\r\n";
}

/// "HTTP/1.1 200 ..." to 200; 0 when it is no status line.
int status_of(std::string_view head) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || !digit(head[7]) || head[8] != ' ')
    return 0;
  const auto code = head.substr(9, 3);
  if (!std::all_of(code.begin(), code.end(), digit)) return 0;
  return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

Result<void> judge_connect(const Peer& peer, std::string_view head) {
  const int status = status_of(head);
  if (status >= 200 && status <= 299) return {};
  if (status == 0) return fail(refusal(peer, "answers no HTTP: is this the proxy's port?"));
  if (status == 407) {
    return fail(refusal(peer, peer.options.endpoint.proxy->username.empty()
                                  ? "wants a login (407): give it in proxy-url"
                                  : "refuses the login (407) that is in proxy-url"));
  }
  return fail(refusal(
      peer,
      fmt::format("refuses the way to {} with status {}: ask whoever runs it to allow CONNECT",
                  peer.where(), status)));
}

Task<Result<void>> connect_tunnel(Connection& connection, std::shared_ptr<const Peer> peer) {
  const auto unsent = co_await connection.write(connect_request(*peer));
  if (unsent) co_return fail(connection.describe(unsent, "asking the proxy for a tunnel", false));
  auto& buffer = connection.buffer();
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t end = std::string_view::npos;
  while ((end = content_of(buffer).find(kEnd)) == std::string_view::npos) {
    if (buffer.size() > kMostAnswer) {
      co_return fail(refusal(*peer, "answers CONNECT with headers that do not end"));
    }
    const auto error = co_await connection.receive();
    if (error) co_return fail(connection.describe(error, "asking the proxy for a tunnel", false));
  }
  auto judged = judge_connect(*peer, content_of(buffer).substr(0, end));
  if (!judged) co_return judged;
  buffer.consume(end + kEnd.size());
  // The server speaks only when spoken to: what is here already is not its word.
  if (buffer.size() > 0) co_return fail(refusal(*peer, "sends data before the tunnel is used"));
  co_return Result<void>();
}

// ---- SOCKS5

constexpr char kVersion = 5;
constexpr char kNoLogin = 0;
constexpr char kPassword = 2;

/// Waits for exactly `count` bytes and takes them.
Task<Result<std::string>> take(Connection& connection, std::size_t count) {
  auto& buffer = connection.buffer();
  while (buffer.size() < count) {
    const auto error = co_await connection.receive();
    if (error) co_return fail(connection.describe(error, "asking the proxy for a tunnel", false));
  }
  std::string taken(content_of(buffer).substr(0, count));
  buffer.consume(count);
  co_return taken;
}

/// Writes and waits for `count` bytes of answer.
Task<Result<std::string>> ask(Connection& connection, std::string message, std::size_t count) {
  const auto unsent = co_await connection.write(std::move(message));
  if (unsent) co_return fail(connection.describe(unsent, "asking the proxy for a tunnel", false));
  auto answer = co_await take(connection, count);
  co_return answer;
}

void append_counted(std::string& message, std::string_view text) {
  message += static_cast<char>(text.size());  // bounded by 255: see open_tunnel()
  message += text;
}

std::string destination_of(const Endpoint& endpoint) {
  std::string message{kVersion, 1, 0};  // 1: CONNECT
  boost::system::error_code is_a_name;
  const auto address = boost::asio::ip::make_address(endpoint.host, is_a_name);
  if (is_a_name) {
    message += char{3};
    append_counted(message, endpoint.host);
  } else if (address.is_v4()) {
    message += char{1};
    for (const auto byte : address.to_v4().to_bytes()) message += static_cast<char>(byte);
  } else {
    message += char{4};
    for (const auto byte : address.to_v6().to_bytes()) message += static_cast<char>(byte);
  }
  message += static_cast<char>(endpoint.port >> 8U);
  message += static_cast<char>(endpoint.port & 0xFFU);
  return message;
}

std::string_view socks_reason(char code) {
  switch (code) {
    case 1:
      return "it failed";
    case 2:
      return "its rules do not allow it";
    case 3:
      return "the network is unreachable";
    case 4:
      return "the host is unreachable";
    case 5:
      return "the connection is refused";
    case 6:
      return "the time is up";
    case 7:
      return "it knows no CONNECT";
    case 8:
      return "it does not know this kind of address";
    default:
      return "for an unknown reason";
  }
}

Task<Result<void>> log_in(Connection& connection, std::shared_ptr<const Peer> peer) {
  const auto& proxy = *peer->options.endpoint.proxy;
  const bool has_login = !proxy.username.empty() || !proxy.password.empty();
  std::string greeting{kVersion, 1, kNoLogin};
  if (has_login) greeting = {kVersion, 2, kNoLogin, kPassword};
  auto method = co_await ask(connection, std::move(greeting), 2);
  if (!method) co_return fail(std::move(method.error()));
  if ((*method)[0] != kVersion) {
    co_return fail(refusal(*peer, "answers no SOCKS5: is this the proxy's port?"));
  }
  if ((*method)[1] == kNoLogin) co_return Result<void>();
  if ((*method)[1] != kPassword || !has_login) {
    co_return fail(refusal(*peer, has_login ? "takes none of the ways to log in that it was offered"
                                            : "wants a login: give it in proxy-url"));
  }
  std::string login{1};  // the version of RFC 1929
  append_counted(login, proxy.username);
  append_counted(login, proxy.password);
  auto answer = co_await ask(connection, std::move(login), 2);
  if (!answer) co_return fail(std::move(answer.error()));
  if ((*answer)[1] != 0) co_return fail(refusal(*peer, "refuses the login that is in proxy-url"));
  co_return Result<void>();
}

Task<Result<void>> socks_tunnel(Connection& connection, std::shared_ptr<const Peer> peer) {
  auto logged_in = co_await log_in(connection, peer);
  if (!logged_in) co_return logged_in;
  auto reply = co_await ask(connection, destination_of(peer->options.endpoint), 4);
  if (!reply) co_return fail(std::move(reply.error()));
  if ((*reply)[0] != kVersion) co_return fail(refusal(*peer, "answers no SOCKS5"));
  if ((*reply)[1] != 0) {
    co_return fail(refusal(
        *peer, fmt::format("refuses the way to {}: {}", peer->where(), socks_reason((*reply)[1]))));
  }
  // The address at its other end, and a port: of no interest.
  std::size_t length = 0;
  if ((*reply)[3] == 1) {
    length = 4;
  } else if ((*reply)[3] == 4) {
    length = 16;
  } else if ((*reply)[3] == 3) {
    auto count = co_await take(connection, 1);
    if (!count) co_return fail(std::move(count.error()));
    length = static_cast<unsigned char>((*count)[0]);
  } else {
    co_return fail(refusal(*peer, "answers with an address of unknown kind"));
  }
  auto bound = co_await take(connection, length + 2);
  if (!bound) co_return fail(std::move(bound.error()));
  if (connection.buffer().size() > 0) {
    co_return fail(refusal(*peer, "sends data before the tunnel is used"));
  }
  co_return Result<void>();
}

}  // namespace

Task<Result<void>> open_tunnel(Connection& connection, std::shared_ptr<const Peer> peer) {
  const auto& endpoint = peer->options.endpoint;
  if (endpoint.proxy->kind != Proxy::Kind::socks5) return connect_tunnel(connection, peer);
  return socks_tunnel(connection, peer);
}

}  // namespace bso::transport
