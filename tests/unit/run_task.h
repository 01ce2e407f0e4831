// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/task.h"

namespace bso::test {

/// Runs the loop until the coroutine has ended (and whatever else is on the loop).
template <class T>
T run(boost::asio::io_context& loop, Task<T> task) {
  std::optional<T> result;
  std::exception_ptr escaped;
  boost::asio::co_spawn(Executor(loop.get_executor()), std::move(task),
                        [&](std::exception_ptr exception, T value) {
                          escaped = exception;
                          if (!exception) result.emplace(std::move(value));
                        });
  loop.restart();
  loop.run();
  if (escaped) std::rethrow_exception(escaped);
  return std::move(result.value());
}

}  // namespace bso::test
