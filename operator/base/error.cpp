// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <algorithm>

namespace bso {

bool Error::has_cause(std::string_view wanted) const {
  return std::any_of(causes.begin(), causes.end(),
                     [&](const StatusCause& cause) { return cause.reason == wanted; });
}

Error Error::with_context(std::string_view prefix) && {
  message.insert(0, std::string(prefix) + ": ");
  return std::move(*this);
}

Error invalid_input(std::string message) {
  Error error;
  error.kind = ErrorKind::invalid_input;
  error.message = std::move(message);
  return error;
}

}  // namespace bso
