// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "transport/calls.h"

namespace bso::transport {

/// Calls by Boost.Beast on the loop. A few connections are kept for the calls that follow.
[[nodiscard]] std::unique_ptr<Calls> make_beast_calls(CallsContext context);

}  // namespace bso::transport
