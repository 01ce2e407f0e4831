// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <tl/expected.hpp>

#include "base/error.h"

namespace bso {

/// A value, or the Error that stood in its way. Network and input failures travel as values;
/// exceptions are for broken invariants and are caught at the borders of libraries.
template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace bso
