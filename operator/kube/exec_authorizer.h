// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "kube/child_process.h"
#include "kube/client_config.h"

namespace bso::kube {

/// What the plug-in is run with; tests pass their own.
struct ExecSurroundings {
  std::function<Task<Result<std::string>>(ChildCommand)> run = run_child;
  std::function<WallTime()> now = wall_now;
  std::function<bool()> is_terminal;  ///< standard input is one
};

[[nodiscard]] ExecSurroundings surroundings_of_process();

/// Credentials that a plug-in prints. It is run before the first request, 10 s before what it said
/// expires, and after a 401; all requests that wait then share one run. `source` is the kubeconfig,
/// for messages. They name the plug-in, quote what it wrote to standard error and, when it is not
/// there, tell its installHint. What it prints on standard output is never repeated.
[[nodiscard]] std::shared_ptr<transport::Authorizer> make_exec_authorizer(
    ExecPlugin plugin, std::string source,
    ExecSurroundings surroundings = surroundings_of_process());

}  // namespace bso::kube
