// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/api.h"

namespace bso::test {

/// Everything in the cluster that an installer may have made, and what the BlockStoragePlugin's
/// status says of it, without what differs between two runs that did the same: identities,
/// versions, times, managed fields, counts of what happened on the way. Objects of Kubernetes
/// itself are left out.
[[nodiscard]] Json cluster_picture(const std::string& plugin = "ibmc-block");

/// Waits until the operator has judged the present spec of the plug-in and has written nothing more
/// for a while.
void wait_settled(const std::string& plugin = "ibmc-block");

/// Deletes the plug-in, waits for its end, and removes by hand what it leaves.
void clear_plugin(const std::string& plugin = "ibmc-block");

}  // namespace bso::test
