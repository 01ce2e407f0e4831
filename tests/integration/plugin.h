// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "support/api.h"
#include "support/eventually.h"

namespace bso::test {

inline constexpr const char* kPlugins = "/apis/blockstorage.dev/v1alpha1/blockstorageplugins";
inline constexpr const char* kClasses = "/apis/storage.k8s.io/v1/storageclasses";
inline constexpr const char* kClusterRoles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
inline constexpr const char* kClusterRoleBindings =
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// The objects that the bundle ibmc-block installs, by path.
inline const std::string kProvisioner =
    "/apis/apps/v1/namespaces/kube-system/deployments/ibmcloud-block-storage-plugin";
inline const std::string kNodeDriver =
    "/apis/apps/v1/namespaces/kube-system/daemonsets/ibmcloud-block-storage-driver";
inline const std::string kAccount =
    "/api/v1/namespaces/kube-system/serviceaccounts/ibmcloud-block-storage-plugin";

/// The path of an object in a collection.
[[nodiscard]] std::string item(const std::string& collection, const std::string& name);

/// Names of its StorageClasses.
[[nodiscard]] const std::vector<std::string>& class_names();
/// All of its objects, by path.
[[nodiscard]] std::vector<std::string> managed_paths();

/// A test that installs plug-ins: leaves a cluster without any of them at both ends, with the CRD.
class PluginTest {
 public:
  PluginTest();
  ~PluginTest();
  PluginTest(const PluginTest&) = delete;
  PluginTest& operator=(const PluginTest&) = delete;
};

/// Removes all plug-ins and whatever the bundle installs, without asking the operator: finalizers
/// are struck. While an operator runs, it may still be repairing what goes here: uninstall_plugin()
/// is for that, unless the race itself is the test.
void remove_plugins();

/// A BlockStoragePlugin for the driver ibmc-block; `spec` is merged over it.
Json create_plugin(const Json& spec = Json::object(), const std::string& name = "ibmc-block");
[[nodiscard]] Json plugin(const std::string& name = "ibmc-block");
[[nodiscard]] Json condition(const Json& plugin, const std::string& type);

/// Waits until the condition has this status for the present generation, and returns it.
Json wait_condition(const std::string& type, const std::string& status,
                    const std::string& reason = {}, const std::string& name = "ibmc-block");

/// Waits until all objects of the bundle are there and the status says that they are applied.
void wait_applied(std::chrono::milliseconds deadline = kPatience);

/// Deletes the plug-in as a user does, and waits until the operator has taken everything away.
void uninstall_plugin();

/// Plays the controllers of Deployments and DaemonSets, which do not run here: `ready` of `desired`
/// node pods are ready, the provisioner is `provisioner_ready`.
void play_workloads(int desired, int ready, bool provisioner_ready = true);

}  // namespace bso::test
