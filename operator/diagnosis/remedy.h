// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnosis/verdict.h"

namespace bso::diagnosis {

/// The kubectl commands that fit a verdict, the one to run first; empty when there is nothing to do
/// but wait. They can be pasted as they are. None of them can lose data except where `caution`
/// says so.
struct Remedy {
  std::vector<std::string> commands;
  std::string alternative;  ///< what may be done instead, or what to do for good
  std::string caution;      ///< to be read before running the first command
};

[[nodiscard]] Remedy remedy_for(const Verdict& verdict);

/// The command after which a Deployment stops its old pod before it starts the new one.
[[nodiscard]] std::string recreate_strategy(std::string_view ns, std::string_view deployment);

}  // namespace bso::diagnosis
