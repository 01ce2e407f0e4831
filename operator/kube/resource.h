// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace bso::kube {

/// A kind as the API serves it. All views are of static storage.
struct Resource {
  std::string_view group;  ///< "" for the core group
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced;
  bool protobuf = true;  ///< how it is read; custom resources exist only as JSON

  [[nodiscard]] std::string api_version() const;
};

inline constexpr Resource pods{"", "v1", "pods", "Pod", true};
inline constexpr Resource claims{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true};
inline constexpr Resource volumes{"", "v1", "persistentvolumes", "PersistentVolume", false};
inline constexpr Resource nodes{"", "v1", "nodes", "Node", false};
inline constexpr Resource namespaces{"", "v1", "namespaces", "Namespace", false};
/// Only ever read as metadata.
inline constexpr Resource secrets{"", "v1", "secrets", "Secret", true, false};
inline constexpr Resource core_events{"", "v1", "events", "Event", true};
inline constexpr Resource service_accounts{"", "v1", "serviceaccounts", "ServiceAccount", true};
inline constexpr Resource config_maps{"", "v1", "configmaps", "ConfigMap", true};
inline constexpr Resource events{"events.k8s.io", "v1", "events", "Event", true};
inline constexpr Resource deployments{"apps", "v1", "deployments", "Deployment", true};
inline constexpr Resource replica_sets{"apps", "v1", "replicasets", "ReplicaSet", true};
inline constexpr Resource daemon_sets{"apps", "v1", "daemonsets", "DaemonSet", true};
inline constexpr Resource stateful_sets{"apps", "v1", "statefulsets", "StatefulSet", true};
inline constexpr Resource storage_classes{"storage.k8s.io", "v1", "storageclasses", "StorageClass",
                                          false};
/// Read as JSON: there is one of them.
inline constexpr Resource leases{"coordination.k8s.io", "v1", "leases", "Lease", true, false};
inline constexpr Resource attachments{"storage.k8s.io", "v1", "volumeattachments",
                                      "VolumeAttachment", false};
inline constexpr Resource cluster_roles{"rbac.authorization.k8s.io", "v1", "clusterroles",
                                        "ClusterRole", false};
inline constexpr Resource cluster_role_bindings{"rbac.authorization.k8s.io", "v1",
                                                "clusterrolebindings", "ClusterRoleBinding", false};
inline constexpr Resource roles{"rbac.authorization.k8s.io", "v1", "roles", "Role", true};
inline constexpr Resource role_bindings{"rbac.authorization.k8s.io", "v1", "rolebindings",
                                        "RoleBinding", true};
inline constexpr Resource csi_drivers{"storage.k8s.io", "v1", "csidrivers", "CSIDriver", false};

/// Path of a collection; `ns` empty means all namespaces (or a cluster-scoped kind).
[[nodiscard]] std::string collection_path(const Resource& resource, std::string_view ns);
/// Path of one object. Name and namespace are percent-encoded.
[[nodiscard]] std::string object_path(const Resource& resource, std::string_view ns,
                                      std::string_view name);

/// Builds "?a=b&c=d" with percent-encoding; empty values are left out.
class Query {
 public:
  Query& add(std::string_view key, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// RFC 3986 percent-encoding of everything but the unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace bso::kube
