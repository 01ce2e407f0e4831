// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "support/api.h"
#include "support/audit_log.h"
#include "support/control_plane.h"
#include "support/kubectl.h"
#include "support/operator_process.h"
#include "support/process.h"

namespace bso::test {

/// What all scenarios share: one API server and the administrator's access to it.
struct World {
  ControlPlane plane;
  Api api{plane.kubectl(), plane.kubeconfig()};
  Kubectl kubectl{plane};

  /// From the present end of the log on.
  [[nodiscard]] AuditLog audit() const { return AuditLog(plane.file("audit.log")); }
};

/// Started at the first call. Tests that need an API server of our own (its audit log, its second
/// user, or that no other controllers run) have the tag [own].
World& world();
/// Takes it down; main() calls it.
void end_world();

/// The operator's program: $BSO_TEST_OPERATOR, else the one of this build.
[[nodiscard]] std::string operator_program();

/// The operator with the administrator's rights, as the only replica: it waits for no lease.
[[nodiscard]] OperatorProcess::Options operator_options();
[[nodiscard]] OperatorProcess::Options operator_options(const std::string& kubeconfig);

/// One of several replicas, which agree by a Lease in this namespace.
[[nodiscard]] OperatorProcess::Options replica_options(const std::string& kubeconfig,
                                                       const std::string& identity,
                                                       const std::string& lease_namespace);

/// The kubeconfig of the operator's own ServiceAccount, with the rights that manifests/10-rbac.yaml
/// gives it; a file in `directory`.
[[nodiscard]] std::string own_rights_kubeconfig(const TemporaryDirectory& directory);

/// A new namespace whose name begins with `prefix`.
[[nodiscard]] std::string make_namespace(const std::string& prefix);

/// Applies crds/ and waits until the API serves it.
void install_crd();

/// Of what a test does at random: BSO_TEST_SEED, or else another one in each run.
[[nodiscard]] unsigned seed();

}  // namespace bso::test
