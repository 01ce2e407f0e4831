// SPDX-License-Identifier: Apache-2.0
#include "controllers/mount_conflict/announcements.h"

#include <utility>

#include <fmt/format.h>

namespace bso::controllers {
namespace {

using runtime::EventNote;
using runtime::ObjectReference;

/// Of the kinds that own pods in Kubernetes itself; "" for others, whose version nobody told.
std::string api_version_of(std::string_view kind) {
  if (kind == "Deployment" || kind == "StatefulSet" || kind == "ReplicaSet" ||
      kind == "DaemonSet") {
    return "apps/v1";
  }
  if (kind == "Job" || kind == "CronJob") return "batch/v1";
  if (kind == "ReplicationController") return "v1";
  return {};
}

EventNote note_of(ObjectReference regarding, const diagnosis::Notice& notice) {
  EventNote note;
  note.regarding = std::move(regarding);
  note.type = notice.warning ? "Warning" : "Normal";
  note.reason = notice.reason;
  note.action = "Diagnose";
  note.note = notice.note;
  return note;
}

ObjectReference reference(const cluster::Pod& pod) {
  return {"v1", "Pod", pod.ns.str(), pod.name, pod.uid};
}

EventNote pod_note(const cluster::Pod& pod, const diagnosis::Notice& notice) {
  auto note = note_of(reference(pod), notice);
  if (!notice.related_pod.empty()) {
    note.related =
        ObjectReference{"v1", "Pod", pod.ns.str(), notice.related_pod, notice.related_uid};
  }
  return note;
}

}  // namespace

void Announcements::say(const std::string& key, const cluster::Pod& pod,
                        const diagnosis::Verdict& verdict, WallTime now) {
  const auto notice = diagnosis::notice(verdict, now);
  if (!notice) {
    // What was said before stands until there is something else to say.
    return;
  }
  recorder_.hold(key, pod_note(pod, *notice));
  share(key, shared_notes(pod, verdict, *notice));
}

void Announcements::settle(const std::string& key, const cluster::Pod* pod) {
  share(key, {});
  const auto* held = recorder_.held(key);
  if (held == nullptr) return;
  const bool same_pod = pod != nullptr && held->regarding.uid == pod->uid;
  recorder_.release(key);
  if (same_pod && !pod->ended() && !pod->deleting) {
    recorder_.record(pod_note(*pod, diagnosis::resolved_notice()));
  }
}

/// A release under way is the pod's own matter: its owner and claim have nothing to do about it.
std::vector<Announcements::Shared> Announcements::shared_notes(
    const cluster::Pod& pod, const diagnosis::Verdict& verdict,
    const diagnosis::Notice& notice) const {
  std::vector<Shared> notes;
  if (!notice.warning) return notes;
  const auto cause = diagnosis::to_string(verdict.cause);
  auto told = notice;
  told.note = fmt::format("Pod {}: {}", pod.name, notice.note);

  const auto owner = view_.ownership(pod).top;
  const auto version = api_version_of(owner.kind.view());
  if (!owner.empty() && !version.empty()) {
    auto note =
        note_of({version, owner.kind.str(), pod.ns.str(), owner.name.str(), owner.uid.str()}, told);
    note.related = pod_note(pod, notice).related;
    notes.push_back(
        {fmt::format("{}/{}/{}", owner.uid.view(), cause, verdict.claim), std::move(note)});
  }
  const auto* claim = verdict.claim.empty() ? nullptr : view_.claim(pod.ns.view(), verdict.claim);
  if (claim != nullptr) {
    auto note =
        note_of({"v1", "PersistentVolumeClaim", pod.ns.str(), claim->name, claim->uid}, told);
    note.related = reference(pod);
    // By owner as well: two that want the claim for themselves have different remedies.
    notes.push_back(
        {fmt::format("{}/{}/{}", claim->uid, cause, owner.uid.view()), std::move(note)});
  }
  return notes;
}

void Announcements::share(const std::string& key, std::vector<Shared> notes) {
  std::set<std::string> now_in;
  for (auto& [group_key, note] : notes) {
    now_in.insert(group_key);
    auto& group = groups_[group_key];
    group.pods.insert(key);
    if (group.speaker.empty()) group.speaker = key;
    if (group.speaker == key) recorder_.hold(group_key, std::move(note));
  }
  std::set<std::string> before;
  if (now_in.empty()) {
    auto found = groups_of_.extract(key);
    if (!found.empty()) before = std::move(found.mapped());
  } else {
    before = std::exchange(groups_of_[key], now_in);
  }
  for (const auto& group_key : before) {
    if (now_in.count(group_key) == 0) leave(key, group_key);
  }
}

void Announcements::leave(const std::string& key, const std::string& group_key) {
  const auto found = groups_.find(group_key);
  if (found == groups_.end()) return;
  auto& group = found->second;
  group.pods.erase(key);
  if (group.pods.empty()) {
    groups_.erase(found);
    recorder_.release(group_key);
  } else if (group.speaker == key) {
    group.speaker.clear();
  }
}

}  // namespace bso::controllers
