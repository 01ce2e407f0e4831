// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "controllers/reflectors.h"
#include "diagnosis/driver_rules.h"
#include "diagnosis/learned.h"
#include "diagnosis/semantics.h"
#include "install/bundle_map.h"
#include "kube/document_store.h"
#include "runtime/event_recorder.h"

namespace bso::controllers {

/// What is known of drivers beyond the built-in table: StorageClasses, CSIDriver objects, bundles,
/// the administrator's ConfigMap and what was learned. It has watches of its own, so that
/// diagnosing waits for nothing that the installing half needs.
class DriverKnowledge {
 public:
  using OnChange = std::function<void()>;

  /// `ns` is where the ConfigMap is looked for. All references outlive it.
  DriverKnowledge(const Wire& wire, runtime::EventRecorder& recorder, std::string ns,
                  OnChange on_change);

  Task<void> watch(Stop& stop) { return reflectors_.run(stop); }
  Task<bool> wait_synced(Stop& stop) { return reflectors_.wait_synced(stop); }
  void for_each_reflector(const std::function<void(const kube::Reflector&)>& visit) const {
    reflectors_.for_each(visit);
  }

  /// Valid until the next change.
  [[nodiscard]] const diagnosis::SemanticsOverrides& overrides() const { return overrides_; }

  /// The bundles that count from now on.
  void take_bundles(const install::Catalog& catalog);
  /// A proven verdict may tell what a driver nobody knows does.
  void learn(const diagnosis::Verdict& verdict, WallTime now);
  /// From now on an Event on the ConfigMap says what is wrong with it. Only for the one that acts.
  void speak();

 private:
  void take_rules(const kube::Document& map);
  void say_fault();
  void rebuild();

  runtime::EventRecorder& recorder_;
  std::string ns_;
  OnChange on_change_;
  Reflectors reflectors_;
  kube::DocumentStore maps_;
  kube::DocumentStore classes_;
  kube::DocumentStore drivers_;
  diagnosis::DriverRules rules_;  ///< the last that could be read
  std::string fault_;             ///< what is wrong with those that cannot; "" when nothing is
  std::map<std::string, std::string> bundles_;  ///< what they say, by driver
  diagnosis::LearnedRefusals learned_;
  diagnosis::SemanticsOverrides overrides_;
  bool speaks_ = false;
};

}  // namespace bso::controllers
