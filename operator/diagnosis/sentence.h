// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "diagnosis/verdict.h"

namespace bso::diagnosis {

/// The value of `blockstorage.dev/mount-conflict`: what a tired administrator needs, in this order:
/// volume and claim, who has it, where, by which rule, whether it heals, and the command. ASCII,
/// one line, about 400 characters unless names are long.
[[nodiscard]] std::string sentence(const Verdict& verdict);

/// The value of `blockstorage.dev/mount-conflict-detail`: the same as JSON for programs, sorted
/// keys, at most kMaxDetail bytes. Equal verdicts give equal bytes.
[[nodiscard]] std::string detail(const Verdict& verdict);
inline constexpr std::size_t kMaxDetail = 2048;

/// An event to write for the waiting pod.
struct Notice {
  bool warning = true;
  std::string reason;
  std::string note;         ///< at most 1024 bytes (events.k8s.io/v1)
  std::string related_pod;  ///< a holder in the same namespace; "" when there is none
  std::string related_uid;
};

/// What is worth an event: a deadlock or a case for an operator at once, a release that takes
/// longer than kReleaseNoticeAfter. Nothing for a mere guess.
[[nodiscard]] std::optional<Notice> notice(const Verdict& verdict, WallTime now);

/// For a pod whose verdict has gone.
[[nodiscard]] Notice resolved_notice();

/// Only printable ASCII, at most `limit` bytes: drivers' words may be anything.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit);

}  // namespace bso::diagnosis
