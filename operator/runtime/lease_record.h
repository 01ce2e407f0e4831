// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace bso::runtime {

/// What a coordination.k8s.io/v1 Lease says about who leads (client-go
/// tools/leaderelection/resourcelock, LeaderElectionRecord). The times are texts as they stand in
/// the object (metav1.MicroTime): nothing is ever concluded from other machines' clocks.
struct LeaseRecord {
  std::string holder;  ///< "" is nobody
  std::int32_t duration_seconds = 0;
  std::string acquired;
  std::string renewed;
  std::int32_t transitions = 0;  ///< how often the holder changed

  bool operator==(const LeaseRecord&) const = default;
};

struct StoredLease {
  LeaseRecord record;
  std::string resource_version;
};

/// Reads any object, whoever wrote it: what is absent, of another type or out of range counts as
/// empty or 0, which is a lease that nobody holds.
[[nodiscard]] StoredLease read_lease(const nlohmann::json& object);

/// `spec` as it is written. Members that are not of the record (a strategy, a preferred holder) are
/// not in it, so a merge patch leaves them alone.
[[nodiscard]] nlohmann::json lease_spec(const LeaseRecord& record);

/// metav1.MicroTime of now.
[[nodiscard]] std::string micro_time_now();

/// How long a lease lasts and how it is kept. Defaults as client-go's and controller-runtime's.
struct LeaseTimes {
  /// Others may take the lease when its record has not changed for this long.
  std::chrono::seconds lease_duration{15};
  /// The holder stops working when it could not renew for this long.
  std::chrono::seconds renew_deadline{10};
  /// Pause between attempts. Who waits for the lease adds up to 1.2 times as much by chance.
  std::chrono::seconds retry_period{2};

  static constexpr double jitter = 1.2;  // client-go tools/leaderelection, JitterFactor
};

/// The error says which must be longer than which (client-go NewLeaderElector).
[[nodiscard]] Result<void> check_lease_times(const LeaseTimes& times);

}  // namespace bso::runtime
