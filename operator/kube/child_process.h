// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/task.h"

namespace bso::kube {

struct ChildCommand {
  std::string program;  ///< a path, or a name to be looked for in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  ///< added to ours, or in its place
  /// Keep our standard input and stay in our process group, for a program that asks a person.
  bool interactive = false;
  std::chrono::milliseconds timeout{30'000};
  std::size_t max_output = 1U << 20U;  ///< more on standard output is an error
};

/// Runs a program on the loop until it has ended and returns what it wrote to standard output. It
/// inherits standard input when interactive (else /dev/null) and no other descriptor of ours. When
/// the time is up, or it writes too much, it is killed with its process group. Errors (of kind
/// `io`, `timeout` for the time) say how it ended and quote the beginning of what it wrote to
/// standard error, in one printable line. When there is no such program, or it may not be run, the
/// kind is `invalid_input` and the message begins with "cannot start".
Task<Result<std::string>> run_child(ChildCommand command);

}  // namespace bso::kube
