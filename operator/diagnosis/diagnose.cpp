// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/diagnose.h"

#include <algorithm>

#include "diagnosis/rules.h"
#include "diagnosis/words.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;

std::optional<Verdict> judge(Scene& scene) {
  if (scene.pod.keeps_its_name()) return from_kept_name(scene);
  if (scene.pod.kept_from_nodes()) return from_refused_claim(scene);
  for (const auto rule : {from_selinux_labels, from_named_pods, from_users, from_leftover_mount,
                          from_attachments, from_text}) {
    if (auto verdict = rule(scene)) return verdict;
  }
  return std::nullopt;
}

/// The worst first: what will never heal before what will.
int urgency(const Verdict& verdict) {
  switch (verdict.state) {
    case State::deadlock:
      return 3;
    case State::needs_operator:
      return 2;
    case State::unknown:
      return 1;
    case State::waiting:
      break;
  }
  return 0;
}

/// Clouds put the number of each request into their words: while the verdict is the same, the first
/// of them stand, or the annotation would be written anew at every attempt.
void keep_first_text(const Scene& scene, Verdict& verdict) {
  const bool same = scene.memory && scene.memory->cause == to_string(verdict.cause) &&
                    !scene.memory->text.empty() && verdict.words.kind != Words::Kind::none &&
                    verdict.words.kind == scene.memory->words.kind;
  if (same) verdict.text = scene.memory->text;
}

/// The worst with the others' names in it.
std::optional<Verdict> worst_of(std::vector<Verdict> verdicts) {
  if (verdicts.empty()) return std::nullopt;
  // As the pod lists them among equals.
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [](const Verdict& a, const Verdict& b) { return urgency(a) > urgency(b); });
  Verdict worst = std::move(verdicts.front());
  for (auto other = std::next(verdicts.begin()); other != verdicts.end(); ++other) {
    OtherVolume volume{other->volume, other->claim, other->cause, other->state, {}};
    for (auto& holder : other->holders) volume.holders.push_back(std::move(holder.pod));
    worst.more_volumes.push_back(std::move(volume));
  }
  return worst;
}

/// The newest event about one of the pod's volumes.
std::optional<Remark> remark_on(const cluster::View& view, const Pod& pod) {
  const auto events = view.events(pod.uid);
  if (events.empty()) return std::nullopt;
  const auto& message = events.front()->message;
  const auto parsed = parse_message(message);
  Remark remark;
  remark.kind = says_busy(message) ? Remark::Kind::driver_busy : Remark::Kind::other_trouble;
  remark.volume = parsed.volume;
  remark.text = parsed.text.empty() ? message : parsed.text;
  remark.unread = !parsed.known && remark.kind == Remark::Kind::other_trouble;
  return remark;
}

}  // namespace

Diagnosis diagnose(const cluster::View& view, const Pod& pod, WallTime now,
                   const SemanticsOverrides& overrides) {
  Diagnosis result;
  if (!pod.waiting() && !pod.kept_from_nodes() && !pod.keeps_its_name()) return result;
  const auto look_again_at = [&result](std::optional<WallTime> time) {
    if (time && (!result.look_again || *time < *result.look_again)) result.look_again = time;
  };
  const WallTime stuck_at = std::max(pod.scheduled, pod.created) + kStuckAfter;
  std::vector<Verdict> verdicts;
  for (const auto& volume : pod.volumes) {
    auto scene = make_scene(view, pod, volume, now, overrides);
    if (!scene) continue;
    if (!scene->hint && now < stuck_at) {
      look_again_at(stuck_at);
      continue;
    }
    auto verdict = judge(*scene);
    if (verdict && verdict->state == State::waiting) {
      scene->look_again_at(std::max(verdict->since, verdict->released) + kReleaseNoticeAfter);
    }
    look_again_at(scene->look_again);
    if (!verdict) continue;
    keep_first_text(*scene, *verdict);
    verdicts.push_back(std::move(*verdict));
  }
  result.verdict = worst_of(std::move(verdicts));
  if (!result.verdict && pod.waiting()) result.remark = remark_on(view, pod);
  return result;
}

}  // namespace bso::diagnosis
