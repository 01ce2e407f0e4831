// SPDX-License-Identifier: Apache-2.0
#pragma once

// <utility> has to come first: Boost 1.74's awaitable.hpp forgets it (chriskohlhoff/asio#944).
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace bso {

/// A coroutine on the event loop. All of them run on one thread: no locks between them.
template <class T>
using Task = boost::asio::awaitable<T, boost::asio::any_io_executor>;

using Executor = boost::asio::any_io_executor;

}  // namespace bso
