// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <boost/asio/steady_timer.hpp>

#include "base/task.h"

namespace bso::cli {

/// Tells on standard error what the program is doing when that takes longer than a second, so that
/// nobody takes it for dead. One line a second at most, and none for the same thing twice.
class Progress {
 public:
  explicit Progress(const Executor& executor);
  ~Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// "asking for Deployment kube-system/driver".
  void at(std::string what) { what_ = std::move(what); }
  /// No more lines.
  void end() { timer_.cancel(); }

 private:
  void wait();

  boost::asio::steady_timer timer_;
  std::string what_;
  std::string told_;
};

}  // namespace bso::cli
