// SPDX-License-Identifier: Apache-2.0
#include "runtime/clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bso::runtime {
namespace {

class SystemClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return wall_now(); }
  void set(boost::asio::steady_timer& timer, Instant at) override { timer.expires_at(at); }
  void drop(boost::asio::steady_timer&) override {}
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Alarm::Alarm(Executor executor, Clock& clock)
    : clock_(clock), timer_(std::move(executor), Instant::max()) {}

Alarm::~Alarm() { clock_.drop(timer_); }

Task<void> Alarm::wait_until(Instant at) {
  if (at <= clock_.now()) co_return;
  if (at != until_) {
    until_ = at;
    clock_.set(timer_, at);
  }
  boost::system::error_code ignored;
  co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

}  // namespace bso::runtime
