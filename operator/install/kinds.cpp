// SPDX-License-Identifier: Apache-2.0
#include "install/kinds.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bso::install {
namespace {

// Rights and settings before what uses them; the CSIDriver before anything is attached; classes
// before the provisioner, which looks them up when it starts.
constexpr std::array<KindInfo, 11> kKinds{{
    {"storage.k8s.io", "v1", "CSIDriver", "csidrivers", false},
    {"", "v1", "ConfigMap", "configmaps", true},
    {"", "v1", "ServiceAccount", "serviceaccounts", true},
    {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false},
    {"rbac.authorization.k8s.io", "v1", "Role", "roles", true},
    {"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false},
    {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true},
    {"storage.k8s.io", "v1", "StorageClass", "storageclasses", false},
    {"apps", "v1", "StatefulSet", "statefulsets", true},
    {"apps", "v1", "Deployment", "deployments", true},
    {"apps", "v1", "DaemonSet", "daemonsets", true},
}};

}  // namespace

std::span<const KindInfo> known_kinds() { return kKinds; }

bool is_workload(std::string_view kind) {
  return kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet";
}

const KindInfo* find_kind(std::string_view group, std::string_view kind) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo& info) {
    return info.group == group && info.kind == kind;
  });
  return found == kKinds.end() ? nullptr : found;
}

int apply_rank(std::string_view group, std::string_view kind) {
  const KindInfo* info = find_kind(group, kind);
  return info == nullptr ? static_cast<int>(kKinds.size()) : static_cast<int>(info - kKinds.data());
}

std::string ObjectRef::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

std::string ObjectRef::display() const {
  return ns.empty() ? kind + " " + name : kind + " " + ns + "/" + name;
}

bool ObjectRef::same_object(const ObjectRef& other) const {
  return group == other.group && kind == other.kind && ns == other.ns && name == other.name;
}

ObjectRef make_ref(const KindInfo& kind, std::string ns, std::string name) {
  return {.group = std::string(kind.group),
          .version = std::string(kind.version),
          .kind = std::string(kind.kind),
          .plural = std::string(kind.plural),
          .ns = kind.namespaced ? std::move(ns) : std::string(),
          .name = std::move(name)};
}

}  // namespace bso::install
