// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bso::runtime {

/// What tells this process from all others that want the lease.
struct LeaseIdentitySources {
  std::string given = {};     ///< by the administrator; wins
  std::string pod_name = {};  ///< POD_NAME and POD_UID of the downward API
  std::string pod_uid = {};
  std::string host = {};
  std::uint64_t random = 0;
};

/// In a pod POD_NAME_POD_UID: a container that is restarted in its pod is the same again and need
/// not wait for its own lease to run out (the kubelet starts it only when the one before has
/// ended). Elsewhere the host's name and a random number, as nothing guarantees that there is only
/// one process of a host. Fails when the given one is no readable word.
[[nodiscard]] Result<std::string> lease_identity(const LeaseIdentitySources& sources);

}  // namespace bso::runtime
