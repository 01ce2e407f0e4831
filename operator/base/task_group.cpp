// SPDX-License-Identifier: Apache-2.0
#include "base/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bso {

using boost::asio::steady_timer;

TaskGroup::TaskGroup(Executor executor, OnEscape on_escape)
    : executor_(executor),
      on_escape_(std::move(on_escape)),
      all_ended_(std::move(executor), steady_timer::time_point::max()) {}

void TaskGroup::spawn(Task<void> task) {
  ++running_;
  boost::asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr escaped) {
    if (escaped) {
      try {
        std::rethrow_exception(escaped);
      } catch (const std::exception& exception) {
        on_escape_(exception);
      }
    }
    if (--running_ == 0) all_ended_.cancel();
  });
}

Task<void> TaskGroup::join() {
  while (running_ > 0) {
    boost::system::error_code ignored;
    co_await all_ended_.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

Task<void> run_together(Executor executor, Task<void> one, Task<void> other) {
  std::exception_ptr first;
  TaskGroup group(std::move(executor), [&first](const std::exception&) {
    if (!first) first = std::current_exception();
  });
  group.spawn(std::move(one));
  group.spawn(std::move(other));
  co_await group.join();
  if (first) std::rethrow_exception(first);
}

Latch::Latch(Executor executor) : timer_(std::move(executor), steady_timer::time_point::max()) {}

void Latch::open() {
  open_ = true;
  timer_.cancel();
}

Task<void> Latch::wait() {
  while (!open_) {
    boost::system::error_code ignored;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

}  // namespace bso
