// SPDX-License-Identifier: Apache-2.0
// What drivers and kubelets say, as far as the objects agree or know no better.
#include <algorithm>

#include <fmt/format.h>

#include "diagnosis/rules.h"
#include "diagnosis/words.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;
using Pods = std::vector<const Pod*>;

/// Said by an event that is still there, not remembered.
bool is_said(const Scene& scene) { return scene.hint && scene.hint->event != nullptr; }

/// The one node, beside the waiting pod's own, that the words name; "" when there is none or more
/// than one. A node called like an English word is not looked for.
std::string node_among_words(const Scene& scene) {
  std::string found;
  for (const auto token : name_tokens(scene.hint->parsed.text)) {
    if (token.find_first_of("0123456789.-") == std::string_view::npos) continue;
    if (scene.pod.node == token || scene.view.node(token) == nullptr) continue;
    if (!found.empty()) return {};
    found = token;
  }
  return found;
}

/// The machine that is named and surely no node of this cluster. Remembered words are cut, so what
/// was found in them before is what counts, unless it has become a node.
std::string foreign_machine(const Scene& scene) {
  NamedMachine machine = is_said(scene) ? named_machine(scene.hint->parsed.text)
                                        : NamedMachine{scene.memory->words.machine, true};
  return find_machine(scene.view, machine).none ? machine.id : std::string{};
}

bool nobody_has_it(const Scene& scene) {
  return scene.holding_here.empty() && scene.holding_elsewhere.empty();
}

/// A mount that outlived its pod, when the time to take it away is over. A pod that was seen to go
/// leaves the old words behind: then only new ones, or a whole round of the kubelet, tell more.
bool is_leftover(Scene& scene, WallTime released) {
  if (released == scene.since) {
    scene.look_again_at(released + kMountReleaseGrace);
    return scene.now >= released + kMountReleaseGrace;
  }
  const bool again = is_said(scene) && scene.hint->event->last >= released + kMountReleaseGrace;
  scene.look_again_at(released + kMountRetry);
  return again || scene.now >= released + kMountRetry;
}

}  // namespace

std::string named_node(const Scene& scene) {
  if (!scene.hint) return {};
  if (!is_said(scene)) {
    const auto& node = scene.memory->words.node;
    return node.empty() || scene.pod.node == node || scene.view.node(node) == nullptr ? "" : node;
  }
  const auto machine = named_machine(scene.hint->parsed.text);
  if (const auto* node = find_machine(scene.view, machine).node;
      node != nullptr && !(scene.pod.node == node->name)) {
    return node->name;
  }
  return node_among_words(scene);
}

std::optional<Verdict> from_selinux_labels(Scene& scene) {
  if (!scene.hint || scene.hint->kind != Words::Kind::selinux) return std::nullopt;
  // The kubelet compares with every pod of its node that wants the volume, mounted or not.
  Pods holders = scene.holding_here;
  if (holders.empty()) {
    std::copy_if(
        scene.waiting.begin(), scene.waiting.end(), std::back_inserter(holders),
        [&scene](const Pod* pod) { return pod->node == scene.pod.node && !pod->deleting; });
  }
  if (holders.empty()) return std::nullopt;
  const auto confidence = is_said(scene) ? Confidence::proven : Confidence::inferred;
  auto verdict = held_by(scene, holders, confidence);
  verdict.cause = Cause::selinux_context_conflict;
  verdict.overdue = false;
  verdict.text = scene.hint->parsed.text;
  const bool ends = std::all_of(holders.begin(), holders.end(), [&scene](const Pod* holder) {
    return holder->deleting || ends_by_itself(scene.view.ownership(*holder));
  });
  verdict.state = ends ? State::waiting : State::deadlock;
  keep_words(scene, verdict);
  return verdict;
}

std::optional<Verdict> from_named_pods(Scene& scene) {
  Pods alive;
  std::copy_if(scene.named.begin(), scene.named.end(), std::back_inserter(alive),
               [](const Pod* pod) { return use_of(*pod) != Use::releasing; });
  if (alive.empty()) return std::nullopt;
  const auto& known = scene.semantics;
  if (known.granularity != Granularity::single_pod || known.source == SemanticsSource::learned) {
    scene.semantics = {Granularity::single_pod, SemanticsSource::observed};
  }
  auto verdict = held_by(scene, alive, is_said(scene) ? Confidence::proven : Confidence::inferred);
  for (const Pod* pod : alive) {
    if (pod->ns == scene.pod.ns) {
      verdict.evidence.push_back(fmt::format("kubelet event names pod uid {}", pod->uid));
    }
  }
  keep_words(scene, verdict);
  return verdict;
}

std::optional<Verdict> from_leftover_mount(Scene& scene) {
  // While a pod on this node has the disk, an old directory is no explanation, and taking it away
  // would be bad advice.
  if (!scene.holding_here.empty()) return std::nullopt;
  const bool ended = !scene.named.empty();
  if (!ended && scene.vanished_uid.empty()) return std::nullopt;
  // The one that was named has gone since, and nobody has been refused again.
  if (!is_said(scene) && !scene.memory->released) return std::nullopt;
  auto verdict = blank_verdict(scene);
  verdict.vanished_uid = ended ? scene.named.front()->uid : scene.vanished_uid;
  verdict.holder_node = scene.pod.node.str();
  verdict.confidence = ended && is_said(scene) ? Confidence::proven : Confidence::inferred;
  verdict.released = scene.released();
  verdict.evidence.push_back(fmt::format("kubelet event names pod uid {}, which {}",
                                         verdict.vanished_uid,
                                         ended ? "has ended" : "is no pod of this cluster"));
  keep_words(scene, verdict);
  const bool late = is_leftover(scene, verdict.released);
  verdict.cause = late ? Cause::orphaned_mount : Cause::detach_pending;
  verdict.state = late ? State::needs_operator : State::waiting;
  return verdict;
}

std::optional<Verdict> from_text(Scene& scene) {
  if (!scene.hint || scene.hint->kind == Words::Kind::selinux) return std::nullopt;
  // Whom the remembered words named has gone since: they are about somebody else's time.
  if (!is_said(scene) && !scene.vanished_uid.empty()) return std::nullopt;
  const auto conflict = scene.hint->parsed.conflict;
  const bool by_controller =
      conflict == Conflict::used_by_pods || conflict == Conflict::attached_elsewhere;
  // Silence is no recovery: what a driver said and a verdict rests on counts until the pod starts.
  const bool remembered = scene.memory && scene.memory->words.kind != Words::Kind::none;
  if (is_said(scene) && (by_controller || !remembered)) {
    const WallTime valid_until =
        scene.hint->event->last + (by_controller ? kControllerTextAge : kDriverTextAge);
    if (scene.now >= valid_until) return std::nullopt;
    scene.look_again_at(valid_until);
  }
  auto verdict = blank_verdict(scene);
  verdict.evidence.push_back(is_said(scene)
                                 ? fmt::format("{} event only", scene.hint->event->component.view())
                                 : std::string{"words only"});
  verdict.evidence.push_back(
      fmt::format("checked: {} other pods that use it, {} attachments",
                  scene.holding_here.size() + scene.holding_elsewhere.size() +
                      scene.waiting.size() + scene.releasing.size(),
                  scene.pv == nullptr ? 0 : scene.view.attachments(*scene.pv).size()));
  verdict.confidence = Confidence::guess;
  if (!by_controller) keep_words(scene, verdict);
  if (conflict == Conflict::in_use) {
    verdict.holder_node = verdict.words.node = named_node(scene);
    if (verdict.holder_node.empty() && nobody_has_it(scene)) {
      verdict.words.machine = foreign_machine(scene);
    }
  }
  if (!verdict.words.machine.empty()) {
    verdict.cause = Cause::held_outside_cluster;
    verdict.state = State::needs_operator;
    return verdict;
  }
  if (!by_controller && verdict.holder_node.empty()) return verdict;
  verdict.released = scene.released();
  const bool late = !by_controller && scene.now - verdict.released >= kDetachGrace;
  verdict.cause = late ? Cause::stale_attachment : Cause::detach_pending;
  if (!by_controller && !scene.attaches) verdict.cause = Cause::node_side_exclusive;
  verdict.state = late ? State::needs_operator : State::waiting;
  if (!late) scene.look_again_at(verdict.released + kDetachGrace);
  return verdict;
}

}  // namespace bso::diagnosis
