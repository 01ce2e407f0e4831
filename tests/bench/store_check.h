// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/task.h"
#include "bench/rooms.h"

namespace bso::bench {

struct StoreCheck {
  std::size_t listed = 0;
  std::size_t kept = 0;       ///< pods of the view
  std::size_t missing = 0;    ///< listed, to be kept, and not in the view
  std::size_t different = 0;  ///< in the view with another resourceVersion
  std::size_t surplus = 0;    ///< in the view only
};

/// Compares the view's pods with a quorum LIST of the server.
Task<StoreCheck> check_store(Rooms& rooms);

}  // namespace bso::bench
