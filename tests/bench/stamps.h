// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "transport/transport.h"

namespace bso::bench {

/// Monotonic time in nanoseconds, the same for all processes of the machine.
using Nanoseconds = std::int64_t;
[[nodiscard]] Nanoseconds now_ns();

/// When bytes passed the border to the kernel. The program's own recv() and send() stand before
/// those of the C library and note it, so that TLS, the HTTP library and its threads are inside
/// what is measured.
class Stamps {
 public:
  /// When this thread last got bytes from a socket.
  [[nodiscard]] static Nanoseconds last_received();

  /// From now on every send() of any thread is noted.
  static void begin_sends();
  /// The last one since begin_sends(); 0 when there was none. Ends the noting.
  static Nanoseconds end_sends();
};

/// A Transport that tells when the watch of the pods gets bytes, and when patches of pods go out.
class StampingTransport final : public transport::Transport {
 public:
  struct Listener {
    /// The watch has applied all it got, and asks for more.
    std::function<void()> on_applied;
    /// Bytes that the watch gets came from the socket at that time.
    std::function<void(Nanoseconds received)> on_bytes;
    /// The transport is asked to send a patch of this path; it was answered, and the last of it had
    /// been given to the socket at that time, if it was the only one under way.
    std::function<void(const std::string& path)> on_asked;
    std::function<void(const std::string& path, Nanoseconds sent)> on_sent;
    /// Any request that is no watch.
    std::function<void(const std::string& method, const std::string& target)> on_request;
  };

  StampingTransport(std::unique_ptr<transport::Transport> inner, Listener listener);

  Task<Result<transport::Response>> call(transport::Request request) override;
  Task<Result<std::unique_ptr<transport::BodyStream>>> open(transport::Request request) override;

 private:
  std::unique_ptr<transport::Transport> inner_;
  Listener listener_;
};

}  // namespace bso::bench
