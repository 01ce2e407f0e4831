// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/task.h"
#include "cli/session.h"
#include "kube/client.h"

namespace bso::cli {

/// Names of objects that begin with a text, one a line: for completion. Silent when the server does
/// not answer. `ns` "" is all namespaces, or none.
Task<int> print_names(Session& session, kube::Resource resource, std::string ns, kube::Query query,
                      std::string begun);

}  // namespace bso::cli
