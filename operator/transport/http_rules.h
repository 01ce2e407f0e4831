// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transport/tls_context.h"
#include "transport/transport.h"

namespace bso::transport {

/// The API server as every part of this room sees it. Unchanging once made.
struct Peer {
  TransportOptions options;
  std::shared_ptr<TlsContext> tls;        ///< null for plain HTTP
  std::shared_ptr<TlsContext> proxy_tls;  ///< null unless the proxy is spoken to in TLS
  std::size_t response_limit = max_response_bytes;

  /// "host:port" for messages, IPv6 in brackets.
  [[nodiscard]] std::string where() const;
  /// The same of the first hop: the server, or the proxy before it.
  [[nodiscard]] std::string first_hop() const;
  /// The Host header: without the port when it is the scheme's own.
  [[nodiscard]] std::string host_header() const;
};

/// Checks the options (TLS material, user agent). Fails with invalid_input.
[[nodiscard]] Result<std::shared_ptr<const Peer>> make_peer(TransportOptions options);

inline constexpr std::size_t response_header_limit = 64U << 10U;

/// The request as it goes out: target below the base path, the transport's own headers and the
/// credentials added, everything that reaches the wire checked (no line break can be smuggled into
/// it).
[[nodiscard]] Result<Request> prepare(const Peer& peer, Request request,
                                      const std::vector<Header>& credentials);

/// What a response's head must not be: interim, a redirect (never followed: the credentials would
/// go with it), compressed unasked.
struct ResponseHead {
  int status = 0;
  std::string_view content_encoding;
  std::string_view location;
};
[[nodiscard]] std::optional<Error> refuse(const ResponseHead& head, const Peer& peer);

/// Retry-After in its integer form, at most `longest_retry_after`. A date (which would need clocks
/// that agree) and whatever else is nullopt, as in client-go (rest/with_retry.go).
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text);

[[nodiscard]] Error transport_error(ErrorKind kind, std::string message, bool may_have_executed);
[[nodiscard]] Error too_large(const Peer& peer);
[[nodiscard]] Error headers_too_large(const Peer& peer);
/// "30 s" or "250 ms".
[[nodiscard]] std::string in_words(std::chrono::milliseconds duration);

}  // namespace bso::transport
