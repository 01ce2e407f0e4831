// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "base/task.h"

namespace bso::transport {

/// Closes a socket when its time is over, so that whatever is pending on it fails. To put the time
/// off costs a comparison and no timer: a watch does it for each event. (Beast's tcp_stream sets
/// a timer and cancels it for each read and each write.) On the loop only.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  using Socket = boost::asio::ip::tcp::socket;

  /// `socket` outlives it.
  Watchdog(const Executor& executor, Socket& socket);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// In place of any earlier time. A time that is over closes the socket in the loop's next turn.
  void expire_at(Clock::time_point time);
  void expire_never();
  /// It has closed the socket.
  [[nodiscard]] bool expired() const;
  /// For a socket that is opened anew.
  void forget_expiry();
  /// No timer is left pending: a loop that waits for its work to end need not wait for this.
  void stop();

 private:
  struct State;
  static void wait(const std::shared_ptr<State>& state);
  static void wake(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace bso::transport
