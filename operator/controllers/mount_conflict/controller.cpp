// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/controller.h"

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace bso::controllers {
namespace {

using runtime::Outcome;

struct Wanted {
  std::string conflict;
  std::string detail;
};

/// nullptr takes an annotation away (RFC 7386). UID and resourceVersion make the server refuse the
/// patch when it would reach another pod of that name, or a newer state than the one judged.
codec::JsonPtr annotation_patch(const cluster::Pod& pod, const Wanted& wanted) {
  const auto value = [](const std::string& text) {
    return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
  };
  return std::make_shared<const nlohmann::json>(nlohmann::json{
      {"metadata",
       {{"uid", pod.uid},
        {"resourceVersion", pod.resource_version},
        {"annotations",
         {{std::string(cluster::kConflictAnnotation), value(wanted.conflict)},
          {std::string(cluster::kConflictDetailAnnotation), value(wanted.detail)}}}}}});
}

/// A pod that is gone, or another one of that name: the watch will tell, nothing is to be done.
bool pod_is_another(const Error& error) { return error.not_found() || error.is_status("Invalid"); }

runtime::EventNote event_note(const cluster::Pod& pod, const diagnosis::Notice& notice) {
  runtime::EventNote note;
  note.regarding = {"v1", "Pod", pod.ns.str(), pod.name, pod.uid};
  note.type = notice.warning ? "Warning" : "Normal";
  note.reason = notice.reason;
  note.action = "Diagnose";
  note.note = notice.note;
  if (!notice.related_pod.empty()) {
    note.related =
        runtime::ObjectReference{"v1", "Pod", pod.ns.str(), notice.related_pod, notice.related_uid};
  }
  return note;
}

}  // namespace

MountConflictController::MountConflictController(const Wire& wire, ClusterFeed& feed,
                                                 cluster::View& view,
                                                 runtime::EventRecorder& recorder,
                                                 runtime::Metrics& metrics)
    : client_(wire.client),
      feed_(feed),
      view_(view),
      recorder_(recorder),
      metrics_(metrics),
      controller_(
          wire.executor,
          {.name = "mount-conflict", .concurrency = 4, .overdue_after = std::chrono::minutes{2}},
          [this](std::string key) { return reconcile(std::move(key)); }, metrics) {
  feed_.on_pods([this](const cluster::PodKeys& pods, bool listed) {
    if (!acting_) return;
    // Thousands of listed pods must not stand before the one that has just got stuck.
    const int priority =
        listed ? runtime::WorkQueue::low_priority : runtime::WorkQueue::live_priority;
    for (const auto& key : pods) controller_.queue().add(key, priority);
  });
  metrics_.before_scrape([this] { publish(); });
}

Task<void> MountConflictController::act(Stop& stop) {
  // Half a picture would take holders for vanished.
  const bool synced = co_await feed_.wait_synced(stop);
  if (!synced) co_return;
  acting_ = true;
  // Those that wait, and those with an annotation of an earlier run or of the former leader. A
  // picture older than what that leader acted on does no harm: the patch carries the pod's
  // resourceVersion, so the server refuses it until the watch has brought what the leader wrote.
  const auto all = view_.names<cluster::Pod>();
  for (const auto& [ns, name] : all) {
    const auto* pod = view_.pod(ns, name);
    if (pod->waiting() || pod->annotated()) controller_.queue().add(ns + "/" + name);
  }
  co_await controller_.run(stop);
}

Task<Result<Outcome>> MountConflictController::reconcile(std::string key) {
  const auto slash = key.find('/');
  const std::string ns = key.substr(0, slash);
  const std::string name = key.substr(slash + 1);
  const auto* found = view_.pod(ns, name);
  if (found == nullptr) {
    blocked_.erase(key);
    recorder_.release(key);
    co_return Outcome{};
  }
  const cluster::Pod pod = *found;  // the view may change while we wait for the server
  const auto now = wall_now();
  const auto diagnosis = diagnosis::diagnose(view_, pod, now);

  Wanted wanted;
  if (diagnosis.verdict) {
    wanted = {diagnosis::sentence(*diagnosis.verdict), diagnosis::detail(*diagnosis.verdict)};
    blocked_[key] = {{"namespace", ns},
                     {"cause", std::string(diagnosis::to_string(diagnosis.verdict->cause))},
                     {"state", std::string(diagnosis::to_string(diagnosis.verdict->state))},
                     {"driver", diagnosis.verdict->driver}};
  } else {
    blocked_.erase(key);
  }

  if (wanted.conflict != pod.conflict || wanted.detail != pod.conflict_detail) {
    auto written =
        co_await client_.merge_patch(kube::pods, ns, name, annotation_patch(pod, wanted));
    if (!written) {
      if (pod_is_another(written.error())) co_return Outcome{};
      co_return fail(std::move(written.error()).with_context("annotating pod " + key));
    }
    const char* op = !diagnosis.verdict ? "clear" : pod.annotated() ? "update" : "set";
    metrics_.count("blockstorage_annotation_writes_total", "Annotations written to pods",
                   {{"op", op}});
    log::info("annotation written", {{"pod", key}, {"op", op}, {"text", wanted.conflict}});
  }

  record(key, pod, diagnosis, now);

  Outcome outcome;
  if (diagnosis.look_again) {
    outcome.again_after = std::max(std::chrono::seconds{1}, *diagnosis.look_again - now);
  }
  co_return outcome;
}

/// The event stands as long as the state: the recorder keeps it from expiring meanwhile.
void MountConflictController::record(const std::string& key, const cluster::Pod& pod,
                                     const diagnosis::Diagnosis& diagnosis, WallTime now) {
  if (diagnosis.verdict) {
    const auto notice = diagnosis::notice(*diagnosis.verdict, now);
    if (notice) recorder_.hold(key, event_note(pod, *notice));
    return;
  }
  const auto* held = recorder_.held(key);
  if (held == nullptr) return;
  const bool same_pod = held->regarding.uid == pod.uid;
  recorder_.release(key);
  if (same_pod && !pod.ended() && !pod.deleting) {
    recorder_.record(event_note(pod, diagnosis::resolved_notice()));
  }
}

/// A label set that has lost its last pod stays at 0: a gauge that vanishes looks like a dead
/// exporter.
void MountConflictController::publish() {
  for (auto& [labels, value] : blocked_gauge_) value = 0;
  for (const auto& [key, labels] : blocked_) blocked_gauge_[labels] += 1;
  for (const auto& [labels, value] : blocked_gauge_) {
    metrics_.set("blockstorage_blocked_pods", "Pods that wait for a volume held elsewhere", labels,
                 value);
  }
}

}  // namespace bso::controllers
