// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "fault/fault_proxy.h"

namespace bso::test {

/// The client, or the proxy, has closed: nothing further can be done. Scripts let it through.
struct Gone {
  bool by_reset = false;  ///< the connection is to end by a reset of TCP
};

/// A TLS connection, spoken to in bytes, blocking. OpenSSL's own, because Asio's stream keeps bytes
/// of which nobody can know whether they are there.
class Pipe {
 public:
  Pipe(int descriptor, SSL_CTX* context);

  // Throw Gone when they fail.
  void accept();
  void connect();
  void write(std::string_view bytes);
  /// Appends what comes to `buffer`. False at the end.
  bool read_more();
  /// Something can be read without waiting.
  [[nodiscard]] bool pending() const { return SSL_has_pending(tls_.get()) == 1; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

  std::string buffer;  ///< read, and not used yet

 private:
  int descriptor_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_;
};

/// The head of an answer.
struct AnswerHead {
  int status = 0;
  std::string text;  ///< status line and headers without those that tell of the body's framing
  std::optional<std::size_t> length;
  bool chunked = false;
};

/// One exchange on its way through a FaultProxy: what a FaultProxy::Script works with. Methods
/// throw Gone when the client has closed or the proxy ends.
class Passage {
 public:
  Passage(FaultProxy& proxy, Pipe& client, const Exchange& exchange, std::size_t index);
  ~Passage();
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  [[nodiscard]] const Exchange& request() const { return exchange_; }

  // Toward the server.

  /// What to change in a request that is sent on; "" changes nothing.
  struct Changes {
    std::string token;
    std::string target;
  };
  /// Sends the request on, and reads the head of the answer.
  const AnswerHead& forward() { return forward({}); }
  const AnswerHead& forward(const Changes& changes);
  /// The next bytes of the answer's body, at most `most`; "" at its end.
  std::string read(std::size_t most = 65536);
  /// The next event of a watch, whole: a JSON line or a length-prefixed message of protobuf; "" at
  /// the end.
  std::string read_event();
  /// The rest of the body. For lists and calls, which end.
  std::string read_all();

  // Toward the client.

  /// Bytes as they are.
  void send(std::string_view bytes);
  /// The head of the server's answer, with a chunked body to come.
  void send_head();
  /// A part of the body, as chunks of at most `size` bytes.
  void send_chunk(std::string_view bytes, std::size_t size = std::string::npos);
  void end_body();
  /// Everything that is still to come, unchanged.
  void pass_on();
  /// An answer of our own.
  void answer(int status, std::string_view body, std::string_view content_type = "application/json",
              std::string_view more_headers = {});
  /// The answer of a Kubernetes API server that refuses: a metav1.Status in JSON.
  void refuse(int code, std::string_view reason, std::string_view message = {},
              std::string_view more_headers = {});
  /// Ends it now, by a reset of TCP.
  [[noreturn]] void reset();

  /// Waits. Ends early, by Gone, when the client closes.
  void wait(std::chrono::milliseconds time);
  /// Until the client closes.
  [[noreturn]] void hang();
  void wait_until(const std::function<bool()>& so);

  /// The client has been given a whole answer, so that the connection can go on.
  [[nodiscard]] bool whole() const { return whole_; }

 private:
  struct Server;
  [[nodiscard]] bool more_from_server();
  void await_server();
  [[nodiscard]] bool is_protobuf() const;

  FaultProxy& proxy_;
  Pipe& client_;
  const Exchange& exchange_;
  std::size_t index_;
  std::unique_ptr<Server> server_;
  AnswerHead head_;
  std::string ahead_;        ///< of the body, read and not handed out yet
  std::size_t left_ = 0;     ///< of the body or of its present chunk
  bool body_ended_ = false;  ///< the server's
  bool whole_ = false;
};

}  // namespace bso::test
