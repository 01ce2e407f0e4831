// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/etcd.h"
#include "support/api.h"

namespace bso::bench {

struct StuckPod {
  std::string key;   ///< "namespace/name"
  std::string path;  ///< of the API
  Put unannotated;   ///< as etcd had it before anyone annotated it
};

/// Makes pods that wait for a FlexVolume which a pod on another node holds, `each` for one of
/// `claims` volumes, with their holders, claims and volumes, in a namespace of that name.
[[nodiscard]] std::vector<StuckPod> make_stuck_pods(const test::Api& api, const Etcd& etcd,
                                                    const std::string& ns, std::size_t claims,
                                                    std::size_t each = 1);

}  // namespace bso::bench
