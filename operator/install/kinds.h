// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <span>
#include <string>
#include <string_view>

namespace bso::install {

/// A kind that a bundle may contain. The operator's ClusterRole has to name each of them.
struct KindInfo {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::string_view plural;
  bool namespaced;
};

/// All of them, in the order in which objects are applied.
[[nodiscard]] std::span<const KindInfo> known_kinds();
/// nullptr when the kind is not known.
[[nodiscard]] const KindInfo* find_kind(std::string_view group, std::string_view kind);
/// Kinds that hold a pod template.
[[nodiscard]] bool is_workload(std::string_view kind);
/// Place in the order of application.
[[nodiscard]] int apply_rank(std::string_view group, std::string_view kind);

/// An object's whole address: what a REST path is built from.
struct ObjectRef {
  std::string group{};  ///< "" for the core group
  std::string version{};
  std::string kind{};
  std::string plural{};
  std::string ns{};  ///< "" for objects without a namespace
  std::string name{};

  /// "v1" or "apps/v1".
  [[nodiscard]] std::string api_version() const;
  /// For people: "DaemonSet kube-system/driver", "StorageClass gold".
  [[nodiscard]] std::string display() const;
  /// Same object? The version is only a way to look at it.
  [[nodiscard]] bool same_object(const ObjectRef& other) const;

  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

[[nodiscard]] ObjectRef make_ref(const KindInfo& kind, std::string ns, std::string name);

}  // namespace bso::install
