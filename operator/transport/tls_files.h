// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "transport/transport.h"

namespace bso::transport {

/// An Endpoint whose CA and client certificate come from files that rotate: cert-manager writes
/// them anew, the kubelet swaps a symbolic link (..data) above them. What they hold is looked at,
/// not their times: at most once a minute, or at once after a failed handshake. client-go does the
/// same (transport/ca_rotation.go and cert_rotation.go, 1.36).
class TlsFiles {
 public:
  TlsFiles(Endpoint endpoint, SteadyClock clock);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

  /// Reads the files again if that is due or wanted `at_once`. What cannot be used (empty, cut in
  /// the middle, a certificate whose key has not come yet) is warned of once and left alone: the
  /// old material goes on, and the files are looked at again soon.
  void refresh(bool at_once);

 private:
  [[nodiscard]] Result<Endpoint> read() const;

  Endpoint endpoint_;
  SteadyClock clock_;
  bool has_files_;
  std::chrono::steady_clock::time_point due_;
  bool warned_ = false;  ///< once for each row of failures
};

}  // namespace bso::transport
