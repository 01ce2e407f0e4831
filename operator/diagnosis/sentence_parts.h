// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "diagnosis/remedy.h"
#include "diagnosis/verdict.h"

/// Pieces of sentence(). Only for the files that make it.
namespace bso::diagnosis::say {

inline constexpr std::size_t kMaxQuote = 120;

/// Volume "data" (PVC shop/data)
[[nodiscard]] std::string what(const Verdict& v);
/// "pod a", "pods a and b", "pod a and others", "a pod".
[[nodiscard]] std::string who(const Verdict& v);
/// Where the holder is, seen from the waiting pod.
[[nodiscard]] std::string where(const Verdict& v);
[[nodiscard]] std::string rule(const Semantics& semantics, std::string_view driver);
[[nodiscard]] std::string rule(const Verdict& v);
/// " Run: ...", with what to know before and what else may be done; "" when there is nothing.
[[nodiscard]] std::string run(const Remedy& remedy);

// Sentences about volumes that are on their way, or that nobody lets go.
[[nodiscard]] std::string leaving(const Verdict& v);
[[nodiscard]] std::string lost_node(const Verdict& v);
[[nodiscard]] std::string kept_name(const Verdict& v);
[[nodiscard]] std::string releasing(const Verdict& v);
[[nodiscard]] std::string stale(const Verdict& v);
[[nodiscard]] std::string orphaned(const Verdict& v);
[[nodiscard]] std::string outside(const Verdict& v);
[[nodiscard]] std::string node_side(const Verdict& v);

}  // namespace bso::diagnosis::say
