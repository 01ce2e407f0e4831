// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/ascii.h"
#include "diagnosis/outlook.h"
#include "diagnosis/sentence.h"
#include "diagnosis/sentence_parts.h"

namespace bso::diagnosis {

namespace {

constexpr std::size_t kMaxEventNote = 1024;

/// "deployment web"; "a job" for one whose name says nothing.
std::string name_for_people(const OwnerName& owner) {
  const auto kind = lower_case(owner.kind);
  return owner.name.empty() ? "a " + kind : fmt::format("{} {}", kind, owner.name);
}

/// Volume "pvc-1" (PVC shop/data)
std::string subject(const Outlook& o) {
  return fmt::format("Volume \"{}\" (PVC {}/{})", o.pv, o.ns, o.claim);
}

std::string scale_down(const Outlook& o) {
  return fmt::format("kubectl -n {} scale {}/{} --replicas=1", o.ns, lower_case(o.owner.kind),
                     o.owner.name);
}

std::string about_replicas(const Outlook& o) {
  const bool per_pod = o.risk == Risk::replicas_cannot_share;
  return fmt::format(
      "{} is one for all {} replicas of {}. {} {} Run: {} - {}.", subject(o), o.replicas,
      name_for_people(o.owner), say::rule(o.semantics, o.driver),
      per_pod ? "One of them can run, the others wait for it."
              : "Replicas that are placed on another node than the first wait for it.",
      scale_down(o),
      per_pod ? "or give each replica its own PVC (StatefulSet with volumeClaimTemplates)"
              : "or keep all replicas on one node (podAffinity), or use a ReadWriteMany class");
}

std::string about_owners(const Outlook& o) {
  return fmt::format(
      "{} is for pods of {} and also for {}. {} While one of the two has it, the other waits. "
      "Remedy: give each its own PVC, or never run both.",
      subject(o), name_for_people(o.owner), name_for_people(o.other),
      say::rule(o.semantics, o.driver));
}

std::string about_rollout(const Outlook& o) {
  const bool surely = o.risk == Risk::rollout_will_deadlock;
  return fmt::format(
      "{} is used by {}, whose strategy RollingUpdate keeps the old pod until the new one is "
      "Ready. "
      "{} {} deadlock: the new pod waits for the volume, the old one for the new pod. Run: {} "
      "(each "
      "rollout then stops the old pod before it starts the new one; the command itself restarts "
      "nothing).",
      subject(o), name_for_people(o.owner), say::rule(o.semantics, o.driver),
      surely ? "The next rollout will" : "A rollout whose new pod is placed on another node will",
      recreate_strategy(o.ns, o.owner.name));
}

}  // namespace

std::string outlook_sentence(const Outlook& outlook) {
  switch (outlook.risk) {
    case Risk::replicas_cannot_share:
    case Risk::replicas_need_one_node:
      return printable(about_replicas(outlook), kMaxEventNote);
    case Risk::owners_cannot_share:
      return printable(about_owners(outlook), kMaxEventNote);
    case Risk::rollout_will_deadlock:
    case Risk::rollout_may_deadlock:
      break;
  }
  return printable(about_rollout(outlook), kMaxEventNote);
}

}  // namespace bso::diagnosis
