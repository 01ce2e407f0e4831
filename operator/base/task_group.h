// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <functional>

#include <boost/asio/steady_timer.hpp>

#include "base/task.h"

namespace bso {

/// Coroutines that are waited for together. An exception that escapes one is handed to `on_escape`.
/// One thread only; join() has to have returned before the group is destroyed.
class TaskGroup {
 public:
  using OnEscape = std::function<void(const std::exception&)>;

  TaskGroup(Executor executor, OnEscape on_escape);

  void spawn(Task<void> task);
  /// Returns when every task spawned so far (and by then) has ended.
  Task<void> join();

 private:
  Executor executor_;
  OnEscape on_escape_;
  boost::asio::steady_timer all_ended_;
  int running_ = 0;
};

/// Waits for both. An exception that escapes one of them goes on once both have ended.
Task<void> run_together(Executor executor, Task<void> one, Task<void> other);

/// Opens once; whoever waits goes on then.
class Latch {
 public:
  explicit Latch(Executor executor);
  void open();
  [[nodiscard]] bool is_open() const { return open_; }
  Task<void> wait();

 private:
  boost::asio::steady_timer timer_;
  bool open_ = false;
};

}  // namespace bso
