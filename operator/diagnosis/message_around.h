// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Only for the files that read messages.
namespace bso::diagnosis {

/// The message as Kubernetes wrote it, out of what is found around it: the columns of `kubectl
/// describe`, a line of a log (klog's, or quoted by %q), curly quotes, broken lines. An event's own
/// message comes back as it is, but for its blanks.
[[nodiscard]] std::string without_surroundings(std::string_view message);

/// One space for each run of blanks and control characters, and plain quotes for typographic ones.
[[nodiscard]] std::string with_plain_blanks(std::string_view text);

/// Whether `message` has line breaks, other control characters, runs of spaces or bytes above
/// ASCII's: all that blanks and quotes can be made of.
[[nodiscard]] bool has_odd_blanks(std::string_view message);

}  // namespace bso::diagnosis
