// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/diagnose.h"

#include <algorithm>

#include <fmt/format.h>

#include "diagnosis/scene.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;
using Pods = std::vector<const Pod*>;

/// The driver names pods by their directories on this node.
std::optional<Verdict> from_named_pods(Scene& scene) {
  if (scene.named.empty()) return std::nullopt;
  Pods alive;
  std::copy_if(scene.named.begin(), scene.named.end(), std::back_inserter(alive),
               [](const Pod* pod) { return use_of(*pod) != Use::releasing; });
  if (alive.empty()) return std::nullopt;
  if (scene.semantics.granularity != Granularity::single_pod) {
    scene.semantics = {Granularity::single_pod, SemanticsSource::observed};
  }
  auto verdict = held_by(scene, alive, Confidence::proven);
  for (const Pod* pod : alive) {
    if (pod->ns == scene.pod.ns) {
      verdict.evidence.push_back(fmt::format("kubelet event names pod uid {}", pod->uid));
    }
  }
  return verdict;
}

/// Words of the controller or driver that name one of these pods, or the node of one.
bool text_agrees(const Scene& scene, const Pods& holders) {
  if (!scene.hint) return false;
  const auto& parsed = scene.hint->parsed;
  const auto tokens = name_tokens(parsed.text);
  return std::any_of(holders.begin(), holders.end(), [&](const Pod* holder) {
    const bool pod_named =
        holder->ns == scene.pod.ns &&
        std::find(parsed.pods.begin(), parsed.pods.end(), holder->name) != parsed.pods.end();
    const bool node_named =
        parsed.conflict == Conflict::in_use && holder->node != scene.pod.node &&
        std::find(tokens.begin(), tokens.end(), holder->node.view()) != tokens.end();
    return pod_named || node_named;
  });
}

/// Who holds it by the rule of the driver alone.
std::optional<Verdict> from_users(Scene& scene) {
  Pods holders;
  switch (scene.semantics.granularity) {
    case Granularity::not_exclusive:
      return std::nullopt;
    case Granularity::single_node:
      // A pod beside the waiting one has it, so it is on this node: nobody elsewhere is in the way.
      if (!scene.holding_here.empty()) return std::nullopt;
      holders = scene.holding_elsewhere;
      break;
    case Granularity::single_pod:
      holders = scene.holding_here.empty() ? scene.holding_elsewhere : scene.holding_here;
      break;
  }
  if (holders.empty()) return std::nullopt;
  const bool agrees = text_agrees(scene, holders);
  auto verdict = held_by(scene, holders, agrees ? Confidence::proven : Confidence::inferred);
  if (agrees) {
    verdict.evidence.push_back(
        fmt::format("{} event names the holder", scene.hint->event->component.view()));
  }
  return verdict;
}

struct Elsewhere {
  std::string node;
  std::string attachment;
  std::string detach_error;
  bool attached = false;
};

/// The node beside the waiting pod's own that the API says has the disk.
std::optional<Elsewhere> attached_elsewhere(const Scene& scene) {
  if (scene.pv == nullptr) return std::nullopt;
  std::optional<Elsewhere> found;
  for (const auto* attachment : scene.view.attachments(*scene.pv)) {
    if (attachment->node == scene.pod.node || (found && found->attached)) continue;
    found = Elsewhere{attachment->node.str(), attachment->name, attachment->detach_error,
                      attachment->attached};
  }
  if (found || scene.pv->kind != cluster::VolumeKind::flex_volume) return found;
  // An attachable FlexVolume is listed as <driver>/<volume> (pkg/volume/flexvolume/plugin.go).
  const auto unique_name = fmt::format("{}/{}", scene.pv->driver.view(), scene.pv->name);
  for (const auto* node : scene.view.attached_nodes(unique_name)) {
    if (scene.pod.node == node->name) continue;
    return Elsewhere{node->name, {}, {}, true};
  }
  return std::nullopt;
}

/// Nobody holds it, but the disk is still somewhere else.
std::optional<Verdict> from_attachments(Scene& scene) {
  if (scene.semantics.granularity == Granularity::not_exclusive) return std::nullopt;
  const auto where = attached_elsewhere(scene);
  if (!where) return std::nullopt;
  // It is attached for a pod that starts there: no detach will come while that pod wants it.
  Pods starting;
  std::copy_if(scene.waiting.begin(), scene.waiting.end(), std::back_inserter(starting),
               [&where](const Pod* pod) { return pod->node == where->node && !pod->deleting; });
  if (where->attached && !starting.empty()) {
    return held_by(scene, starting, Confidence::inferred);
  }
  auto verdict = blank_verdict(scene);
  verdict.holder_node = where->node;
  verdict.attachment = where->attachment;
  verdict.confidence = Confidence::inferred;
  const bool late = scene.now - scene.since >= kDetachGrace;
  const bool node_gone = scene.view.node_count() != 0 && scene.view.node(where->node) == nullptr;
  const bool stale = late || node_gone || !where->detach_error.empty();
  verdict.cause = stale ? Cause::stale_attachment : Cause::detach_pending;
  verdict.state = stale ? State::needs_operator : State::waiting;
  verdict.text = where->detach_error;
  verdict.evidence.push_back(
      where->attachment.empty()
          ? fmt::format("node {} lists it as attached", where->node)
          : fmt::format("VolumeAttachment {} is for node {}", where->attachment, where->node));
  verdict.evidence.emplace_back("no running pod uses it");
  if (!stale) scene.look_again_at(scene.since + kDetachGrace);
  return verdict;
}

/// The driver names a directory of a pod that has ended or no longer exists.
std::optional<Verdict> from_leftover_mount(Scene& scene) {
  // While a pod on this node has the disk, an old directory is no explanation, and taking it away
  // would be bad advice.
  if (!scene.holding_here.empty()) return std::nullopt;
  const bool ended = !scene.named.empty();
  if (!ended && scene.vanished_uid.empty()) return std::nullopt;
  auto verdict = blank_verdict(scene);
  verdict.vanished_uid = ended ? scene.named.front()->uid : scene.vanished_uid;
  verdict.holder_node = scene.pod.node.str();
  verdict.confidence = ended ? Confidence::proven : Confidence::inferred;
  verdict.evidence.push_back(
      ended ? fmt::format("kubelet event names pod uid {}, which has ended", verdict.vanished_uid)
            : fmt::format("kubelet event names pod uid {}, which is no pod "
                          "of this cluster",
                          verdict.vanished_uid));
  const bool late = scene.now - scene.since >= kMountReleaseGrace;
  verdict.cause = late ? Cause::orphaned_mount : Cause::detach_pending;
  verdict.state = late ? State::needs_operator : State::waiting;
  if (!late) scene.look_again_at(scene.since + kMountReleaseGrace);
  return verdict;
}

/// The one node, beside the waiting pod's own, that the driver's words name; "" when there is none
/// or more than one. A node called like an English word is not looked for.
std::string node_in_text(const Scene& scene) {
  std::string found;
  for (const auto token : name_tokens(scene.hint->parsed.text)) {
    if (token.find_first_of("0123456789.-") == std::string_view::npos) continue;
    if (scene.pod.node == token || scene.view.node(token) == nullptr) continue;
    if (!found.empty()) return {};
    found = token;
  }
  return found;
}

/// Only words are left.
std::optional<Verdict> from_text(Scene& scene) {
  if (!scene.hint) return std::nullopt;
  const auto conflict = scene.hint->parsed.conflict;
  const bool by_controller =
      conflict == Conflict::used_by_pods || conflict == Conflict::attached_elsewhere;
  const WallTime valid_until =
      scene.hint->event->last + (by_controller ? kControllerTextAge : kDriverTextAge);
  if (scene.now >= valid_until) return std::nullopt;
  scene.look_again_at(valid_until);
  auto verdict = blank_verdict(scene);
  verdict.evidence.push_back(fmt::format("{} event only", scene.hint->event->component.view()));
  verdict.confidence = Confidence::guess;
  if (conflict == Conflict::in_use) verdict.holder_node = node_in_text(scene);
  if (!verdict.holder_node.empty() && scene.now - scene.since >= kDetachGrace) {
    verdict.cause = Cause::stale_attachment;
    verdict.state = State::needs_operator;
  } else if (by_controller || !verdict.holder_node.empty()) {
    verdict.cause = Cause::detach_pending;
    verdict.state = State::waiting;
    scene.look_again_at(scene.since + kDetachGrace);
  }
  return verdict;
}

std::optional<Verdict> judge(Scene& scene) {
  for (const auto rule :
       {from_named_pods, from_users, from_leftover_mount, from_attachments, from_text}) {
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

}  // namespace

Diagnosis diagnose(const cluster::View& view, const Pod& pod, WallTime now,
                   const SemanticsOverrides& overrides) {
  Diagnosis result;
  if (!pod.waiting()) return result;
  const auto look_again_at = [&result](std::optional<WallTime> time) {
    if (time && (!result.look_again || *time < *result.look_again)) result.look_again = time;
  };
  const WallTime stuck_at = std::max(pod.scheduled, pod.created) + kStuckAfter;
  for (const auto& volume : pod.volumes) {
    auto scene = make_scene(view, pod, volume, now, overrides);
    if (!scene) continue;
    if (!scene->hint && now < stuck_at) {
      look_again_at(stuck_at);
      continue;
    }
    auto verdict = judge(*scene);
    if (verdict && verdict->state == State::waiting) {
      scene->look_again_at(verdict->since + kReleaseNoticeAfter);
    }
    look_again_at(scene->look_again);
    if (!verdict) continue;
    if (!result.verdict) {
      result.verdict = std::move(verdict);
      continue;
    }
    if (urgency(*verdict) > urgency(*result.verdict)) std::swap(*result.verdict, *verdict);
    result.verdict->more_volumes = true;
  }
  return result;
}

}  // namespace bso::diagnosis
