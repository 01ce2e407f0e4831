// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/plugin/look.h"
#include "controllers/reflectors.h"
#include "install/kinds.h"
#include "kube/document_store.h"

namespace bso::controllers {

/// The resource behind an object's address. nullopt for kinds that no bundle may contain.
[[nodiscard]] std::optional<kube::Resource> resource_of(const install::ObjectRef& ref);

/// Objects that carry our labels with this plug-in's name, asked for live and from etcd. `client`
/// outlives the call.
Task<Result<std::vector<install::ObjectRef>>> list_owned_by(kube::Client& client,
                                                            std::string plugin);

/// What stands in the cluster under the names that bundles use. Our own objects are followed by a
/// watch with our label, StorageClasses and CSIDrivers all (the default class may be anybody's, and
/// so may a driver); only a name of another kind that is in no store is asked for, because it may
/// be somebody else's object.
class Children {
 public:
  using OnChange = std::function<void(const kube::Document& child)>;

  Children(const Wire& wire, Reflectors& reflectors, OnChange on_change);

  /// The object as last seen or, when newer, as our own last write returned it. nullptr: none.
  /// A name that is in no store is asked for, unless it was less than `answer_holds` ago: for those
  /// who only look, and do so again and again.
  Task<Result<codec::JsonPtr>> look(install::ObjectRef ref,
                                    std::chrono::seconds answer_holds = std::chrono::seconds{0});

  /// Whether a CSIDriver of that name is there, whoever made it. It costs no request.
  [[nodiscard]] bool has_csi_driver(const std::string& name) const;
  /// All StorageClasses of the cluster, seen as look() sees one.
  [[nodiscard]] std::vector<codec::JsonPtr> storage_classes();
  /// Objects that carry our labels with this plug-in's name, as the watches show them.
  [[nodiscard]] std::vector<install::ObjectRef> owned_by(const std::string& plugin) const;
  /// The same asked for live, and from etcd.
  Task<Result<std::vector<install::ObjectRef>>> list_owned_by(std::string plugin) {
    return controllers::list_owned_by(client_, std::move(plugin));
  }

  /// Remembers what a write returned, so that the next decision is not made from the picture before
  /// it while the watch still lags.
  void wrote(const install::ObjectRef& ref, codec::JsonPtr answer);
  void removed(const install::ObjectRef& ref);
  /// The same, of an object that is surely gone: a watch that still shows it is not believed.
  void gone(const install::ObjectRef& ref, std::string uid);

 private:
  using Address = std::pair<std::string, std::pair<std::string, std::string>>;
  [[nodiscard]] static Address address_of(const install::ObjectRef& ref);
  /// By what is stored and what was written; nullptr: neither tells of it.
  codec::JsonPtr remembered(const Address& address);

  kube::Client& client_;
  std::map<std::string, std::unique_ptr<kube::DocumentStore>> stores_;  ///< by kind
  struct Written {
    codec::JsonPtr answer;
    std::chrono::steady_clock::time_point when;
  };
  std::map<Address, Written> written_;
  std::map<Address, std::string> gone_;  ///< UIDs, until the watch tells so too
  std::map<Address, Written> asked_;     ///< answers about names in no store; nullptr: none
};

/// Looks at Children without hurry, as one does who only plans.
class PatientLook final : public Look {
 public:
  PatientLook(Children& children, std::chrono::seconds answer_holds)
      : children_(children), answer_holds_(answer_holds) {}
  Task<Result<codec::JsonPtr>> look(install::ObjectRef ref) override {
    return children_.look(std::move(ref), answer_holds_);
  }

 private:
  Children& children_;
  std::chrono::seconds answer_holds_;
};

}  // namespace bso::controllers
