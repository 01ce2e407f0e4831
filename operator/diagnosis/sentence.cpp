// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/sentence.h"

#include <algorithm>

#include <fmt/format.h>

#include "diagnosis/sentence_parts.h"

namespace bso::diagnosis {

namespace say {

std::string what(const Verdict& v) {
  if (v.claim.empty()) return fmt::format("Volume \"{}\"", v.volume);
  return fmt::format("Volume \"{}\" (PVC {}/{})", v.volume, v.ns, v.claim);
}

std::string who(const Verdict& v) {
  if (v.holders.empty()) return "a pod";
  const auto& first = v.holders.front().pod;
  if (v.holders.size() == 1) return "pod " + first;
  if (v.holders.size() == 2) return fmt::format("pods {} and {}", first, v.holders[1].pod);
  return fmt::format("pod {} and others", first);
}

std::string where(const Verdict& v) {
  if (v.holders.empty()) return "of another namespace";
  const auto& node = v.holders.front().node;
  if (node == v.node) return fmt::format("on this same node {}", node);
  if (v.node.empty()) return fmt::format("on node {}, so that this pod is placed nowhere", node);
  return fmt::format("on node {}, while this pod is on {}", node, v.node);
}

std::string rule(const Semantics& semantics, std::string_view driver) {
  if (semantics.source == SemanticsSource::access_mode &&
      semantics.granularity == Granularity::single_pod) {
    return "ReadWriteOncePod lets only ONE POD of the whole cluster use it.";
  }
  if (semantics.granularity == Granularity::single_pod) {
    return fmt::format("Driver {} lets only ONE POD use a volume, even on one node.", driver);
  }
  const auto* known = semantics.source == SemanticsSource::assumed ? " (as far as is known)" : "";
  return fmt::format("Driver {} lets only ONE NODE use a volume at a time{}.", driver, known);
}

std::string rule(const Verdict& v) { return rule(v.semantics, v.driver); }

std::string run(const Remedy& remedy) {
  std::string text;
  if (!remedy.commands.empty()) text = fmt::format(" Run: {}", remedy.commands.front());
  if (!remedy.caution.empty()) text += fmt::format(" ({})", remedy.caution);
  if (!remedy.alternative.empty()) {
    text += text.empty() ? fmt::format(" Remedy: {}", remedy.alternative)
                         : fmt::format(" - {}", remedy.alternative);
  }
  return text.empty() ? text : text + ".";
}

namespace {

/// Somebody holds it and both want to stay.
std::string contended(const Verdict& v) {
  const auto* heals =
      v.self_healing() ? "It is free when that job has ended." : "This will not clear by itself.";
  std::string owner;
  if (v.cause == Cause::shared_by_other_workload && !v.holders.front().owner.name.empty()) {
    owner = fmt::format(" of {}/{}", v.holders.front().owner.kind, v.holders.front().owner.name);
  }
  return fmt::format("{} is in use by {}{} {}. {} {}{}", what(v), who(v), owner, where(v), rule(v),
                     heals, run(remedy_for(v)));
}

std::string rollout(const Verdict& v) {
  const auto remedy = remedy_for(v);
  if (v.cause == Cause::rollout_in_progress) {
    return fmt::format(
        "{} is in use by {} (another revision of deployment {}) {}. The rollout is about to stop "
        "one "
        "of the two; nothing to do yet. Watch: {}",
        what(v), who(v), v.owner.name, where(v), remedy.commands.front());
  }
  return fmt::format(
      "{} is held by old {} {}. {} The rollout of deployment {} is deadlocked: it keeps the old "
      "pod "
      "until this one is Ready. This will not clear by itself. Run: {} ({})",
      what(v), who(v), where(v), rule(v), v.owner.name, remedy.commands.front(), remedy.caution);
}

std::string unknown(const Verdict& v) {
  return fmt::format(
      "{}: driver {} says that it is in use, but no pod, VolumeAttachment or node of this cluster "
      "is "
      "known to have it. It may be held outside the cluster. Driver: '{}'. See: {}",
      what(v), v.driver, printable(v.text, kMaxQuote), remedy_for(v).commands.front());
}

/// Two PersistentVolumes name one disk.
std::string twins(const Verdict& v) {
  const auto holder = v.holders.empty() ? std::string{"in another namespace"}
                                        : fmt::format("by {} {}", who(v), where(v));
  return fmt::format(
      "{}: the disk behind it is in use through another PersistentVolume, {}. This will not clear "
      "by itself. A cluster administrator has to look for volumes with the same handle: {}",
      what(v), holder, remedy_for(v).commands.front());
}

std::string labels(const Verdict& v) {
  const auto remedy = remedy_for(v);
  return fmt::format(
      "{} is mounted by {} {} with another SELinux label than this pod's, and one node mounts a "
      "volume with one label only. {} Remedy: {}. Compare: {}",
      what(v), who(v), where(v),
      v.self_healing() ? "It is free when that one has ended." : "This will not clear by itself.",
      remedy.alternative, remedy.commands.front());
}

/// " Other volumes of this pod are held too: logs, cache and 2 more."
std::string others(const Verdict& v) {
  if (v.more_volumes.empty()) return {};
  constexpr std::size_t kMost = 3;
  const auto named = std::min(v.more_volumes.size(), kMost);
  std::string names;
  for (std::size_t i = 0; i < named; ++i) {
    names += fmt::format("{}{}", i == 0 ? "" : ", ", v.more_volumes[i].volume);
  }
  const auto left = v.more_volumes.size() - named;
  if (left > 0) names += fmt::format(" and {} more", left);
  return fmt::format(" Other volumes of this pod are held too: {}.", names);
}

const char* reason_of(const Verdict& verdict) {
  switch (verdict.cause) {
    case Cause::orphaned_mount:
      return "VolumeMountOrphaned";
    case Cause::stale_attachment:
      return "VolumeAttachmentStale";
    case Cause::held_outside_cluster:
      return "VolumeHeldOutsideCluster";
    case Cause::stateful_set_pod_on_lost_node:
      return "VolumeOnLostNode";
    default:
      break;
  }
  if (!verdict.holders.empty() || verdict.holders_elsewhere) return "VolumeHeldByOtherPod";
  return verdict.cause == Cause::holder_on_lost_node ? "VolumeOnLostNode" : "VolumeHeldElsewhere";
}

std::string compose(const Verdict& v) {
  switch (v.cause) {
    case Cause::replicas_share_single_pod_volume:
    case Cause::replicas_spread_across_nodes:
    case Cause::shared_by_other_workload:
    case Cause::read_write_once_pod_conflict:
      return contended(v);
    case Cause::rollout_deadlock:
    case Cause::rollout_in_progress:
      return rollout(v);
    case Cause::holder_terminating:
      return leaving(v);
    case Cause::holder_on_lost_node:
      return lost_node(v);
    case Cause::stateful_set_pod_on_lost_node:
      return kept_name(v);
    case Cause::held_outside_cluster:
      return outside(v);
    case Cause::node_side_exclusive:
      return node_side(v);
    case Cause::selinux_context_conflict:
      return labels(v);
    case Cause::detach_pending:
      return releasing(v);
    case Cause::stale_attachment:
      return stale(v);
    case Cause::orphaned_mount:
      return orphaned(v);
    case Cause::two_volumes_one_disk:
      return twins(v);
    case Cause::unknown_exclusive:
      break;
  }
  return unknown(v);
}

}  // namespace

}  // namespace say

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "...";
  std::string result(text.substr(0, limit));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > limit) {
    const auto cut = std::min(limit, kCut.size());
    result.replace(limit - cut, cut, kCut);
  }
  return result;
}

std::string sentence(const Verdict& verdict) {
  return printable(say::compose(verdict) + say::others(verdict), 4096);
}

std::optional<Notice> notice(const Verdict& verdict, WallTime now) {
  constexpr std::size_t kMaxNote = 1024;
  Notice result;
  result.note = printable(sentence(verdict), kMaxNote);
  if (!verdict.holders.empty() && verdict.holders.front().uid != verdict.pod_uid) {
    result.related_pod = verdict.holders.front().pod;
    result.related_uid = verdict.holders.front().uid;
  }
  switch (verdict.state) {
    case State::unknown:
      return std::nullopt;
    case State::waiting:
      if (now < std::max(verdict.since, verdict.released) + kReleaseNoticeAfter) {
        return std::nullopt;
      }
      result.warning = false;
      result.reason = "VolumeReleasePending";
      return result;
    case State::deadlock:
    case State::needs_operator:
      break;
  }
  result.reason = say::reason_of(verdict);
  return result;
}

Notice resolved_notice() {
  return {.warning = false,
          .reason = "VolumeBlockResolved",
          .note = "The volume of this pod is no longer held by another one.",
          .related_pod = {},
          .related_uid = {}};
}

}  // namespace bso::diagnosis
