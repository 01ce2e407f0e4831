// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/sentence.h"

#include <fmt/format.h>

#include "diagnosis/remedy.h"

namespace bso::diagnosis {

namespace {

constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxQuote = 120;

std::string what(const Verdict& v) {
  if (v.claim.empty()) return fmt::format("Volume \"{}\"", v.volume);
  return fmt::format("Volume \"{}\" (PVC {}/{})", v.volume, v.ns, v.claim);
}

/// "pod a", "pods a and b", "pod a and 3 more".
std::string who(const Verdict& v) {
  if (v.holders.empty()) return "a pod";
  const auto& first = v.holders.front().pod;
  if (v.holders.size() == 1) return "pod " + first;
  if (v.holders.size() == 2) return fmt::format("pods {} and {}", first, v.holders[1].pod);
  return fmt::format("pod {} and others", first);
}

std::string where(const Verdict& v) {
  const auto& node = v.holders.front().node;
  if (node == v.node) return fmt::format("on this same node {}", node);
  return fmt::format("on node {}, while this pod is on {}", node, v.node);
}

std::string rule(const Verdict& v) {
  if (v.semantics.source == SemanticsSource::access_mode &&
      v.semantics.granularity == Granularity::single_pod) {
    return "ReadWriteOncePod lets only ONE POD of the whole cluster use it.";
  }
  if (v.semantics.granularity == Granularity::single_pod) {
    return fmt::format("Driver {} lets only ONE POD use a volume, even on one node.", v.driver);
  }
  const auto* known = v.semantics.source == SemanticsSource::assumed ? " (as far as is known)" : "";
  return fmt::format("Driver {} lets only ONE NODE use a volume at a time{}.", v.driver, known);
}

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

std::string leaving(const Verdict& v) {
  const auto command = remedy_for(v).commands.front();
  const auto& node = v.holders.front().node;
  if (!v.overdue) {
    return fmt::format(
        "{} is still held by {}, which is being deleted on node {}. This pod starts when that one "
        "is "
        "gone, usually within a minute of its grace period. Nothing to do yet. Watch: {}",
        what(v), who(v), node, command);
  }
  return fmt::format(
      "{} is still held by {}, which is being deleted on node {}, but its grace period is long "
      "over. "
      "Look at its finalizers, and at the kubelet and the driver {} on that node: {} - do not "
      "force "
      "the deletion unless that machine is off: data may be corrupted.",
      what(v), who(v), node, v.driver, command);
}

std::string lost_node(const Verdict& v) {
  const auto remedy = remedy_for(v);
  return fmt::format(
      "{} is held by {} on node {}, which has stopped reporting. Kubernetes does not move the "
      "volume "
      "while that node may still write to it. Check the machine: {} - only if it is really powered "
      "off: {} (before Kubernetes 1.26: kubectl delete node {}). If you are not sure, do nothing: "
      "two "
      "writers corrupt the data.",
      what(v), who(v), v.holder_node, remedy.commands.front(), remedy.commands.back(),
      v.holder_node);
}

std::string releasing(const Verdict& v) {
  if (!v.vanished_uid.empty()) {
    return fmt::format(
        "{} is still mounted on this node {} for a pod that has ended (UID {}). The kubelet "
        "usually "
        "unmounts it within a minute. Nothing to do yet; this text changes if it does not.",
        what(v), v.node, v.vanished_uid);
  }
  if (v.holder_node.empty()) {
    return fmt::format(
        "{} is still attached to another node and is being released; no pod is known to use it. "
        "Usually done within a minute. Nothing to do yet; this text changes if it gets stuck.",
        what(v));
  }
  return fmt::format(
      "{} is being moved here: it is still attached to node {}, where no pod uses it any more. "
      "Usually done within a minute. Nothing to do yet; this text changes if it gets stuck.",
      what(v), v.holder_node);
}

std::string stale(const Verdict& v) {
  const auto kept =
      v.attachment.empty()
          ? fmt::format("it is still attached to node {}", v.holder_node)
          : fmt::format("VolumeAttachment {} keeps it on node {}", v.attachment, v.holder_node);
  const auto words =
      v.text.empty() ? std::string{} : fmt::format(" Driver: '{}'.", printable(v.text, kMaxQuote));
  return fmt::format(
      "{} is used by no running pod, yet {}.{} This will not clear by itself. Check driver {} and "
      "that node: {} - detach by hand only what the storage itself shows as unused: else data may "
      "be "
      "corrupted.",
      what(v), kept, words, v.driver, remedy_for(v).commands.front());
}

std::string orphaned(const Verdict& v) {
  return fmt::format(
      "{} is still mounted on this node {} for pod UID {}, which has ended or no longer exists, so "
      "no "
      "pod can be deleted to free it. Driver {} lets only one pod use it. On that node look for "
      "'Orphaned pod' in the kubelet log and unmount that pod's directory, or empty the node and "
      "reboot it: {}",
      what(v), v.holder_node, v.vanished_uid, v.driver, remedy_for(v).commands.front());
}

std::string unknown(const Verdict& v) {
  return fmt::format(
      "{}: driver {} says that it is in use, but no pod, VolumeAttachment or node of this cluster "
      "is "
      "known to have it. It may be held outside the cluster. Driver: '{}'. See: {}",
      what(v), v.driver, printable(v.text, kMaxQuote), remedy_for(v).commands.front());
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
    case Cause::detach_pending:
      return releasing(v);
    case Cause::stale_attachment:
      return stale(v);
    case Cause::orphaned_mount:
      return orphaned(v);
    case Cause::two_volumes_one_disk:
      return fmt::format(
          "{}: the disk behind it is in use through another PersistentVolume in another namespace. "
          "This will not clear by itself. A cluster administrator has to look for volumes with the "
          "same handle: {}",
          what(v), remedy_for(v).commands.front());
    case Cause::unknown_exclusive:
      break;
  }
  return unknown(v);
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  result.reserve(std::min(text.size(), limit));
  for (const char c : text) {
    if (result.size() == limit) {
      result.replace(limit - std::min<std::size_t>(limit, 3), std::string::npos, "...");
      break;
    }
    result.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return result;
}

std::string sentence(const Verdict& verdict) {
  auto text = compose(verdict);
  if (verdict.more_volumes) text += " Other volumes of this pod are held too.";
  return printable(text, 4096);
}

std::optional<Notice> notice(const Verdict& verdict, WallTime now) {
  Notice result;
  result.note = printable(sentence(verdict), kMaxNote);
  if (!verdict.holders.empty()) {
    result.related_pod = verdict.holders.front().pod;
    result.related_uid = verdict.holders.front().uid;
  }
  switch (verdict.state) {
    case State::unknown:
      return std::nullopt;
    case State::waiting:
      if (now < verdict.since + kReleaseNoticeAfter) return std::nullopt;
      result.warning = false;
      result.reason = "VolumeReleasePending";
      return result;
    case State::deadlock:
    case State::needs_operator:
      break;
  }
  result.reason = verdict.cause == Cause::orphaned_mount     ? "VolumeMountOrphaned"
                  : verdict.cause == Cause::stale_attachment ? "VolumeAttachmentStale"
                                                             : "VolumeHeldByOtherPod";
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
