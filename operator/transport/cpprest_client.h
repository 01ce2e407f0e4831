// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/result.h"
#include "transport/http_rules.h"
#include "transport/transport.h"

namespace bso::transport {

/// cpprestsdk behind a wall: its headers, its tasks and its thread stay in cpprest_client.cpp.
///
/// The library runs one pool thread for the process (with more, closing a TLS connection races with
/// its use), and everything of it is touched on that thread alone: beginning a request and breaking
/// one are posted there.
class CpprestClient {
 public:
  /// Called on the pool thread, once. Must not throw.
  using Done = std::function<void(Result<Response>)>;

  /// A request under way.
  struct Ticket {
    /// Breaks the request off; Done is still called. Harmless when repeated or late.
    std::function<void()> cancel;
    /// Whether the server can have got all of it by now.
    std::shared_ptr<const std::atomic<bool>> sent;
  };

  /// Fails when somebody else has started the library's thread pool with its own size.
  [[nodiscard]] static Result<std::shared_ptr<CpprestClient>> make(
      std::shared_ptr<const Peer> peer);

  virtual ~CpprestClient() = default;
  /// `request` as prepare() returned it. Its `timeout` is the caller's to keep.
  virtual Ticket send(Request request, Done done) = 0;
};

}  // namespace bso::transport
