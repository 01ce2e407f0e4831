// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bso {

/// Wall-clock time as the API writes it (metav1.Time has a resolution of one second).
using WallTime = std::chrono::sys_seconds;

[[nodiscard]] WallTime wall_now();

/// RFC 3339 in UTC, whole seconds: 2026-05-04T03:12:09Z.
[[nodiscard]] std::string to_rfc3339(WallTime time);

/// Reads RFC 3339 as Kubernetes writes it (metav1.Time and MicroTime, "Z" or an offset); fractions
/// of a second are dropped. nullopt when it is not such a text.
[[nodiscard]] std::optional<WallTime> from_rfc3339(std::string_view text);

}  // namespace bso
