// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task.h"

namespace bso {

/// Keeps a coroutine with much to do from holding the event loop: between steps of its work it asks
/// whether it has had its share and, if so, lets everybody else run first. Probes and the renewal
/// of the leader's lease depend on it.
class FairShare {
 public:
  explicit FairShare(std::chrono::milliseconds share = std::chrono::milliseconds{4})
      : share_(share), since_(std::chrono::steady_clock::now()) {}

  [[nodiscard]] bool used_up() const { return std::chrono::steady_clock::now() - since_ >= share_; }

  /// Comes back when everything that is ready has had a turn.
  Task<void> give_way() {
    const auto executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
    since_ = std::chrono::steady_clock::now();
  }

 private:
  std::chrono::milliseconds share_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace bso
