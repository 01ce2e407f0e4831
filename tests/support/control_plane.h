// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "support/process.h"

namespace bso::test {

/// The API server that tests speak to: one of our own (tests/cluster/control-plane.sh, which
/// honours KUBEBUILDER_ASSETS), or the one of $KUBECONFIG when USE_EXISTING_CLUSTER is "true".
class ControlPlane {
 public:
  enum class Kind {
    own_or_existing,
    own  ///< always one of our own, for tests that restart it
  };

  /// Takes about five seconds. `flags` are added to those of kube-apiserver.
  explicit ControlPlane(Kind kind = Kind::own_or_existing, Arguments flags = {});
  /// Takes it down. A guardian process does so too when this process dies before.
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  [[nodiscard]] static bool use_existing();
  [[nodiscard]] bool existing() const { return guardian_ == nullptr; }
  [[nodiscard]] const std::string& kubeconfig() const { return kubeconfig_; }
  [[nodiscard]] const std::string& kubectl() const { return kubectl_; }

  // Only with one of our own.
  [[nodiscard]] std::string file(std::string_view name) const { return directory_.file(name); }
  /// A value of DIR/env, as the script documents them.
  [[nodiscard]] std::string setting(const std::string& key) const;
  /// Ends kube-apiserver by SIGKILL. Its port and data stay.
  void kill_apiserver();
  /// Starts kube-apiserver (anew) on the same port and data.
  void restart_apiserver();
  /// Throws away what etcd knows of the past, so that old resourceVersions are answered by 410.
  void compact_etcd();

 private:
  [[nodiscard]] Finished script(const std::string& command) const;
  void read_settings();

  TemporaryDirectory directory_;
  Arguments flags_;
  std::string kubeconfig_;
  std::string kubectl_;
  std::map<std::string, std::string> settings_;
  std::unique_ptr<Process> guardian_;
  int lifeline_ = -1;
};

}  // namespace bso::test
