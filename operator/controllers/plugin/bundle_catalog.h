// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controllers/reflectors.h"
#include "install/bundle.h"
#include "install/bundle_map.h"
#include "kube/document_store.h"
#include "runtime/event_recorder.h"

namespace bso::controllers {

/// The bundles in the program and those of ConfigMaps in the operator's namespace, which are
/// watched by their label. A ConfigMap is read once for each of its versions.
class BundleCatalog {
 public:
  /// Called when a bundle has come, gone or changed.
  using OnChange = std::function<void()>;

  /// `ns` is where ConfigMaps are looked for. All references outlive it.
  BundleCatalog(Reflectors& reflectors, runtime::EventRecorder& recorder, std::string ns,
                std::vector<install::Bundle> shipped, OnChange on_change);

  /// What counts now. Who works with it keeps it: a change makes another one.
  [[nodiscard]] std::shared_ptr<const install::Catalog> current() const { return current_; }
  /// Whether it ships with the operator: then no ConfigMap concerns it.
  [[nodiscard]] bool is_shipped(const std::string& bundle) const;

  /// From now on Events on the ConfigMaps say what is wrong with them. Only for the one that acts.
  void speak();

 private:
  void take(const kube::Document& map);
  void rebuild();
  void say(const install::BundleMap& map);

  runtime::EventRecorder& recorder_;
  std::vector<install::Bundle> shipped_;
  OnChange on_change_;
  kube::DocumentStore maps_;
  std::map<std::string, install::BundleMap> read_;  ///< by name of the ConfigMap
  std::map<std::string, std::string> said_;         ///< the same; for the log
  std::shared_ptr<const install::Catalog> current_;
  bool speaks_ = false;
};

}  // namespace bso::controllers
