// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/backoff.h"
#include "fault/fault_proxy.h"
#include "integration/config_maps.h"
#include "integration/live_reflector.h"

namespace bso::test {

/// The sanitizers keep what has been freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryIsOurs = false;
#else
inline constexpr bool kMemoryIsOurs = true;
#endif

/// A fault proxy before the API server of world().
class WorldProxy : public FaultProxy {
 public:
  WorldProxy();
  /// The administrator's, by token.
  [[nodiscard]] std::string admin();
};

/// A reflector of the ConfigMaps of a new namespace, behind a fault proxy. Its pauses are a tenth
/// of what they are otherwise, so that a test can take a second.
class FaultBench {
 public:
  FaultBench();

  std::string ns;
  WorldProxy proxy;
  kube::Reflector::Options options;  ///< to be changed before start()

  /// Makes the reflector, and waits for its first list. By way of another kubeconfig than the
  /// proxy's own when that is not "".
  void start(const std::string& kubeconfig = {});
  /// Waits until the server has answered a WATCH.
  void await_watch();
  /// The same, and until that one is older than a very short one, whose end is followed by a list.
  void settle();
  /// Makes it, and waits for nothing.
  void begin();
  [[nodiscard]] bool begun() const { return live_ != nullptr; }
  [[nodiscard]] LiveReflector& live() { return *live_; }
  [[nodiscard]] bool holds(const std::string& name) const;

  /// Turns until what is held is what etcd holds, key by key with uid and resourceVersion. No
  /// object may have gone back to an older version meanwhile.
  void wait_truth(std::chrono::milliseconds patience = kPatience);

 private:
  std::unique_ptr<LiveReflector> live_;
};

/// How often at most something is tried within a time when a backoff lies between the attempts, the
/// first of them and one that was already under way included.
[[nodiscard]] std::size_t most_attempts(const Backoff::Options& backoff,
                                        std::chrono::milliseconds within);

/// What differs, in words; "" when nothing does.
[[nodiscard]] std::string difference(const Picture& held, const Picture& truth);

}  // namespace bso::test
