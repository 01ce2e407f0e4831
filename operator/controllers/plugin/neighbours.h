// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "install/bundle_map.h"
#include "install/overlap.h"
#include "kube/document_store.h"

namespace bso::controllers {

/// What the other BlockStoragePlugins have and want, so that none takes what is another's.
class Neighbours {
 public:
  /// The objects that a valid spec asks for.
  using Render = std::function<std::vector<install::ObjectRef>(const install::ParsedSpec& parsed)>;

  /// `plugins` outlives it.
  explicit Neighbours(const kube::DocumentStore& plugins) : plugins_(plugins) {}

  /// Takes the spec away from `parsed` and adds faults when another one keeps what it asks for.
  /// Otherwise, and when it `applies`, its installation counts as begun from here on: the finalizer
  /// that says so to everybody is seen only later.
  void judge(const nlohmann::json& plugin, const std::shared_ptr<const install::Catalog>& catalog,
             const Render& render, bool applies, install::ParsedSpec& parsed);

  /// Names of those whose spec is refused: perhaps because another one keeps what they ask for, and
  /// a change of any other may help them.
  [[nodiscard]] std::vector<std::string> refused() const;

 private:
  struct Known {
    std::string version;                              ///< of the object
    std::shared_ptr<const install::Catalog> catalog;  ///< what it was judged by
    install::Claim claim;
  };

  void forget_gone();
  const install::Claim& claim_of(const kube::Document& other,
                                 const std::shared_ptr<const install::Catalog>& catalog,
                                 const Render& render);

  const kube::DocumentStore& plugins_;
  std::map<std::string, Known> known_;  ///< by name
  std::set<std::string> begun_;         ///< UIDs
};

}  // namespace bso::controllers
