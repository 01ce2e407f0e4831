// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/task.h"

namespace bso::server {

struct Answer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// What a GET or HEAD asks for, as it came: "/readyz?verbose" has the query "verbose".
struct Target {
  std::string_view path;
  std::string_view query;

  /// The values of a parameter in the query, in order; one without "=" has the value "". Not
  /// percent-decoded: names and values that need it match nothing here.
  [[nodiscard]] std::vector<std::string> values(std::string_view parameter) const;
};

/// Answers a GET or HEAD. Runs on the loop; must not block.
using Handler = std::function<Answer(const Target& target)>;

/// A small HTTP listener for probes and metrics, hardened: headers at most 8 KiB, no request
/// bodies, every connection has `request_timeout` for a request, at most `max_connections` at once
/// (further ones are closed at once), an accept failure (descriptors used up) pauses instead of
/// spinning.
class HttpServer {
 public:
  struct Options {
    std::string address = "0.0.0.0";  ///< IPv4 or IPv6; "::" listens on both
    std::uint16_t port = 0;           ///< 0 lets the kernel choose
    std::size_t max_connections = 64;
    std::chrono::milliseconds request_timeout{10'000};
    // PEM files, both or none: with them only TLS (1.2 or later) is spoken. Read again when they
    // change.
    std::string certificate_file = {};
    std::string key_file = {};
  };

  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Accepts until stopped; returns when all connections are closed.
  virtual Task<void> serve(Stop& stop) = 0;

  /// Binds and listens at once, so that a port in use is an error here, and so is a certificate
  /// that cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(Executor executor,
                                                                  Options options, Handler handler);
};

}  // namespace bso::server
