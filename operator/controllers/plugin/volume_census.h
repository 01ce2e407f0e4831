// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stop.h"
#include "base/task.h"
#include "cluster/view.h"
#include "install/volumes.h"

namespace bso::controllers {

/// Counts the volumes of each driver that is asked about, from the view, without a request. A
/// change only marks the count as old: it is made anew every other second at most, and never takes
/// more than a twentieth of the time, however many volumes there are.
class VolumeCensus {
 public:
  using OnChange = std::function<void()>;
  /// Whether the claim of a volume is at risk; nullopt while that is not known of any.
  using AtRisk = std::function<std::optional<bool>(const cluster::Volume& volume)>;

  /// `view` outlives it. `on_change` is told when a count has become another one.
  VolumeCensus(const cluster::View& view, OnChange on_change);

  /// Who tells of claims at risk; without one they are not counted.
  void ask(AtRisk at_risk) { at_risk_ = std::move(at_risk); }
  /// Something about volumes has changed.
  void touch() { outdated_ = true; }
  /// The last count; nullopt when there is none yet, but there will be one from now on.
  [[nodiscard]] std::optional<install::VolumeUse> look(const install::DriverNames& names);
  /// Where the volume of that name is in use, by the present view.
  [[nodiscard]] std::vector<std::string> nodes_of(const std::string& volume) const;

  /// Counts until stopped. To be begun when the view is complete.
  Task<void> run(Stop& stop);

 private:
  Task<void> count_all();
  Task<install::VolumeUse> count(install::DriverNames names);

  const cluster::View& view_;
  OnChange on_change_;
  AtRisk at_risk_;
  std::map<install::DriverNames, std::optional<install::VolumeUse>> counts_;
  bool outdated_ = true;
};

}  // namespace bso::controllers
