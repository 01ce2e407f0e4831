// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bso::cli {

/// The whole program; the exit status.
[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace bso::cli
