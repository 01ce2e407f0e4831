// SPDX-License-Identifier: Apache-2.0
// Precompiled for the rooms on the event loop. Only for speed: every file includes what it uses.
#pragma once

#include "precompiled.h"

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
