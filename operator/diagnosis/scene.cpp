// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/scene.h"

#include <algorithm>

#include <fmt/format.h>

#include "diagnosis/words.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;

/// Who may say what: anyone who can create events could forge one, and a forged one still has to
/// agree with the graph, but there is no reason to listen to others.
bool speaks_with_authority(const cluster::EventHint& event) {
  if (event.reason == "FailedAttachVolume") return event.component == "attachdetach-controller";
  return event.component == "kubelet";
}

bool attached_here(const Scene& scene) {
  if (scene.pv == nullptr) return false;
  const auto attachments = scene.view.attachments(*scene.pv);
  return std::any_of(attachments.begin(), attachments.end(), [&scene](const auto* attachment) {
    return attachment->attached && attachment->node == scene.pod.node;
  });
}

Words::Kind kind_of(Conflict conflict) {
  switch (conflict) {
    case Conflict::refused_for_pod:
    case Conflict::read_write_once_pod:
      return Words::Kind::refused;
    case Conflict::in_use:
      return Words::Kind::in_use;
    case Conflict::none:
    case Conflict::used_by_pods:
    case Conflict::attached_elsewhere:
      break;
  }
  return Words::Kind::none;
}

std::optional<Hint> hint_in(const Scene& scene, const cluster::EventHint& event) {
  if (!speaks_with_authority(event) || !(event.ns == scene.pod.ns)) return std::nullopt;
  Hint hint;
  hint.event = &event;
  hint.at_attach = event.reason == "FailedAttachVolume";
  if (auto selinux = parse_selinux_conflict(event.message)) {
    hint.parsed = std::move(*selinux);
    hint.kind = Words::Kind::selinux;
  } else {
    hint.parsed = parse_message(event.message);
    if (hint.parsed.conflict == Conflict::none) return std::nullopt;
    hint.kind = kind_of(hint.parsed.conflict);
  }
  if (hint.parsed.volume != scene.event_name()) return std::nullopt;
  return hint;
}

std::optional<Hint> remembered_hint(const Scene& scene) {
  if (!scene.memory || scene.memory->words.kind == Words::Kind::none) return std::nullopt;
  const auto& words = scene.memory->words;
  Hint hint;
  hint.kind = words.kind;
  hint.at_attach = words.at_attach;
  hint.parsed.conflict =
      words.kind == Words::Kind::refused ? Conflict::refused_for_pod : Conflict::in_use;
  hint.parsed.volume = scene.event_name();
  hint.parsed.text = scene.memory->text;
  for (const auto& uid : words.pods) hint.parsed.paths.push_back({uid, hint.parsed.volume});
  return hint;
}

/// Events first. What was refused at the attach step is over when the volume is attached here.
void read_hints(Scene& scene) {
  const bool attached = attached_here(scene);
  for (const auto* event : scene.view.events(scene.pod.uid)) {
    auto hint = hint_in(scene, *event);
    if (!hint || (hint->at_attach && attached)) continue;
    scene.hint = std::move(hint);
    return;
  }
  scene.hint = remembered_hint(scene);
  if (scene.hint && scene.hint->at_attach && attached) scene.hint.reset();
}

/// By name: the caller may have a copy of the pod.
bool is_same(const Pod& a, const Pod& b) { return a.name == b.name && a.ns == b.ns; }

bool contains(const std::vector<const Pod*>& pods, const Pod* pod) {
  return std::find(pods.begin(), pods.end(), pod) != pods.end();
}

/// Resolves the directories that the driver names. A directory of another volume, or one of a pod
/// that does not use this disk on this node, proves nothing about it.
void resolve_paths(Scene& scene, const std::vector<const Pod*>& users) {
  if (!scene.hint || scene.hint->parsed.paths.empty()) return;
  const auto wanted = scene.event_name();
  bool own = false;
  for (const auto& path : scene.hint->parsed.paths) {
    if (path.volume != wanted) continue;
    const Pod* pod = scene.view.pod_by_uid(path.uid);
    if (pod != nullptr && is_same(*pod, scene.pod)) {
      own = true;
    } else if (pod != nullptr && contains(users, pod) && pod->node == scene.pod.node) {
      if (!contains(scene.named, pod)) scene.named.push_back(pod);
    } else if (pod == nullptr && scene.vanished_uid.empty()) {
      scene.vanished_uid = path.uid;
    }
  }
  // A refusal that names the waiting pod's own directory only is a retry that found its own mount.
  if (own && scene.named.empty() && scene.vanished_uid.empty()) scene.hint.reset();
}

}  // namespace

Use use_of(const Pod& pod) {
  if (pod.ended()) return Use::releasing;
  if (pod.deleting && !pod.any_running) {
    return pod.volumes_mounted() ? Use::releasing : Use::waiting;
  }
  return pod.volumes_mounted() ? Use::holding : Use::waiting;
}

std::optional<Scene> make_scene(const cluster::View& view, const Pod& pod,
                                const cluster::PodVolume& volume, WallTime now,
                                const SemanticsOverrides& overrides) {
  const auto* pv = view.volume_of(pod, volume);
  if (pv == nullptr && !volume.claim.empty()) return std::nullopt;
  Scene scene{.view = view,
              .pod = pod,
              .volume = volume,
              .pv = pv,
              .now = now,
              .since = std::max(pod.scheduled, pod.created),
              .semantics = pv != nullptr ? semantics_of(*pv, overrides)
                                         : semantics_of_inline(volume, overrides),
              .attaches = pv == nullptr || has_attach_step(*pv, overrides),
              .hint = {},
              .memory = recall(pod, volume.name.view()),
              .holding_here = {},
              .holding_elsewhere = {},
              .waiting = {},
              .releasing = {},
              .named = {},
              .vanished_uid = {},
              .look_again = {}};
  const auto users = view.users(pod, volume);
  for (const Pod* user : users) {
    if (is_same(*user, pod)) continue;
    switch (use_of(*user)) {
      case Use::waiting:
        scene.waiting.push_back(user);
        break;
      case Use::releasing:
        scene.releasing.push_back(user);
        break;
      case Use::holding:
        (user->node == pod.node ? scene.holding_here : scene.holding_elsewhere).push_back(user);
        break;
    }
  }
  // Two pods that have it at once disprove what was learned.
  if (scene.semantics.source == SemanticsSource::learned && scene.holding_here.size() > 1) {
    scene.semantics = {Granularity::single_node, SemanticsSource::assumed};
  }
  read_hints(scene);
  resolve_paths(scene, users);
  return scene;
}

Verdict blank_verdict(const Scene& scene) {
  Verdict verdict;
  const auto& pod = scene.pod;
  verdict.since = scene.since;
  verdict.ns = pod.ns.str();
  verdict.pod = pod.name;
  verdict.pod_uid = pod.uid;
  verdict.node = pod.node.str();
  const auto owners = scene.view.ownership(pod);
  verdict.owner = {owners.top.kind.str(), owners.top.name.str()};
  verdict.volume = scene.volume.name.str();
  verdict.claim = scene.volume.claim.str();
  verdict.driver = scene.volume.driver.str();
  if (scene.pv != nullptr) {
    verdict.pv = scene.pv->name;
    verdict.driver = scene.pv->driver.str();
  }
  verdict.semantics = scene.semantics;
  if (scene.hint) verdict.text = scene.hint->parsed.text;
  verdict.evidence.push_back(fmt::format("driver {}: {} ({})", verdict.driver,
                                         to_string(scene.semantics.granularity),
                                         to_string(scene.semantics.source)));
  return verdict;
}

void keep_words(const Scene& scene, Verdict& verdict) {
  if (!scene.hint) return;
  const auto& hint = *scene.hint;
  verdict.words.kind = hint.kind;
  verdict.words.at_attach = hint.at_attach;
  for (const auto* pod : scene.named) verdict.words.pods.push_back(pod->uid);
  if (!scene.vanished_uid.empty()) verdict.words.pods.push_back(scene.vanished_uid);
  if (hint.event == nullptr) verdict.evidence.emplace_back("said earlier; the event has expired");
}

}  // namespace bso::diagnosis
