// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/task.h"

namespace bso::transport {

struct Header {
  std::string name;
  std::string value;

  bool operator==(const Header&) const = default;
};

/// No server is let to silence us for longer than this. A client that obeys any number is stopped
/// for good by a proxy's mistake; kube-apiserver asks for seconds.
inline constexpr std::chrono::seconds longest_retry_after{60};

/// Asked at the last moment before the bytes of a request go out; its Error keeps them back and is
/// what the caller gets. Called on the loop and on the transport's own threads: it has to be
/// thread-safe and quick, and must not throw.
using Permit = std::function<Result<void>()>;

/// One HTTP request to the API server. `target` is path and query, already percent-encoded.
struct Request {
  std::string method = "GET";
  std::string target;
  std::vector<Header> headers;
  std::string content_type;  ///< of `body`; empty when there is none
  std::string body;
  /// For calls: the whole exchange. For streams: connect, send and response headers.
  std::chrono::milliseconds timeout{30'000};
  Permit permit;  ///< empty: always
  /// A call that answers an event: it goes out from the loop itself, in one piece and on a kept
  /// connection, and not by cpprestsdk, whose thread takes 100 to 200 us.
  bool prompt = false;
};

struct Response {
  int status = 0;
  std::string content_type;
  std::optional<std::chrono::seconds> retry_after;  ///< as parse_retry_after() read it
  std::string body;
};

/// The body of a response that arrives over time (LIST and WATCH). Destroying it closes the
/// connection. One reader at a time.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual const std::string& content_type() const = 0;
  [[nodiscard]] virtual std::optional<std::chrono::seconds> retry_after() const = 0;

  /// Bytes as they come, at least one; 0 at the clean end of the body. A body that is cut short is
  /// an error, and so is silence longer than `idle` (ErrorKind::timeout).
  virtual Task<Result<std::size_t>> read(std::span<char> into, std::chrono::milliseconds idle) = 0;

  /// Breaks a pending read (ErrorKind::canceled). Harmless when repeated.
  virtual void close() = 0;
};

/// The way to one API server. Both methods run on the event loop and resume on it.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Request and response in one. A response of any status is a value; an Error means that no
  /// (whole) response came. Never re-sent behind the caller's back; Error::may_have_executed tells
  /// whether the server can have acted. (Once more is sent only what the server refused to look at:
  /// after a 401 with credentials that are different by then, and after a handshake that failed
  /// with TLS files that are different by then.) Bodies beyond `max_response_bytes` are refused.
  virtual Task<Result<Response>> call(Request request) = 0;

  /// Sends and returns as soon as the response's headers are in.
  virtual Task<Result<std::unique_ptr<BodyStream>>> open(Request request) = 0;
};

/// A bound on what a call may answer with: the API server's own limit for a request is 3 MiB and
/// for an etcd value 1.5 MiB, lists of our own kinds stay far below this.
inline constexpr std::size_t max_response_bytes = 64U << 20U;

/// The way through a proxy: a tunnel by CONNECT or SOCKS5, also to servers of plain HTTP, so that
/// the proxy sees no request. The server's name is resolved by the proxy.
struct Proxy {
  /// `https`: the connection to the proxy is TLS itself, verified by the CA of the Endpoint as
  /// client-go does; our client certificate is not shown to it.
  enum class Kind { http, https, socks5 };
  Kind kind = Kind::http;
  std::string host;  ///< name or address, IPv6 without brackets
  std::uint16_t port = 0;
  std::string username;  ///< with `password` sent to the proxy; "" for none
  std::string password;
};

/// Whom to speak to and whom to trust. PEM texts are held in memory. Where they come from files,
/// these are named too and read again as they rotate.
struct Endpoint {
  std::string host;  ///< name or address, IPv6 without brackets
  std::uint16_t port = 443;
  bool tls = true;
  std::string base_path;        ///< without trailing slash; "" for most servers
  std::string server_name;      ///< checked against the certificate; empty means `host`
  std::string ca_pem;           ///< only these are trusted; empty means the system's store
  std::string client_cert_pem;  ///< both or none
  std::string client_key_pem;
  bool insecure_skip_verify = false;

  std::string ca_file;  ///< "" when `ca_pem` does not come from a file
  std::string client_cert_file;
  std::string client_key_file;

  std::optional<Proxy> proxy;
};

/// What makes a request that of somebody.
struct Credentials {
  std::vector<Header> headers;  ///< a name may be there several times
  /// A client certificate that stands in for the Endpoint's; both or none.
  std::string client_cert_pem;
  std::string client_key_pem;

  bool operator==(const Credentials&) const = default;
};

/// Finds the credentials of each request just before it is sent. On the loop only.
class Authorizer {
 public:
  virtual ~Authorizer() = default;

  /// May take time (a plug-in runs), but not longer than until `deadline`. Nothing of a request has
  /// been sent when it fails.
  virtual Task<Result<Credentials>> credentials(std::chrono::steady_clock::time_point deadline) = 0;

  /// The server answered 401 to a request with `used`: what is cached of it is dropped, so that the
  /// next request gets what is fresh.
  virtual void rejected(const Credentials& used) = 0;
};

/// Monotonic time; tests pass their own.
using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

struct TransportOptions {
  Endpoint endpoint;
  std::string user_agent;
  std::shared_ptr<Authorizer> authorize;               ///< null: nobody
  SteadyClock clock = std::chrono::steady_clock::now;  ///< when files are due to be read again
};

/// The shipped Transport: LIST and WATCH bodies by Boost.Beast on the loop; calls by cpprestsdk, or
/// by Beast when built with BSO_CALLS=beast. Fails on unusable TLS material (the message says
/// which). When TLS files change, new connections use what they hold then and idle ones are closed;
/// streams that are open go on until they end.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_transport(Executor executor,
                                                                TransportOptions options);

}  // namespace bso::transport
