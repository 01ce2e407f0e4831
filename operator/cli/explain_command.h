// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/options.h"

namespace bso::cli {

/// `kubectl blockstorage explain [FILE...]`; the exit status: 1 when a file or a line could not be
/// read, which is told on standard error. Needs neither cluster nor kubeconfig.
[[nodiscard]] int explain_command(const Options& options);

}  // namespace bso::cli
