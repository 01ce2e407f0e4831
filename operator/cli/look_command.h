// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/options.h"

namespace bso::cli {

/// `kubectl blockstorage why [POD]` and `kubectl blockstorage graph [POD]`, on a dump or on the
/// cluster; the exit status.
[[nodiscard]] int look_command(const Options& options);

/// Names of pods that begin with a text, one a line: for completion. Silent when the server does
/// not answer. `ns` "" is the context's namespace.
void print_pod_names(const Options& options, std::string ns, std::string begun);

}  // namespace bso::cli
