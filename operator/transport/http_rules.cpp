// SPDX-License-Identifier: Apache-2.0
#include "transport/http_rules.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"

namespace bso::transport {
namespace {

constexpr std::string_view kDefaultUserAgent = "bso-transport/0.1";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
}

/// RFC 9110 section 5.5: no control characters but the tab.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
           return c > 0x20 && c < 0x7f && c != '#';
         });
}

bool is_ours(const std::string& lower_name) {
  constexpr std::array<std::string_view, 11> kOurs{
      "accept-encoding",   "authorization", "connection", "content-length",
      "content-type",      "expect",        "host",       "te",
      "transfer-encoding", "upgrade",       "user-agent"};
  return lower_name.starts_with("impersonate-") ||
         std::find(kOurs.begin(), kOurs.end(), lower_name) != kOurs.end();
}

Result<void> check_headers(const std::vector<Header>& headers) {
  std::vector<std::string> seen;
  for (const auto& header : headers) {
    if (!is_token(header.name)) {
      return fail(invalid_input(fmt::format("\"{}\" is no header name", header.name)));
    }
    auto name = lower_case(header.name);
    if (is_ours(name)) {
      return fail(invalid_input(fmt::format("header {} is set by the transport", header.name)));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return fail(invalid_input(fmt::format("header {} is given twice", header.name)));
    }
    seen.push_back(std::move(name));
  }
  return {};
}

/// Credentials may be what the caller's own headers must not: Authorization, and one name twice.
Result<void> check_credentials(const std::vector<Header>& credentials) {
  for (const auto& header : credentials) {
    const auto name = lower_case(header.name);
    if (is_token(name) && (name == "authorization" || name.starts_with("impersonate-"))) continue;
    return fail(invalid_input(fmt::format("header {} is none of credentials", header.name)));
  }
  return {};
}

/// Values may be secret: the message names the header only.
Result<void> check_values(const std::vector<Header>& headers) {
  for (const auto& header : headers) {
    if (!is_field_value(header.value)) {
      return fail(invalid_input(
          fmt::format("header {} holds a line break or another control character", header.name)));
    }
  }
  return {};
}

/// Of a Location only the host is told: the rest can hold credentials of a login page.
std::string host_of(std::string_view location) {
  const auto scheme = location.find("//");
  if (scheme == std::string_view::npos) return "the same host";
  auto rest = location.substr(scheme + 2);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  rest = rest.substr(rest.rfind('@') + 1);
  return is_field_value(rest) && !rest.empty() ? std::string(rest.substr(0, 255))
                                               : "an unnamed host";
}

std::string authority(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

/// Both become part of what is sent before any encryption.
Result<void> check_host(const std::string& host) {
  const bool odd = std::any_of(host.begin(), host.end(), [](char c) {
    return !is_alphanumeric(c) && std::string_view(".-_:%").find(c) == std::string_view::npos;
  });
  if (odd) return fail(invalid_input(fmt::format("\"{}\" is no host name or address", host)));
  return {};
}

}  // namespace

std::string Peer::where() const { return authority(options.endpoint.host, options.endpoint.port); }

std::string Peer::first_hop() const {
  const auto& proxy = options.endpoint.proxy;
  return proxy ? "the proxy " + authority(proxy->host, proxy->port) : where();
}

std::string Peer::host_header() const {
  const auto& endpoint = options.endpoint;
  auto text = where();
  if (endpoint.port == (endpoint.tls ? 443 : 80)) text.resize(text.rfind(':'));
  return text;
}

Result<std::shared_ptr<const Peer>> make_peer(TransportOptions options) {
  if (options.endpoint.host.empty()) {
    return fail(invalid_input("the server's host name is empty"));
  }
  if (auto checked = check_host(options.endpoint.host); !checked) {
    return fail(std::move(checked.error()));
  }

  if (options.user_agent.empty()) options.user_agent = kDefaultUserAgent;
  // For these the API server writes indented JSON (k8s.io/apiserver 0.30,
  // pkg/endpoints/handlers/negotiation/negotiate.go, isPrettyPrint).
  for (const std::string_view browser : {"curl", "Wget", "Mozilla/5.0"}) {
    if (options.user_agent.starts_with(browser)) {
      return fail(invalid_input(fmt::format(
          "the user agent must not start with {}: the server would indent its answers", browser)));
    }
  }
  auto peer = std::make_shared<Peer>();
  if (options.endpoint.tls) {
    auto tls = TlsContext::make(options.endpoint);
    if (!tls) return fail(std::move(tls.error()));
    peer->tls = std::move(*tls);
  }
  if (const auto& proxy = options.endpoint.proxy) {
    auto checked = check_host(proxy->host);
    if (!checked) return fail(std::move(checked).error().with_context("proxy"));
    if (proxy->kind == Proxy::Kind::https) {
      Endpoint before;
      before.host = proxy->host;
      before.ca_pem = options.endpoint.ca_pem;
      before.insecure_skip_verify = options.endpoint.insecure_skip_verify;
      auto tls = TlsContext::make(before);
      if (!tls) return fail(std::move(tls).error().with_context("proxy"));
      peer->proxy_tls = std::move(*tls);
    }
  }
  peer->options = std::move(options);
  return peer;
}

Result<Request> prepare(const Peer& peer, Request request, const std::vector<Header>& credentials) {
  request.target.insert(0, peer.options.endpoint.base_path);
  if (!is_token(request.method)) {
    return fail(invalid_input(fmt::format("\"{}\" is no HTTP method", request.method)));
  }
  if (!is_target(request.target)) {
    return fail(invalid_input("a request's target has to start with / and be percent-encoded: " +
                              request.target));
  }
  auto checked = check_headers(request.headers);
  if (checked) checked = check_credentials(credentials);
  if (!checked) return fail(std::move(checked.error()));

  request.headers.push_back({"Accept-Encoding", "identity"});
  request.headers.push_back({"User-Agent", peer.options.user_agent});
  if (!request.content_type.empty()) {
    request.headers.push_back({"Content-Type", request.content_type});
  }
  request.headers.insert(request.headers.end(), credentials.begin(), credentials.end());
  auto values = check_values(request.headers);
  if (!values) return fail(std::move(values.error()));
  return request;
}

std::optional<Error> refuse(const ResponseHead& head, const Peer& peer) {
  const auto refusal = [&](std::string what, bool may_have_executed) {
    return transport_error(ErrorKind::protocol, peer.where() + " " + std::move(what),
                           may_have_executed);
  };
  if (head.status < 200 || head.status > 599) {
    return refusal(
        fmt::format("answered with status {}, which is no final HTTP status", head.status), true);
  }
  constexpr std::array kRedirects{301, 302, 303, 307, 308};
  if (std::find(kRedirects.begin(), kRedirects.end(), head.status) != kRedirects.end()) {
    return refusal(
        fmt::format("redirects ({}) to {}, which is not followed: the address is probably "
                    "that of a login page or a proxy, give that of the API server",
                    head.status, host_of(head.location)),
        false);
  }
  if (!head.content_encoding.empty() && lower_case(head.content_encoding) != "identity") {
    return refusal(
        fmt::format("sent a compressed body ({}) although none was asked for: look for a proxy in "
                    "between",
                    is_token(head.content_encoding) ? head.content_encoding : "unknown"),
        true);
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return longest_retry_after;
  if (error != std::errc()) return std::nullopt;
  return std::min(std::chrono::seconds{seconds}, longest_retry_after);
}

Error transport_error(ErrorKind kind, std::string message, bool may_have_executed) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  error.may_have_executed = may_have_executed;
  return error;
}

Error too_large(const Peer& peer) {
  return transport_error(ErrorKind::protocol,
                         fmt::format("the answer of {} is larger than {} bytes and was refused",
                                     peer.where(), peer.response_limit),
                         true);
}

Error headers_too_large(const Peer& peer) {
  return transport_error(
      ErrorKind::protocol,
      fmt::format("the headers of the answer of {} are larger than {} KiB and were refused",
                  peer.where(), response_header_limit >> 10U),
      true);
}

std::string in_words(std::chrono::milliseconds duration) {
  if (duration.count() % 1000 != 0) return fmt::format("{} ms", duration.count());
  return fmt::format("{} s", duration.count() / 1000);
}

}  // namespace bso::transport
