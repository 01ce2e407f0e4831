// SPDX-License-Identifier: Apache-2.0
// Mends libfaketime 0.9.10, to be preloaded before it. Asio sets its timerfd to the absolute time
// of 1 ns when a timer is due already (Boost 1.74 asio/detail/impl/epoll_reactor.ipp, get_timeout),
// and libfaketime turns that into a time that never comes: from then on no timer of the program
// ends. A busy machine gets there within a minute.
#include <dlfcn.h>
#include <sys/timerfd.h>

extern "C" __attribute__((visibility("default"))) int timerfd_settime(int timer, int flags,
                                                                      const itimerspec* value,
                                                                      itimerspec* old) noexcept {
  static const auto next =
      reinterpret_cast<decltype(&::timerfd_settime)>(::dlsym(RTLD_NEXT, "timerfd_settime"));
  const bool due = (flags & TFD_TIMER_ABSTIME) != 0 && value->it_value.tv_sec == 0;
  if (!due) return next(timer, flags, value, old);
  // Not as short that a division by the speed makes it 0, which would stop the timer.
  constexpr itimerspec kAtOnce{{0, 0}, {0, 1000}};
  return next(timer, flags & ~TFD_TIMER_ABSTIME, &kAtOnce, old);
}
