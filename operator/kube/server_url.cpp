// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/ascii.h"
#include "kube/client_config.h"

namespace bso::kube {
namespace {

bool is_name_character(char c) {
  const char low = lower(c);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6(const std::string& text) {
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;  ///< stays when none is given
};

/// Splits "host", "host:port", "[v6]", "[v6]:port"; says what is wrong, or nothing.
std::string read_authority(std::string_view authority, HostAndPort& endpoint) {
  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == authority.npos) return "\"]\" is missing";
    host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return "after \"]\" there must be a port";
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
    if (!is_ipv6(std::string(host))) return "no IPv6 address between the brackets";
  } else {
    const auto colon = authority.find(':');
    has_port = colon != authority.npos;
    host = authority.substr(0, colon);
    if (has_port) port = authority.substr(colon + 1);
    if (port.find(':') != port.npos)
      return "an IPv6 address needs brackets: https://[fd00::1]:6443";
    if (host.empty()) return "the host is missing";
    if (!std::all_of(host.begin(), host.end(), is_name_character)) {
      return "the host has a character that is none of a name's";
    }
  }
  endpoint.host = host;
  if (!has_port) return {};
  unsigned number = 0;
  const char* const end = port.data() + port.size();
  const auto [stop, status] = std::from_chars(port.data(), end, number);
  if (status != std::errc() || stop != end || number == 0 || number > UINT16_MAX) {
    return "the port must be a number from 1 to 65535";
  }
  endpoint.port = static_cast<std::uint16_t>(number);
  return {};
}

bool is_printable(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

std::string scheme_of(std::string_view url) {
  std::string scheme(url.substr(0, url.find("://")));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  return scheme;
}

/// Undoes %XX; nullopt when a "%" is followed by something else.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const char* const first = text.data() + i + 1;
    const auto [stop, status] = std::from_chars(first, first + 2, byte, 16);
    if (status != std::errc() || stop != first + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

/// "user:password" before the "@"; says what is wrong, or nothing.
std::string read_login(std::string_view login, transport::Proxy& proxy) {
  const auto colon = login.find(':');
  const auto username = percent_decoded(login.substr(0, colon));
  const auto password =
      percent_decoded(colon == login.npos ? std::string_view() : login.substr(colon + 1));
  if (!username || !password) return "its login is not percent-encoded";
  // SOCKS5 counts them in one byte; HTTP ends the user name at its first colon.
  if (username->size() > 255 || password->size() > 255) return "its login is too long";
  if (username->find(':') != std::string::npos) return "its user name has a colon";
  proxy.username = *username;
  proxy.password = *password;
  return {};
}

}  // namespace

Result<transport::Endpoint> parse_server_url(std::string_view url) {
  // Whatever stands before "@" is a secret and must not reach a log.
  const auto refuse = [&](std::string_view why) {
    const bool secret = url.find('@') != url.npos;
    return fail(invalid_input(fmt::format(
        "server URL {}is no use: {}", secret ? std::string() : fmt::format("\"{}\" ", url), why)));
  };
  if (!is_printable(url)) {
    return fail(invalid_input("server URL has a space, a control or a non-ASCII character in it"));
  }
  const std::string scheme = scheme_of(url);
  transport::Endpoint endpoint;
  if (scheme == "https") {
    endpoint.tls = true;
    endpoint.port = 443;
  } else if (scheme == "http") {
    endpoint.tls = false;
    endpoint.port = 80;
  } else {
    return refuse("it must start with https:// (or http://)");
  }
  std::string_view rest = url.substr(scheme.size());
  if (!rest.starts_with("://")) return refuse("it must look like https://host:6443");
  rest.remove_prefix(3);
  if (rest.find('@') != rest.npos) {
    return refuse("it contains a user name or password; give them in the kubeconfig's user");
  }
  if (rest.find_first_of("?#") != rest.npos) return refuse("a query or fragment has no place here");
  const auto slash = rest.find('/');
  HostAndPort found{{}, endpoint.port};
  if (const auto why = read_authority(rest.substr(0, slash), found); !why.empty()) {
    return refuse(why);
  }
  endpoint.host = std::move(found.host);
  endpoint.port = found.port;
  if (slash != rest.npos) endpoint.base_path = rest.substr(slash);
  while (endpoint.base_path.ends_with('/')) endpoint.base_path.pop_back();
  return endpoint;
}

Result<transport::Proxy> parse_proxy_url(std::string_view url) {
  using Kind = transport::Proxy::Kind;
  const auto refuse = [](std::string_view why) {
    return fail(invalid_input(
        fmt::format("the URL is no use: {}; it must look like http://proxy:3128", why)));
  };
  if (!is_printable(url)) return refuse("it has a space, a control or a non-ASCII character in it");
  const std::string scheme = scheme_of(url);
  transport::Proxy proxy;
  HostAndPort found;
  if (scheme == "http") {
    proxy.kind = Kind::http;
    found.port = 80;
  } else if (scheme == "https") {
    proxy.kind = Kind::https;
    found.port = 443;
  } else if (scheme == "socks5") {
    proxy.kind = Kind::socks5;
    found.port = 1080;
  } else {
    return refuse("its scheme must be http, https or socks5");
  }
  std::string_view rest = url.substr(scheme.size());
  if (!rest.starts_with("://")) return refuse("after the scheme there must be ://");
  rest.remove_prefix(3);
  const auto slash = rest.find_first_of("/?#");
  const auto path = slash == rest.npos ? std::string_view() : rest.substr(slash);
  rest = rest.substr(0, slash);
  if (!path.empty() && path != "/") return refuse("it has more than a host and a port");
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    if (const auto why = read_login(rest.substr(0, at), proxy); !why.empty()) return refuse(why);
    rest.remove_prefix(at + 1);
  }
  if (const auto why = read_authority(rest, found); !why.empty()) return refuse(why);
  proxy.host = std::move(found.host);
  proxy.port = found.port;
  return proxy;
}

}  // namespace bso::kube
