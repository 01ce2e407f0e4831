// SPDX-License-Identifier: Apache-2.0
#include "transport/watchdog.h"

#include <boost/asio/steady_timer.hpp>

namespace bso::transport {
namespace {

constexpr auto kNever = Watchdog::Clock::time_point::max();

}  // namespace

/// Shared with the timer's handler, which may run when the watchdog is gone.
struct Watchdog::State {
  State(const Executor& executor, Socket& watched) : timer(executor), socket(&watched) {}

  boost::asio::steady_timer timer;
  Socket* socket;                       ///< null when the watchdog is gone
  Clock::time_point deadline = kNever;  ///< when the time is over
  Clock::time_point wakes = kNever;     ///< when the timer ends; never later than `deadline`
  bool expired = false;
};

Watchdog::Watchdog(const Executor& executor, Socket& socket)
    : state_(std::make_shared<State>(executor, socket)) {}

Watchdog::~Watchdog() {
  stop();
  state_->socket = nullptr;
}

void Watchdog::expire_at(Clock::time_point time) {
  state_->deadline = time;
  // A timer that ends sooner finds out then that the time was put off.
  if (time < state_->wakes) wait(state_);
}

void Watchdog::expire_never() { state_->deadline = kNever; }

bool Watchdog::expired() const { return state_->expired; }

void Watchdog::forget_expiry() { state_->expired = false; }

void Watchdog::stop() {
  state_->deadline = kNever;
  state_->wakes = kNever;
  state_->timer.cancel();
}

void Watchdog::wait(const std::shared_ptr<State>& state) {
  state->wakes = state->deadline;
  state->timer.expires_at(state->deadline);
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (!error && state->socket != nullptr) wake(state);
  });
}

void Watchdog::wake(const std::shared_ptr<State>& state) {
  state->wakes = kNever;
  if (state->deadline == kNever) return;
  if (Clock::now() < state->deadline) return wait(state);
  state->deadline = kNever;
  state->expired = true;
  boost::system::error_code ignored;
  state->socket->close(ignored);
}

}  // namespace bso::transport
