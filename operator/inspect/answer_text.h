// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "inspect/answers.h"

namespace bso::inspect {

/// What was asked for, to say so when there is nothing to tell.
struct Scope {
  std::string ns;   ///< "" is all namespaces
  std::string pod;  ///< "" is all pods
  /// What all namespaces together are.
  std::string whole = "the cluster";
};

/// For people: of each pod the sentence, the evidence and the commands; then how many there are.
/// Printable ASCII and line breaks, but for `colour`, which adds the codes of a terminal. Lines of
/// prose are at most 100 characters long; commands are never broken.
[[nodiscard]] std::string answers_text(const Answers& answers, const Scope& scope, bool colour);

/// For programs: {"v": 1, "now": ..., "pods": [...], "warnings": [...]}. A pod has namespace, pod
/// and blocked; one that is blocked also `sentence` and `detail`, which is what the operator writes
/// on it, and others `reason`. Equal answers give equal documents.
[[nodiscard]] nlohmann::json answers_json(const Answers& answers);

}  // namespace bso::inspect
