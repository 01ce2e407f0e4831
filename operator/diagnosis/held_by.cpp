// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "diagnosis/rollout.h"
#include "diagnosis/scene.h"

namespace bso::diagnosis {

namespace {

using cluster::Pod;

std::string_view phase_name(const Pod& pod) {
  switch (pod.phase) {
    case cluster::Phase::pending:
      return "Pending";
    case cluster::Phase::running:
      return "Running";
    case cluster::Phase::succeeded:
      return "Succeeded";
    case cluster::Phase::failed:
      return "Failed";
    case cluster::Phase::unknown:
      break;
  }
  return "Unknown";
}

}  // namespace

Holder describe(const cluster::View& view, const Pod& pod) {
  const auto owners = view.ownership(pod);
  Holder holder;
  holder.pod = pod.name;
  holder.uid = pod.uid;
  holder.node = pod.node.str();
  holder.owner = {owners.top.kind.str(), owners.top.name.str()};
  holder.controller = {owners.controller.kind.str(), owners.controller.name.str()};
  holder.revision = pod.revision.str();
  holder.phase = phase_name(pod);
  holder.terminating = pod.deleting;
  return holder;
}

bool on_lost_node(const cluster::View& view, const Pod& pod) {
  if (view.node_count() == 0 || pod.node.empty()) return false;
  const auto* node = view.node(pod.node.view());
  return node == nullptr || node->readiness == cluster::Readiness::silent;
}

bool ends_by_itself(const cluster::Ownership& owners) { return owners.controller.kind == "Job"; }

namespace {

/// Both pods belong to one Deployment but to different ReplicaSets of it.
bool judge_rollout(const Scene& scene, const Pod& holder, Verdict& verdict) {
  const auto mine = scene.view.ownership(scene.pod);
  const auto theirs = scene.view.ownership(holder);
  if (!(mine.top.kind == "Deployment") || mine.top != theirs.top || mine.top_record == nullptr ||
      mine.controller == theirs.controller) {
    return false;
  }
  const auto* my_set = mine.controller_record;
  const auto* their_set = theirs.controller_record;
  if (my_set == nullptr || their_set == nullptr) return false;
  const auto& deployment = *mine.top_record;
  verdict.cause = Cause::rollout_in_progress;
  verdict.state = State::waiting;
  // Recreate stops old pods first; and when the waiting pod is the old one, it is the waiting pod
  // that the Deployment gives up.
  const bool is_old = my_set->revision != their_set->revision
                          ? my_set->revision < their_set->revision
                          : scene.pod.created < holder.created;
  if (deployment.recreate || is_old) return true;
  const auto numbers = rollout_numbers(scene.view, deployment, *my_set, holder);
  if (!never_stops_holder(numbers)) return true;
  verdict.cause = Cause::rollout_deadlock;
  verdict.state = State::deadlock;
  verdict.evidence.push_back(
      fmt::format("deployment {}: maxUnavailable resolves to {}, so the old pod is kept",
                  mine.top.name.view(), numbers.max_unavailable));
  return true;
}

/// The pod does not use the waiting pod's claim, so it has the disk through another volume.
bool through_another_volume(const Scene& scene, const Pod& holder) {
  if (scene.volume.claim.empty()) return false;
  return std::none_of(
      holder.volumes.begin(), holder.volumes.end(),
      [&scene](const cluster::PodVolume& volume) { return volume.claim == scene.volume.claim; });
}

/// The cause between two pods that both want to stay.
void judge_pair(const Scene& scene, const Pod& holder, Verdict& verdict) {
  const auto mine = scene.view.ownership(scene.pod);
  const auto theirs = scene.view.ownership(holder);
  verdict.state = ends_by_itself(theirs) ? State::waiting : State::deadlock;
  if (through_another_volume(scene, holder)) {
    verdict.cause = Cause::two_volumes_one_disk;
    verdict.state = State::needs_operator;
    return;
  }
  if (judge_rollout(scene, holder, verdict)) return;
  if (scene.pv != nullptr && scene.pv->modes == cluster::kReadWriteOncePod) {
    verdict.cause = Cause::read_write_once_pod_conflict;
  } else if (!mine.top.empty() && mine.top == theirs.top) {
    verdict.cause = holder.node == scene.pod.node ? Cause::replicas_share_single_pod_volume
                                                  : Cause::replicas_spread_across_nodes;
  } else {
    verdict.cause = Cause::shared_by_other_workload;
  }
  if (!scene.attaches && !(holder.node == scene.pod.node) &&
      verdict.cause != Cause::read_write_once_pod_conflict) {
    verdict.cause = Cause::node_side_exclusive;
  }
}

void judge_terminating(Scene& scene, const std::vector<const Pod*>& holders, Verdict& verdict) {
  verdict.cause = Cause::holder_terminating;
  WallTime due{};
  for (const Pod* holder : holders) due = std::max(due, holder->deletion + kTerminationGrace);
  verdict.overdue = scene.now >= due;
  verdict.state = verdict.overdue ? State::needs_operator : State::waiting;
  scene.look_again_at(due);
}

}  // namespace

Verdict held_by(Scene& scene, std::vector<const Pod*> holders, Confidence confidence) {
  // Upstream hides pods of other namespaces from events on purpose, and so do we.
  std::vector<const Pod*> own;
  std::copy_if(holders.begin(), holders.end(), std::back_inserter(own),
               [&scene](const Pod* holder) { return holder->ns == scene.pod.ns; });
  const bool elsewhere = own.size() != holders.size();

  auto verdict = blank_verdict(scene);
  verdict.confidence = confidence;
  verdict.holders_elsewhere = elsewhere;
  if (own.empty()) {
    verdict.cause = Cause::two_volumes_one_disk;
    verdict.state = State::needs_operator;
    verdict.evidence.emplace_back("the same disk stands behind a volume of another namespace");
    return verdict;
  }
  std::sort(own.begin(), own.end(), [](const Pod* a, const Pod* b) { return a->name < b->name; });
  for (const Pod* holder : own) verdict.holders.push_back(describe(scene.view, *holder));

  const auto stays =
      std::find_if_not(own.begin(), own.end(), [](const Pod* holder) { return holder->deleting; });
  const auto lost = std::find_if(own.begin(), own.end(), [&scene](const Pod* holder) {
    return on_lost_node(scene.view, *holder);
  });
  if (lost != own.end()) {
    verdict.cause = Cause::holder_on_lost_node;
    verdict.state = State::needs_operator;
    verdict.holder_node = (*lost)->node.str();
    verdict.evidence.push_back(fmt::format("node {} does not report", verdict.holder_node));
  } else if (stays == own.end()) {
    judge_terminating(scene, own, verdict);
  } else {
    judge_pair(scene, **stays, verdict);
  }
  for (const auto& holder : verdict.holders) {
    verdict.evidence.push_back(
        fmt::format("pod {} on {} uses the same disk", holder.pod, holder.node));
  }
  return verdict;
}

}  // namespace bso::diagnosis
