// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/task.h"
#include "cli/options.h"
#include "cli/session.h"

namespace bso::cli {

/// `kubectl blockstorage status [NAME]`; the exit status.
Task<int> status_command(Session& session, const Options& options);

/// Names of the BlockStoragePlugins that begin with a text, one a line: for completion. Silent when
/// the server does not answer.
Task<int> print_plugin_names(Session& session, std::string begun);

}  // namespace bso::cli
