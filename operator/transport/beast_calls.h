// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "transport/calls.h"

namespace bso::transport {

/// Calls by Boost.Beast on the loop: one connection for each, so that none meets a connection which
/// the server has just given up.
[[nodiscard]] std::unique_ptr<Calls> make_beast_calls(CallsContext context);

}  // namespace bso::transport
