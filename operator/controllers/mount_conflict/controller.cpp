// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/controller.h"

#include "base/log.h"
#include "base/task_group.h"
#include "codec/json_text.h"

namespace bso::controllers {
namespace {

using runtime::Outcome;

struct Wanted {
  std::string conflict;
  std::string detail;
};

/// null takes an annotation away (RFC 7386). UID and resourceVersion make the server refuse the
/// patch when it would reach another pod of that name, or a newer state than the one judged.
std::string annotation_patch(const cluster::Pod& pod, const Wanted& wanted) {
  codec::JsonText patch;
  const auto put = [&patch](std::string_view annotation, const std::string& text) {
    patch.key(annotation);
    if (text.empty()) {
      patch.null();
    } else {
      patch.value(text);
    }
  };
  patch.begin_object().key("metadata").begin_object().key("annotations").begin_object();
  put(cluster::kConflictAnnotation, wanted.conflict);
  put(cluster::kConflictDetailAnnotation, wanted.detail);
  patch.end_object().member("resourceVersion", pod.resource_version).member("uid", pod.uid);
  return patch.end_object().end_object().take();
}

/// A pod that is gone, or another one of that name: the watch will tell, nothing is to be done.
bool pod_is_another(const Error& error) { return error.not_found() || error.is_status("Invalid"); }

}  // namespace

MountConflictController::MountConflictController(const Wire& wire, ClusterFeed& feed,
                                                 cluster::View& view,
                                                 runtime::EventRecorder& recorder,
                                                 runtime::Metrics& metrics,
                                                 DiagnosisOptions options)
    : executor_(wire.executor),
      client_(wire.client),
      feed_(feed),
      view_(view),
      announcements_(view, recorder),
      blocked_(metrics, options.pod_metrics),
      conditions_(wire.client, options.pod_condition),
      controller_(
          wire.executor,
          {.name = "mount-conflict", .concurrency = 4, .overdue_after = std::chrono::minutes{2}},
          [this](std::string key) { return reconcile(std::move(key)); }, metrics),
      knowledge_(wire, recorder, std::move(options.rules_namespace),
                 [this] {
                   enqueue_all();
                   outlooks_.look_at_all();
                 }),
      outlooks_(
          wire, feed, view, recorder, metrics,
          [this]() -> const diagnosis::SemanticsOverrides& { return knowledge_.overrides(); }) {
  feed_.on_pods([this](const cluster::PodKeys& pods, bool listed) {
    if (!acting_) return;
    // Thousands of listed pods must not stand before the one that has just got stuck.
    const int priority =
        listed ? runtime::WorkQueue::low_priority : runtime::WorkQueue::live_priority;
    for (const auto& key : pods) controller_.queue().add(key, priority);
  });
  metrics.before_scrape([this] { blocked_.publish(wall_now()); });
}

Task<void> MountConflictController::act(Stop& stop) {
  // Half a picture would take holders for vanished.
  const bool synced = co_await feed_.wait_synced(stop);
  if (!synced) co_return;
  // Nor may a driver be taken for what an administrator says it is not.
  const bool knows = co_await knowledge_.wait_synced(stop);
  if (!knows) co_return;
  acting_ = true;
  knowledge_.speak();
  // Those that wait, and those with an annotation of an earlier run or of the former leader. A
  // picture older than what that leader acted on does no harm: the patch carries the pod's
  // resourceVersion, so the server refuses it until the watch has brought what the leader wrote.
  for (const auto& key : view_.concerned_pods()) controller_.queue().add(key);
  co_await run_together(executor_, outlooks_.act(stop), controller_.run(stop));
}

void MountConflictController::enqueue_all() {
  if (!acting_) return;
  for (const auto& key : view_.concerned_pods()) {
    controller_.queue().add(key, runtime::WorkQueue::low_priority);
  }
}

Task<Result<Outcome>> MountConflictController::reconcile(std::string key) {
  const auto slash = key.find('/');
  const std::string ns = key.substr(0, slash);
  const std::string name = key.substr(slash + 1);
  const auto* found = view_.pod(ns, name);
  if (found == nullptr) {
    gone(key);
    co_return Outcome{};
  }
  const cluster::Pod pod = *found;  // the view may change while we wait for the server
  const auto now = wall_now();
  const auto diagnosis = diagnosis::diagnose(view_, *found, now, knowledge_.overrides());
  if (diagnosis.verdict) knowledge_.learn(*diagnosis.verdict, now);

  // When a pod without a grace period left is updated, the API server deletes it, and does so by
  // its name (kubernetes 1.20 registry/generic/registry/store.go: ShouldDeleteDuringUpdate): the
  // next pod of that name could be hit. What is to be cleared goes with the pod.
  const bool leaves = pod.deleting && !diagnosis.verdict;
  Result<void> written;
  if (!leaves) written = co_await write(pod, diagnosis.verdict, now);
  see(key, diagnosis);  // the metrics have time, the pod has not
  if (!written) {
    if (pod_is_another(written.error())) co_return Outcome{};
    co_return fail(std::move(written.error()).with_context("annotating pod " + key));
  }
  if (diagnosis.verdict) {
    announcements_.say(key, pod, *diagnosis.verdict, now);
  } else {
    announcements_.settle(key, &pod);
  }

  Outcome outcome;
  if (diagnosis.look_again) {
    outcome.again_after = std::max(std::chrono::seconds{1}, *diagnosis.look_again - now);
  }
  co_return outcome;
}

/// Makes annotations and condition say what the verdict says. The condition comes first: what the
/// annotation says already is taken for done.
Task<Result<void>> MountConflictController::write(cluster::Pod pod,
                                                  std::optional<diagnosis::Verdict> verdict,
                                                  WallTime now) {
  if (conditions_.due(pod, verdict)) {
    auto version = co_await conditions_.write(pod, verdict, now);
    if (version) {
      pod.resource_version = std::move(*version);
    } else if (!version.error().forbidden()) {
      co_return fail(std::move(version.error()));
    }
  }
  Wanted wanted;
  if (verdict) wanted = {diagnosis::sentence(*verdict), diagnosis::detail(*verdict)};
  if (wanted.conflict == pod.conflict && wanted.detail == pod.conflict_detail) {
    co_return Result<void>{};
  }
  const auto ns = pod.ns.str();
  auto written =
      co_await client_.merge_patch_text(kube::pods, ns, pod.name, annotation_patch(pod, wanted));
  if (!written) co_return fail(std::move(written.error()));
  const char* op = !verdict ? "clear" : pod.annotated() ? "update" : "set";
  blocked_.wrote(op, verdict ? verdict->since : now, now);
  log::info("annotation written",
            {{"pod", ns + "/" + pod.name}, {"op", op}, {"text", wanted.conflict}});
  co_return Result<void>{};
}

void MountConflictController::see(const std::string& key, const diagnosis::Diagnosis& diagnosis) {
  std::string_view driver;
  if (diagnosis.remark) {
    const auto* volume = view_.volume(diagnosis.remark->volume);
    if (volume != nullptr) driver = volume->driver.view();
  }
  blocked_.see(key, diagnosis, driver);
}

void MountConflictController::gone(const std::string& key) {
  blocked_.forget(key);
  announcements_.settle(key, nullptr);
  conditions_.forget(key);
}

}  // namespace bso::controllers
