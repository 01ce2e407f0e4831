// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "fake_clock.h"
#include "runtime/work_queue.h"

namespace bso::runtime {

using Keys = std::vector<std::string>;

/// A queue on a clock that the test turns. get() takes as a worker would.
struct QueueRig {
  boost::asio::io_context loop;
  FakeClock clock;
  Metrics metrics;
  WorkQueue queue{loop.get_executor(), clock, metrics, "test"};
  Stop stop;
  Keys taken;  ///< by the workers of start(), in the order they got them

  QueueRig() = default;
  ~QueueRig() {
    stop.request();  // who still waits refers to the members
    poll();
  }

  /// The next key, or "(none)" when get() would wait, or "(stopped)".
  std::string get() { return get_item().key; }
  WorkQueue::Item get_item() {
    std::optional<WorkQueue::Item> item;
    bool ended = false;
    Stop giving_up;  // ends the wait, so that the next get() is the only one
    boost::asio::co_spawn(loop, get_into(stop.requested() ? stop : giving_up, item, ended),
                          boost::asio::detached);
    poll();
    if (!ended) {
      giving_up.request();
      poll();
      return {"(none)", 0};
    }
    return item ? *item : WorkQueue::Item{"(stopped)", 0};
  }
  /// Takes all that is ready, without done().
  Keys drain() {
    Keys keys;
    for (auto key = get(); key != "(none)" && key != "(stopped)"; key = get()) keys.push_back(key);
    return keys;
  }

  /// A worker that takes `count` keys and leaves them locked.
  void start(int count) { boost::asio::co_spawn(loop, take(count), boost::asio::detached); }
  void poll() {
    loop.restart();
    loop.poll();
  }
  void advance(Clock::Duration by) {
    clock.advance(by);
    poll();
  }

 private:
  Task<void> get_into(Stop& until, std::optional<WorkQueue::Item>& into, bool& ended) {
    into = co_await queue.get(until);
    ended = into.has_value() || stop.requested();
  }
  Task<void> take(int count) {
    for (int i = 0; i < count; ++i) {
      const auto item = co_await queue.get(stop);
      taken.push_back(item ? item->key : std::string("(stopped)"));
    }
  }
};

}  // namespace bso::runtime
