// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/stop.h"
#include "base/task_group.h"
#include "controllers/wire.h"
#include "kube/object_sink.h"
#include "kube/reflector.h"

namespace bso::controllers {

/// Several reflectors that run, and count as synced, together.
class Reflectors {
 public:
  explicit Reflectors(const Wire& wire);

  /// `sink` lives as long as this.
  void add(kube::Reflector::Options options, std::unique_ptr<kube::ObjectSink> sink);
  /// The sink belongs to the caller and outlives this.
  void add(kube::Reflector::Options options, kube::ObjectSink& sink);

  /// Runs them all until stopped.
  Task<void> run(Stop& stop);
  /// Returns when every first LIST has been applied, or false when stopped before.
  Task<bool> wait_synced(Stop& stop);
  /// A whole LIST is being put into the store of one of the sinks that were handed over: what that
  /// store tells meanwhile may be no news.
  [[nodiscard]] bool putting_list() const { return putting_list_; }
  void for_each(const std::function<void(const kube::Reflector&)>& visit) const;

 private:
  Wire wire_;
  std::vector<std::unique_ptr<kube::ObjectSink>> sinks_;
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
  std::size_t unsynced_ = 0;
  bool putting_list_ = false;
  Latch synced_;
};

}  // namespace bso::controllers
