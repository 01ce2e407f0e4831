// SPDX-License-Identifier: Apache-2.0
#include "controllers/plugin/volume_census.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/fair_share.h"

namespace bso::controllers {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{250};
constexpr std::chrono::seconds kBetweenCounts{2};
constexpr int kShareOfTime = 20;
/// Between two looks at the clock.
constexpr std::size_t kRowsAtOnce = 128;

}  // namespace

VolumeCensus::VolumeCensus(const cluster::View& view, OnChange on_change)
    : view_(view), on_change_(std::move(on_change)) {}

std::optional<install::VolumeUse> VolumeCensus::look(const install::DriverNames& names) {
  return counts_[names];
}

std::vector<std::string> VolumeCensus::nodes_of(const std::string& volume) const {
  const auto* found = view_.volume(volume);
  return found == nullptr ? std::vector<std::string>() : view_.nodes_of(*found);
}

Task<void> VolumeCensus::run(Stop& stop) {
  auto next = Clock::now();
  while (!stop.requested()) {
    const bool waited_for =
        std::any_of(counts_.begin(), counts_.end(), [](const auto& c) { return !c.second; });
    const auto begun = Clock::now();
    if (waited_for || (outdated_ && begun >= next)) {
      co_await count_all();
      const auto now = Clock::now();
      next = now + std::max<Clock::duration>(kBetweenCounts, (now - begun) * kShareOfTime);
    }
    (void)co_await sleep_for(kLook, stop);
  }
}

Task<void> VolumeCensus::count_all() {
  outdated_ = false;
  std::vector<install::DriverNames> wanted;
  for (const auto& [names, unused] : counts_) wanted.push_back(names);
  bool changed = false;
  for (const auto& names : wanted) {
    auto now = co_await count(names);
    auto& before = counts_.at(names);
    changed = changed || before != now;
    before = std::move(now);
  }
  if (changed) on_change_();
}

Task<install::VolumeUse> VolumeCensus::count(install::DriverNames names) {
  const cluster::View::VolumeMaker maker{
      names.flex_volume ? cluster::VolumeKind::flex_volume : cluster::VolumeKind::csi, names.driver,
      names.provisioner};
  install::VolumeUse use;
  if (at_risk_) use.claims_at_risk = 0;
  const std::function<void(const cluster::Volume&)> add = [&](const cluster::Volume& volume) {
    use.add({.name = volume.name,
             .claim = volume.claim.empty() ? "" : volume.claim_ns.str() + "/" + volume.claim.str(),
             .nodes = view_.nodes_of(volume)});
    if (!use.claims_at_risk) return;
    const auto risky = at_risk_(volume);
    use.claims_at_risk =
        risky ? std::optional(*use.claims_at_risk + (*risky ? 1 : 0)) : std::nullopt;
  };
  FairShare share;
  std::optional<std::uint32_t> next = 0;
  do {
    next = view_.visit_volumes(*next, kRowsAtOnce, maker, add);
    if (share.used_up()) co_await share.give_way();
  } while (next);
  co_return use;
}

}  // namespace bso::controllers
