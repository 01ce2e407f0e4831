// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "controllers/cluster_feed.h"
#include "controllers/wire.h"
#include "diagnosis/outlook.h"
#include "runtime/controller.h"
#include "runtime/event_recorder.h"
#include "runtime/metrics.h"

namespace bso::controllers {

/// Tells of claims whose users cannot all run before one of them is stuck: an Event on the owner
/// and one on the claim, which stand as long as it is so; a metric; and, for who asks, the claims
/// themselves. It sends no request of its own.
class OutlookController {
 public:
  using OnChange = std::function<void()>;
  /// What is known of drivers. Valid until the next change of it.
  using Overrides = std::function<const diagnosis::SemanticsOverrides&()>;

  /// So many claims have Events at a time; the rest are only counted. Events that stand are written
  /// anew every half an hour, and those about pods that are stuck now wait behind them.
  static constexpr std::size_t kMostTold = 250;
  /// What may go well gets none from here on: default Deployments are many.
  static constexpr std::size_t kMostToldOfChance = kMostTold / 2;

  /// All references outlive it. It does not wait for watches: its owner does.
  OutlookController(const Wire& wire, ClusterFeed& feed, const cluster::View& view,
                    runtime::EventRecorder& recorder, runtime::Metrics& metrics,
                    Overrides overrides);

  /// What is known of drivers has changed: every claim is looked at again.
  void look_at_all();
  /// Works until stopped; only one replica may, and the view has to be complete. Before that
  /// nothing is queued.
  Task<void> act(Stop& stop);

  /// Whether the claim of this volume is at risk; nullopt until all were looked at once.
  [[nodiscard]] std::optional<bool> at_risk(const cluster::Volume& volume) const;
  /// Told after what at_risk() answers has changed for some volume.
  void on_change(OnChange listener) { on_change_ = std::move(listener); }

 private:
  struct Known {
    std::string pv;
    diagnosis::Risk risk = diagnosis::Risk::replicas_cannot_share;
    bool told = false;  ///< its Events stand
  };

  Task<Result<runtime::Outcome>> reconcile(std::string key);
  Task<void> sweep(Stop& stop);
  Task<void> look_at_each(Stop& stop);
  void judge(const std::string& key);
  void tell(const std::string& key, Known& known, const diagnosis::Outlook& outlook);
  void forget(const std::string& key);
  void publish();

  Executor executor_;
  const cluster::View& view_;
  runtime::EventRecorder& recorder_;
  runtime::Metrics& metrics_;
  Overrides overrides_;
  runtime::Controller controller_;
  runtime::Alarm wake_;  ///< rung when every claim is to be looked at
  OnChange on_change_ = [] {};
  bool acting_ = false;
  bool all_outdated_ = true;  ///< every claim is still to be looked at
  bool complete_ = false;     ///< every claim was looked at once

  std::map<std::string, Known, std::less<>> known_;  ///< claims at risk, by "namespace/name"
  std::size_t told_ = 0;
  bool said_too_many_ = false;               ///< in the log
  std::map<runtime::Labels, double> gauge_;  ///< every label set ever shown
};

}  // namespace bso::controllers
