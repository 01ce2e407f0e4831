// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "diagnosis/diagnose.h"
#include "runtime/metrics.h"

namespace bso::controllers {

/// What the metrics say of pods that wait for a volume.
class BlockedPods {
 public:
  /// `each_pod`: a series for each pod as well. `metrics` outlives it.
  BlockedPods(runtime::Metrics& metrics, bool each_pod);

  /// The present diagnosis of the pod of this key ("namespace/name").
  void see(const std::string& key, const diagnosis::Diagnosis& diagnosis,
           std::string_view driver_of_remark);
  void forget(const std::string& key);
  /// An annotation was written; `delay` is the time that the pod had waited, told when it is its
  /// first.
  void wrote(const char* op, WallTime since, WallTime now);
  /// Sets the gauges.
  void publish(WallTime now);

 private:
  void leave(const std::string& key);

  struct Blocked {
    runtime::Labels labels;
    runtime::Labels info;  ///< of the pod's own series, which goes with it
    WallTime since;
  };

  runtime::Metrics& metrics_;
  runtime::Histogram delay_;
  bool each_pod_;
  std::map<std::string, Blocked> blocked_;
  std::map<std::string, std::string> unread_;  ///< words that were counted, by pod
  /// Every label set ever shown. One that has lost its last pod stays at 0: a gauge that vanishes
  /// looks like a dead exporter.
  std::map<runtime::Labels, double> count_;
  std::map<runtime::Labels, double> oldest_;
};

}  // namespace bso::controllers
