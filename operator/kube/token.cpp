// SPDX-License-Identifier: Apache-2.0
#include "kube/token.h"

#include <algorithm>

#include <fmt/format.h>

#include "kube/config_file.h"

namespace bso::kube {

Result<std::string> clean_token(std::string_view text, std::string_view where) {
  const std::string_view token = trim(text);
  if (token.empty()) return fail(invalid_input(fmt::format("{} is empty", where)));
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (!printable) {
    return fail(invalid_input(fmt::format(
        "{} has a space, a control or a non-ASCII character in it: it is no token", where)));
  }
  return std::string(token);
}

}  // namespace bso::kube
