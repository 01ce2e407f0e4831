// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/task.h"
#include "cli/options.h"
#include "cli/session.h"

namespace bso::cli {

/// `kubectl blockstorage plan FILE`; the exit status.
Task<int> plan_command(Session& session, const Options& options);

}  // namespace bso::cli
