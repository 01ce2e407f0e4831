// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "bench/etcd.h"
#include "support/api.h"

namespace bso::bench {

/// Makes any number of pods as etcd stores them, from two that the API server has made: a third of
/// them with a claim. All are running and ready, ten have one owner, of which there are 50
/// namespaces full.
class PodMold {
 public:
  /// Has the two made, takes what etcd holds of them, and removes them.
  [[nodiscard]] static PodMold cast(const test::Api& api, const Etcd& etcd);
  /// What save() has written; throws test::TestFailure when there is none.
  [[nodiscard]] static PodMold load(const std::string& directory);
  void save(const std::string& directory) const;

  /// Pod number `index` below a million, as it is after `tick` updates (below 10^8).
  [[nodiscard]] Put pod(std::size_t index, std::size_t tick) const;

  /// Bytes of one, the average over both sorts.
  [[nodiscard]] std::size_t stored_bytes() const;
  [[nodiscard]] std::size_t json_bytes() const { return json_bytes_; }

 private:
  struct Sample {
    std::string value;
    std::string uid;  ///< the server's choice
  };

  std::array<Sample, 2> samples_;  ///< without and with a claim
  std::size_t json_bytes_ = 0;
};

}  // namespace bso::bench
