// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/scene.h"

#include <algorithm>

#include <fmt/format.h>

namespace bso::diagnosis {

namespace {

using cluster::Pod;

/// Who may say what: anyone who can create events could forge one, and a forged one still has to
/// agree with the graph, but there is no reason to listen to others.
bool speaks_with_authority(const cluster::EventHint& event) {
  if (event.reason == "FailedAttachVolume") return event.component == "attachdetach-controller";
  return event.component == "kubelet";
}

bool is_about(const cluster::EventHint& event, const ParsedMessage& parsed, const Scene& scene) {
  const auto& name =
      scene.pv != nullptr ? std::string_view{scene.pv->name} : scene.volume.name.view();
  return parsed.volume == name && event.ns == scene.pod.ns.view();
}

void read_hints(Scene& scene) {
  for (const auto* event : scene.view.events(scene.pod.uid)) {
    if (!speaks_with_authority(*event)) continue;
    auto parsed = parse_message(event->message);
    if (parsed.conflict == Conflict::none || !is_about(*event, parsed, scene)) continue;
    scene.hint = Hint{event, std::move(parsed)};
    return;
  }
}

bool contains(const std::vector<const Pod*>& pods, const Pod* pod) {
  return std::find(pods.begin(), pods.end(), pod) != pods.end();
}

/// Resolves the directories that the driver names. A directory of another volume, or one of a pod
/// that does not use this disk on this node, proves nothing about it.
void resolve_paths(Scene& scene, const std::vector<const Pod*>& users) {
  if (!scene.hint || scene.hint->parsed.paths.empty()) return;
  const auto wanted =
      scene.pv != nullptr ? std::string_view{scene.pv->name} : scene.volume.name.view();
  bool own = false;
  for (const auto& path : scene.hint->parsed.paths) {
    if (path.volume != wanted) continue;
    const Pod* pod = scene.view.pod_by_uid(path.uid);
    if (pod == &scene.pod) {
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
              .hint = {},
              .holding_here = {},
              .holding_elsewhere = {},
              .waiting = {},
              .releasing = {},
              .named = {},
              .vanished_uid = {},
              .look_again = {}};
  const auto users = view.users(pod, volume);
  for (const Pod* user : users) {
    if (user == &pod) continue;
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

}  // namespace bso::diagnosis
