// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bso {

void Stop::request() {
  if (requested_) return;
  requested_ = true;
  // An action may destroy other registrations: take them one at a time.
  while (!actions_.empty()) {
    auto first = actions_.begin();
    const auto action = std::move(first->second);
    actions_.erase(first);
    action();
  }
}

Stop::Registration::Registration(Stop& stop, std::function<void()> action)
    : stop_(stop), id_(stop.next_id_++) {
  if (stop_.requested_) {
    action();
  } else {
    stop_.actions_.emplace(id_, std::move(action));
  }
}

Stop::Registration::~Registration() { stop_.actions_.erase(id_); }

Task<bool> sleep_for(std::chrono::steady_clock::duration duration, Stop& stop) {
  if (stop.requested()) co_return false;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(duration);
  const Stop::Registration registration(stop, [&timer] { timer.cancel(); });
  boost::system::error_code ignored;
  co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  co_return !stop.requested();
}

}  // namespace bso
