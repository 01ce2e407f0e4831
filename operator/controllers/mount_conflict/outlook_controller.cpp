// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/outlook_controller.h"

#include <fmt/format.h>

#include "base/fair_share.h"
#include "base/log.h"
#include "base/task_group.h"

namespace bso::controllers {
namespace {

std::string claim_key(std::string_view ns, std::string_view claim) {
  return fmt::format("{}/{}", ns, claim);
}

// Other holders' keys are those of pods, which have no blank.
std::string owners_note_key(const std::string& key) { return "owner of " + key; }
std::string claims_note_key(const std::string& key) { return "claim " + key; }

runtime::EventNote note_of(const diagnosis::Outlook& outlook) {
  runtime::EventNote note;
  note.type = "Warning";
  note.reason = std::string(diagnosis::reason_of(outlook.risk));
  note.action = "Diagnose";
  note.note = diagnosis::outlook_sentence(outlook);
  return note;
}

}  // namespace

OutlookController::OutlookController(const Wire& wire, ClusterFeed& feed, const cluster::View& view,
                                     runtime::EventRecorder& recorder, runtime::Metrics& metrics,
                                     Overrides overrides)
    : executor_(wire.executor),
      view_(view),
      recorder_(recorder),
      metrics_(metrics),
      overrides_(std::move(overrides)),
      controller_(
          wire.executor, {.name = "claim-outlook"},
          [this](std::string key) { return reconcile(std::move(key)); }, metrics),
      wake_(wire.executor, runtime::system_clock()) {
  feed.on_claim([this](std::string_view ns, std::string_view claim, bool listed) {
    if (!acting_) return;
    controller_.queue().add(claim_key(ns, claim), listed ? runtime::WorkQueue::low_priority
                                                         : runtime::WorkQueue::live_priority);
  });
  metrics_.before_scrape([this] { publish(); });
}

void OutlookController::look_at_all() {
  all_outdated_ = true;
  wake_.ring();
}

Task<void> OutlookController::act(Stop& stop) {
  acting_ = true;
  co_await run_together(executor_, sweep(stop), controller_.run(stop));
}

std::optional<bool> OutlookController::at_risk(const cluster::Volume& volume) const {
  if (!complete_) return std::nullopt;
  const auto found = known_.find(claim_key(volume.claim_ns.view(), volume.claim.view()));
  return found != known_.end() && found->second.pv == volume.name;
}

Task<Result<runtime::Outcome>> OutlookController::reconcile(std::string key) {
  judge(key);
  co_return runtime::Outcome{};
}

Task<void> OutlookController::sweep(Stop& stop) {
  const Stop::Registration registration(stop, [this] { wake_.ring(); });
  while (!stop.requested()) {
    if (all_outdated_) {
      all_outdated_ = false;
      co_await look_at_each(stop);
    } else {
      co_await wake_.wait_until(runtime::Clock::Instant::max());
    }
  }
}

/// Not through the queue: it would hold the keys of all claims of the cluster at once.
Task<void> OutlookController::look_at_each(Stop& stop) {
  FairShare share;
  const auto names = view_.names<cluster::Claim>();
  for (const auto& [ns, name] : names) {
    judge(claim_key(ns, name));
    if (share.used_up()) co_await share.give_way();
    if (stop.requested()) co_return;
  }
  if (complete_) co_return;
  complete_ = true;
  on_change_();
}

void OutlookController::judge(const std::string& key) {
  const auto slash = key.find('/');
  const auto outlook = diagnosis::outlook(view_, std::string_view(key).substr(0, slash),
                                          std::string_view(key).substr(slash + 1), overrides_());
  view_.forget_unpacked();  // all claims in turn would otherwise stay unpacked
  if (!outlook) return forget(key);
  const auto [found, is_new] = known_.try_emplace(key);
  auto& known = found->second;
  const bool news = is_new || known.pv != outlook->pv;
  known.pv = outlook->pv;
  known.risk = outlook->risk;
  tell(key, known, *outlook);
  if (news && complete_) on_change_();
}

/// The same note again changes nothing.
void OutlookController::tell(const std::string& key, Known& known,
                             const diagnosis::Outlook& outlook) {
  const auto limit = diagnosis::is_certain(outlook.risk) ? kMostTold : kMostToldOfChance;
  if (!known.told && told_ >= limit) {
    if (!said_too_many_) {
      log::warn("too many claims are at risk: the rest get no Event",
                {{"limit", fmt::to_string(limit)}});
    }
    said_too_many_ = true;
    return;
  }
  if (!known.told) {
    known.told = true;
    ++told_;
    log::info("a claim's users cannot all run",
              {{"claim", key},
               {"reason", std::string(diagnosis::reason_of(outlook.risk))},
               {"owner", outlook.owner.kind + "/" + outlook.owner.name}});
  }
  const runtime::ObjectReference claim{"v1", "PersistentVolumeClaim", outlook.ns, outlook.claim,
                                       outlook.claim_uid};
  // Whoever is blamed is a Deployment, ReplicaSet, StatefulSet or DaemonSet.
  const runtime::ObjectReference owner{"apps/v1", outlook.owner.kind, outlook.ns,
                                       outlook.owner.name, outlook.owner_uid};
  auto for_owner = note_of(outlook);
  for_owner.regarding = owner;
  for_owner.related = claim;
  recorder_.hold(owners_note_key(key), std::move(for_owner));
  auto for_claim = note_of(outlook);
  for_claim.regarding = claim;
  for_claim.related = owner;
  recorder_.hold(claims_note_key(key), std::move(for_claim));
}

void OutlookController::forget(const std::string& key) {
  const auto found = known_.find(key);
  if (found == known_.end()) return;
  if (found->second.told) {
    --told_;
    recorder_.release(owners_note_key(key));
    recorder_.release(claims_note_key(key));
  }
  known_.erase(found);
  if (complete_) on_change_();
}

/// A label set that has lost its last claim stays at 0, as that of pods does.
void OutlookController::publish() {
  for (auto& [labels, value] : gauge_) value = 0;
  for (const auto& [key, known] : known_) {
    gauge_[{{"namespace", key.substr(0, key.find('/'))},
            {"reason", std::string(diagnosis::reason_of(known.risk))}}] += 1;
  }
  for (const auto& [labels, value] : gauge_) {
    metrics_.set("blockstorage_claims_at_risk",
                 "Claims whose users cannot all run, or not wherever they are placed", labels,
                 value);
  }
}

}  // namespace bso::controllers
