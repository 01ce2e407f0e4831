// SPDX-License-Identifier: Apache-2.0
#include "runtime/lease_identity.h"

#include <algorithm>

#include <fmt/format.h>

namespace bso::runtime {
namespace {

constexpr std::size_t kLongest = 253;

}  // namespace

Result<std::string> lease_identity(const LeaseIdentitySources& sources) {
  if (!sources.given.empty()) {
    const bool readable = std::all_of(sources.given.begin(), sources.given.end(),
                                      [](char c) { return c > ' ' && c < 0x7F; });
    if (!readable || sources.given.size() > kLongest) {
      return fail(invalid_input(fmt::format(
          "a leader's identity has to be 1 to {} visible ASCII characters without spaces",
          kLongest)));
    }
    return sources.given;
  }
  if (!sources.pod_name.empty() && !sources.pod_uid.empty()) {
    return fmt::format("{}_{}", sources.pod_name, sources.pod_uid);
  }
  return fmt::format("{}_{:016x}", sources.host, sources.random);
}

}  // namespace bso::runtime
