// SPDX-License-Identifier: Apache-2.0
// What the objects tell, with no words but such as raise the confidence.
#include <algorithm>

#include <fmt/format.h>

#include "diagnosis/rules.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;
using Pods = std::vector<const Pod*>;

/// Words of the controller or driver that name one of these pods, or the node of one.
bool text_agrees(const Scene& scene, const Pods& holders) {
  if (!scene.hint || scene.hint->event == nullptr) return false;
  const auto& parsed = scene.hint->parsed;
  const auto node = parsed.conflict == Conflict::in_use ? named_node(scene) : std::string{};
  return std::any_of(holders.begin(), holders.end(), [&](const Pod* holder) {
    const bool pod_named =
        holder->ns == scene.pod.ns &&
        std::find(parsed.pods.begin(), parsed.pods.end(), holder->name) != parsed.pods.end();
    return pod_named || (!node.empty() && holder->node == node);
  });
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

/// Pods on that node that want the volume. While there are any no detach will come.
Pods starting_on(const Scene& scene, std::string_view node) {
  Pods starting;
  std::copy_if(scene.waiting.begin(), scene.waiting.end(), std::back_inserter(starting),
               [node](const Pod* pod) { return pod->node == node && !pod->deleting; });
  return starting;
}

}  // namespace

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

std::optional<Verdict> from_attachments(Scene& scene) {
  if (scene.semantics.granularity == Granularity::not_exclusive) return std::nullopt;
  const auto where = attached_elsewhere(scene);
  if (!where) return std::nullopt;
  if (const auto starting = starting_on(scene, where->node); where->attached && !starting.empty()) {
    return held_by(scene, starting, Confidence::inferred);
  }
  auto verdict = blank_verdict(scene);
  verdict.holder_node = where->node;
  verdict.attachment = where->attachment;
  verdict.confidence = Confidence::inferred;
  verdict.released = scene.released();
  verdict.text = where->detach_error;
  const auto* node = scene.view.node(where->node);
  const bool silent = node != nullptr && node->readiness == cluster::Readiness::silent;
  const bool node_gone = scene.view.node_count() != 0 && node == nullptr;
  const bool late = scene.now - verdict.released >= kDetachGrace;
  const bool stuck = late || node_gone || (!silent && !where->detach_error.empty());
  verdict.cause = silent  ? Cause::holder_on_lost_node
                  : stuck ? Cause::stale_attachment
                          : Cause::detach_pending;
  verdict.state = stuck ? State::needs_operator : State::waiting;
  verdict.evidence.push_back(
      where->attachment.empty()
          ? fmt::format("node {} lists it as attached", where->node)
          : fmt::format("VolumeAttachment {} is for node {}", where->attachment, where->node));
  if (silent) verdict.evidence.push_back(fmt::format("node {} does not report", where->node));
  verdict.evidence.emplace_back("no running pod uses it");
  if (!stuck) scene.look_again_at(verdict.released + kDetachGrace);
  return verdict;
}

std::optional<Verdict> from_refused_claim(Scene& scene) {
  if (scene.pv == nullptr || scene.pv->modes != cluster::kReadWriteOncePod) return std::nullopt;
  // To the scheduler a pod has its claims from the moment that it has a node.
  Pods holders = scene.holding_elsewhere;
  std::copy_if(scene.waiting.begin(), scene.waiting.end(), std::back_inserter(holders),
               [](const Pod* pod) { return !pod->node.empty(); });
  if (holders.empty()) return std::nullopt;
  auto verdict = held_by(scene, holders, Confidence::proven);
  verdict.evidence.emplace_back("the scheduler places this pod nowhere for its claim");
  return verdict;
}

std::optional<Verdict> from_kept_name(Scene& scene) {
  if (scene.semantics.granularity == Granularity::not_exclusive) return std::nullopt;
  // Pods of a node that has left the API are removed without anybody's help
  // (pkg/controller/podgc/gc_controller.go: gcOrphaned).
  const auto* node = scene.view.node(scene.pod.node.view());
  if (node == nullptr || node->readiness != cluster::Readiness::silent) return std::nullopt;
  // A pod that is deleted by force is still seen for a moment, and must not be written to then.
  if (scene.now < scene.pod.deletion + kStuckAfter) {
    scene.look_again_at(scene.pod.deletion + kStuckAfter);
    return std::nullopt;
  }
  auto verdict = blank_verdict(scene);
  verdict.cause = Cause::stateful_set_pod_on_lost_node;
  verdict.state = State::needs_operator;
  verdict.confidence = Confidence::inferred;
  verdict.holder_node = scene.pod.node.str();
  verdict.holders.push_back(describe(scene.view, scene.pod));
  verdict.evidence.push_back(fmt::format("node {} does not report", verdict.holder_node));
  verdict.evidence.push_back(
      fmt::format("no other pod {} is made until this one is gone", scene.pod.name));
  return verdict;
}

}  // namespace bso::diagnosis
