// SPDX-License-Identifier: Apache-2.0
#include "transport/cpprest_client.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <cpprest/containerstream.h>
#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <fmt/format.h>
#include <pplx/threadpool.h>

#include "transport/tls_failure.h"

namespace bso::transport {
namespace {

namespace http = web::http;
using Bytes = std::vector<std::uint8_t>;

/// The library's own limit counts from the last byte, so that a trickle passes it. Callers keep an
/// absolute deadline; this one only has to be later.
constexpr std::chrono::hours kLaterThanAnyDeadline{1};

/// How long the end of the process waits for what the library has still to do.
constexpr std::chrono::seconds kLongestEnd{1};

boost::asio::io_context& pool() { return crossplat::threadpool::shared_instance().service(); }

/// Requests that the library has not let go of yet.
std::atomic<int> under_way = 0;

/// The library's pool, from its start to the end of the process. The pool forgets what is queued
/// when it ends, and with it the memory of requests that were canceled at the last moment; so their
/// tasks are waited for. (This is made after the pool, so it ends before it.)
class Pool {
 public:
  // More than one thread races in TLS connections; it may be set once only, before the first use.
  Pool() { crossplat::threadpool::initialize_with_threads(1); }
  ~Pool() {
    const auto end = std::chrono::steady_clock::now() + kLongestEnd;
    do {
      auto reached = std::make_shared<std::promise<void>>();
      auto waiting = reached->get_future();
      boost::asio::post(pool(), [reached] { reached->set_value(); });
      waiting.wait_until(end);
    } while (under_way > 0 && std::chrono::steady_clock::now() < end);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
};

void start_pool() { static const Pool started; }

/// The library's connections of one server. Only the pool thread touches it once it is made.
struct Connections {
  explicit Connections(std::shared_ptr<const Peer> whom) : peer(std::move(whom)) {
    if (peer->tls) note.expected_name = peer->tls->server_name();
    renew();
  }

  /// Forgets all idle connections.
  void renew();

  std::shared_ptr<const Peer> peer;
  VerifyNote note;
  std::unique_ptr<http::client::http_client> client;
};

/// One request on its way. Only the pool thread touches it once it is posted.
struct Exchange {
  Exchange() { ++under_way; }
  ~Exchange() { --under_way; }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  std::shared_ptr<Connections> connections;
  Request request;
  CpprestClient::Done done;
  pplx::cancellation_token_source
      canceling;  ///< of this request alone: long-lived ones gather waste
  concurrency::streams::container_buffer<Bytes> body;
  http::http_response response;
  std::optional<Error> refused;
  std::shared_ptr<std::atomic<bool>> sent;

  [[nodiscard]] const Peer& peer() const { return *connections->peer; }
};
using ExchangePtr = std::shared_ptr<Exchange>;

void Connections::renew() {
  const auto& endpoint = peer->options.endpoint;
  http::client::http_client_config config;
  config.set_timeout(kLaterThanAnyDeadline);
  // A followed redirect takes the credentials along, and even the possibility of one is a data race
  // on the request's headers.
  config.set_max_redirects(0);
  config.set_validate_certificates(!endpoint.insecure_skip_verify);
  if (peer->tls) {
    config.set_tlsext_sni_enabled(!peer->tls->name_is_address());
    // The library has loaded the system's trust store into the context before: apply() replaces it.
    config.set_ssl_context_callback([this](boost::asio::ssl::context& context) {
      if (!peer->tls->apply(context.native_handle(), note)) {
        throw std::runtime_error("the client certificate cannot be used");
      }
    });
  }
  const auto base = fmt::format("{}://{}", endpoint.tls ? "https" : "http", peer->where());
  client = std::make_unique<http::client::http_client>(web::uri(base), config);
}

bool starts_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

/// The library tells stages apart only by its texts (cpprestsdk 2.10.18,
/// src/http/client/http_client_asio.cpp), and keeps of an error code the number without its
/// category.
Error describe(const http::http_exception& failure, Exchange& exchange) {
  const std::string_view stage = failure.what();
  const auto where = exchange.peer().where();
  const auto number =
      static_cast<unsigned long>(static_cast<unsigned>(failure.error_code().value()));
  const auto reason = tls_reason(number);
  if (starts_with(stage, "Error in SSL handshake")) {
    auto& note = exchange.connections->note.failure;
    if (!note.empty() && exchange.peer().tls->verifies()) {
      return transport_error(ErrorKind::tls, std::exchange(note, {}), false);
    }
    if (reason.empty()) {
      return transport_error(ErrorKind::network,
                             fmt::format("{} closed the connection while shaking hands", where),
                             false);
    }
    return transport_error(ErrorKind::tls,
                           fmt::format("TLS with {} failed while shaking hands: {}{}", where,
                                       reason, tls_advice(number)),
                           false);
  }
  if (starts_with(stage, "Error resolving address") || starts_with(stage, "Failed to resolve")) {
    return transport_error(
        ErrorKind::network,
        fmt::format("cannot resolve the name {}", exchange.peer().options.endpoint.host), false);
  }
  if (starts_with(stage, "Failed to connect")) {
    return transport_error(ErrorKind::network,
                           fmt::format("cannot connect to {}: {}", where,
                                       number == EHOSTUNREACH ? "refused or unreachable"
                                                              : failure.error_code().message()),
                           false);
  }
  if (starts_with(stage, "Invalid HTTP status line") || starts_with(stage, "Invalid chunked")) {
    return transport_error(
        ErrorKind::protocol,
        fmt::format("what {} answers is no HTTP: is this the API server's port?", where), true);
  }
  if (starts_with(stage, "cannot rewind")) {
    return transport_error(
        ErrorKind::network,
        fmt::format("{} closed a kept connection just when the request was sent", where), true);
  }
  // SSL_R_UNINITIALIZED: the library goes on with a connection that broke before the handshake.
  if (reason == "uninitialized") {
    return transport_error(ErrorKind::network,
                           fmt::format("{} closed the connection before TLS was set up", where),
                           true);
  }
  if (!reason.empty()) {
    return transport_error(
        ErrorKind::tls, fmt::format("TLS with {} failed: {}{}", where, reason, tls_advice(number)),
        !is_handshake_refusal(number));
  }
  return transport_error(ErrorKind::network,
                         fmt::format("the connection to {} broke ({})", where, stage), true);
}

/// A bad head is remembered and the connection broken from outside this continuation: the library
/// can dead-lock when a request is canceled within its own.
void look_at_head(const ExchangePtr& exchange) {
  const auto& response = exchange->response;
  std::string encoding;
  std::string location;
  std::size_t header_bytes = 0;
  std::size_t length = 0;
  for (const auto& [name, value] : response.headers()) {
    header_bytes += name.size() + value.size() + 4;
  }
  response.headers().match("Content-Encoding", encoding);
  response.headers().match("Location", location);
  response.headers().match("Content-Length", length);

  const int status = response.status_code();
  exchange->refused = refuse({.status = status, .content_encoding = encoding, .location = location},
                             exchange->peer());
  if (!exchange->refused && header_bytes > response_header_limit) {
    exchange->refused = headers_too_large(exchange->peer());
  }
  if (!exchange->refused && length > exchange->peer().response_limit) {
    exchange->refused = too_large(exchange->peer());
  }
  if (!exchange->refused) return;
  // The library takes an interim response for the final one and keeps the connection for the next
  // request, which would be answered with what belongs to this one.
  if (status < 200) exchange->connections->renew();
  boost::asio::post(pool(), [exchange] { exchange->canceling.cancel(); });
}

/// The one place where the library's tasks end: whatever they threw is seen here (an exception that
/// nobody sees ends the process).
void finish(const ExchangePtr& exchange, const pplx::task<http::http_response>& task) {
  std::optional<Error> error;
  try {
    task.get();
  } catch (const http::http_exception& failure) {
    error = describe(failure, *exchange);
  } catch (const std::exception& failure) {
    error = transport_error(
        ErrorKind::network,
        fmt::format("the request to {} failed: {}", exchange->peer().where(), failure.what()),
        true);
  }
  if (exchange->refused) error = std::move(exchange->refused);
  if (error) {
    exchange->done(fail(std::move(*error)));
    return;
  }
  Response answer;
  answer.status = exchange->response.status_code();
  answer.content_type = exchange->response.headers().content_type();
  std::string retry_after;
  exchange->response.headers().match("Retry-After", retry_after);
  answer.retry_after = parse_retry_after(retry_after);
  const auto& bytes = exchange->body.collection();
  answer.body.assign(bytes.begin(), bytes.end());
  exchange->done(std::move(answer));
}

/// Asks the request's permit. A refusal is remembered for finish().
bool permitted(Exchange& exchange) {
  if (!exchange.request.permit) return true;
  auto answer = exchange.request.permit();
  if (answer) return true;
  exchange.refused = std::move(answer.error());
  // The library would keep the connection, on which the server now waits for the rest of a body.
  exchange.connections->renew();
  return false;
}

http::http_request message_for(const ExchangePtr& exchange) {
  const auto& request = exchange->request;
  http::http_request message(request.method);
  message.set_request_uri(web::uri(request.target));
  if (request.method != "GET" && request.method != "HEAD") {
    // When a kept connection breaks before the answer's headers, the library silently sends the
    // request again, executed or not. It cannot with a body that cannot be rewound: so all but the
    // harmless methods get one, empty if need be.
    // (It is not closed: that would have to be waited for, and its length is known.)
    concurrency::streams::producer_consumer_buffer<std::uint8_t> source;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(request.body.data());
    source.putn_nocopy(bytes, request.body.size()).get();  // done by the time it returns
    message.set_body(source.create_istream(), request.body.size(), "application/octet-stream");
    message.headers().remove("Content-Type");
  }
  // Assigned: add() would append to a value that is there already.
  for (const auto& header : request.headers) message.headers()[header.name] = header.value;

  message.set_response_stream(exchange->body.create_ostream());
  const std::weak_ptr<Exchange> weak = exchange;  // the message would own itself
  message.set_progress_handler(
      [weak](http::message_direction::direction direction, std::uint64_t bytes) {
        const auto held = weak.lock();
        if (!held) return;
        if (direction == http::message_direction::upload) {
          // Called before each part of the body: without the last one nothing is executed.
          if (!permitted(*held)) throw std::runtime_error("the request was kept back");
          *held->sent = true;  // reported once the headers are written
          return;
        }
        if (bytes <= held->peer().response_limit) return;
        held->refused = too_large(held->peer());
        throw std::length_error("the answer is too large");
      });
  return message;
}

void begin(const ExchangePtr& exchange) {
  try {
    if (!permitted(*exchange)) {
      exchange->done(fail(std::move(*exchange->refused)));
      return;
    }
    auto message = message_for(exchange);
    exchange->connections->client->request(message, exchange->canceling.get_token())
        .then([exchange](http::http_response response) {
          exchange->response = std::move(response);
          look_at_head(exchange);
          return exchange->response.content_ready();
        })
        .then([exchange](const pplx::task<http::http_response>& task) { finish(exchange, task); });
  } catch (const std::exception& failure) {
    exchange->done(fail(
        invalid_input(fmt::format("the request {} {} cannot be sent: {}", exchange->request.method,
                                  exchange->request.target, failure.what()))));
  }
}

class PooledClient final : public CpprestClient {
 public:
  explicit PooledClient(std::shared_ptr<const Peer> peer)
      : connections_(std::make_shared<Connections>(std::move(peer))) {}

  ~PooledClient() override {
    // The last to hold the connections has to be the pool thread.
    boost::asio::post(pool(), [last = std::move(connections_)] {});
  }
  PooledClient(const PooledClient&) = delete;
  PooledClient& operator=(const PooledClient&) = delete;

  Ticket send(Request request, Done done) override {
    const auto exchange = std::make_shared<Exchange>();
    exchange->connections = connections_;
    exchange->request = std::move(request);
    exchange->done = std::move(done);
    // Without a body the headers are all there is, and may be out before the library says so.
    const bool headers_only = exchange->request.body.empty();
    exchange->sent =
        std::make_shared<std::atomic<bool>>(headers_only && exchange->request.method != "GET");
    const auto canceling = exchange->canceling;
    boost::asio::post(pool(), [exchange] { begin(exchange); });
    return {[canceling] { boost::asio::post(pool(), [canceling] { canceling.cancel(); }); },
            exchange->sent};
  }

 private:
  std::shared_ptr<Connections> connections_;
};

}  // namespace

Result<std::shared_ptr<CpprestClient>> CpprestClient::make(std::shared_ptr<const Peer> peer) {
  try {
    start_pool();
    return std::make_shared<PooledClient>(std::move(peer));
  } catch (const std::exception& failure) {
    return fail(invalid_input(fmt::format("the HTTP client cannot be set up: {}", failure.what())));
  }
}

}  // namespace bso::transport
