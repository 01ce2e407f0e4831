// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "controllers/reflectors.h"
#include "install/kinds.h"
#include "kube/document_store.h"

namespace bso::controllers {

/// The resource behind an object's address. nullopt for kinds that no bundle may contain.
[[nodiscard]] std::optional<kube::Resource> resource_of(const install::ObjectRef& ref);

/// What stands in the cluster under the names that bundles use. Our own objects are followed by a
/// watch with our label, StorageClasses all (the default class may be anybody's); only a name that
/// is in no store is asked for, because it may be somebody else's object.
class Children {
 public:
  using OnChange = std::function<void(const kube::Document& child)>;

  Children(const Wire& wire, Reflectors& reflectors, OnChange on_change);

  /// The object as last seen or, when newer, as our own last write returned it. nullptr: none.
  Task<Result<codec::JsonPtr>> look(install::ObjectRef ref);

  /// Remembers what a write returned, so that the next decision is not made from the picture before
  /// it while the watch still lags.
  void wrote(const install::ObjectRef& ref, codec::JsonPtr answer);
  void removed(const install::ObjectRef& ref);

 private:
  using Address = std::pair<std::string, std::pair<std::string, std::string>>;
  [[nodiscard]] static Address address_of(const install::ObjectRef& ref);

  kube::Client& client_;
  std::map<std::string, std::unique_ptr<kube::DocumentStore>> stores_;  ///< by kind
  struct Written {
    codec::JsonPtr answer;
    std::chrono::steady_clock::time_point when;
  };
  std::map<Address, Written> written_;
};

}  // namespace bso::controllers
