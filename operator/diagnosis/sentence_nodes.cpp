// SPDX-License-Identifier: Apache-2.0
// Sentences about volumes that are on their way, or that nobody lets go.
#include <fmt/format.h>

#include "diagnosis/sentence.h"
#include "diagnosis/sentence_parts.h"

namespace bso::diagnosis::say {

namespace {

/// what() within a sentence.
std::string volume_within(const Verdict& v) {
  auto text = what(v);
  text.front() = 'v';
  return text;
}

/// "kubectl describe node" of a node that may still write.
constexpr const char* kNotByHand =
    "detach by hand only what the storage itself shows as unused: else data may be corrupted.";

}  // namespace

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
  if (v.holders.empty()) {
    return fmt::format(
        "{} is attached to node {}, which has stopped reporting; no pod uses it any more. {} Check "
        "the machine: {} - only if it is really powered off: {} (before Kubernetes 1.26: kubectl "
        "delete node {}). If you are not sure, do nothing: two writers corrupt the data.",
        what(v), v.holder_node,
        v.self_healing() ? "Kubernetes detaches it by force 6 minutes after its last pod."
                         : "Kubernetes has not detached it within 6 minutes.",
        remedy.commands.front(), remedy.commands.back(), v.holder_node);
  }
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

std::string kept_name(const Verdict& v) {
  const auto remedy = remedy_for(v);
  return fmt::format(
      "This pod is being deleted on node {}, which has stopped reporting. It keeps {}, and no "
      "other "
      "pod {} is made while it may still run there (a StatefulSet has at most one). Check the "
      "machine: {} - only if it is really powered off: {} (before Kubernetes 1.26: kubectl delete "
      "node {}). If you are not sure, do nothing: two writers corrupt the data.",
      v.holder_node, volume_within(v), v.pod, remedy.commands.front(), remedy.commands.back(),
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
      "that node: {} - {}",
      what(v), kept, words, v.driver, remedy_for(v).commands.front(), kNotByHand);
}

std::string orphaned(const Verdict& v) {
  return fmt::format(
      "{} is still mounted on this node {} for pod UID {}, which has ended or no longer exists, so "
      "no pod can be deleted to free it. Driver {} lets only one pod use it. To find out why, look "
      "for that UID in the kubelet's log there ('UnmountVolume.TearDown failed' or 'Orphaned "
      "pod'). Then unmount that pod's directory, or empty the node and reboot it: {}",
      what(v), v.holder_node, v.vanished_uid, v.driver, remedy_for(v).commands.front());
}

std::string outside(const Verdict& v) {
  return fmt::format(
      "{}: driver {} says that machine {} has it, which is no node of this cluster. No object of "
      "Kubernetes holds it, so nothing here frees it. Compare: {} - stop what uses it there, then "
      "{}",
      what(v), v.driver, printable(v.words.machine, kMaxQuote), remedy_for(v).commands.front(),
      kNotByHand);
}

std::string node_side(const Verdict& v) {
  const auto remedy = remedy_for(v);
  if (v.holders.empty()) {
    const auto* heals = v.self_healing() ? "Nothing to do yet; this text changes if it gets stuck."
                                         : "This will not clear by itself.";
    return fmt::format(
        "{} is still mounted on node {}, where no pod is known to use it. Driver {} has no attach "
        "step, so Kubernetes never detaches it by force. {} Look at that node: {} - {}",
        what(v), v.holder_node, v.driver, heals, remedy.commands.front(), kNotByHand);
  }
  return fmt::format(
      "{} is in use by {} {}. {} It has no attach step, so Kubernetes never detaches it. {}{}",
      what(v), who(v), where(v), rule(v),
      v.self_healing() ? "It is free when that job has ended." : "This will not clear by itself.",
      run(remedy));
}

}  // namespace bso::diagnosis::say
