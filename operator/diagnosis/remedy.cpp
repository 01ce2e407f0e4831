// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/remedy.h"

#include <fmt/format.h>

namespace bso::diagnosis {

std::string recreate_strategy(std::string_view ns, std::string_view deployment) {
  return fmt::format(
      "kubectl -n {} patch deployment/{} -p "
      R"('{{"spec":{{"strategy":{{"type":"Recreate","rollingUpdate":null}}}}}}')",
      ns, deployment);
}

namespace {

/// "deployment/web" for kinds that `kubectl scale` knows, else "".
std::string scalable(const OwnerName& owner) {
  if (owner.kind == "Deployment") return "deployment/" + owner.name;
  if (owner.kind == "StatefulSet") return "statefulset/" + owner.name;
  if (owner.kind == "ReplicaSet") return "replicaset/" + owner.name;
  if (owner.kind == "ReplicationController") return "replicationcontroller/" + owner.name;
  return {};
}

std::string kubectl(const Verdict& verdict, std::string_view arguments) {
  return fmt::format("kubectl -n {} {}", verdict.ns, arguments);
}

const Holder& first(const Verdict& verdict) {
  static const Holder kNobody;
  return verdict.holders.empty() ? kNobody : verdict.holders.front();
}

std::string wait_for_job(const Verdict& verdict) {
  return kubectl(verdict, fmt::format("wait --for=condition=complete job/{} --timeout=1h",
                                      first(verdict).controller.name));
}

/// Replicas of one workload that cannot all have the volume.
Remedy for_replicas(const Verdict& verdict) {
  Remedy remedy;
  const bool per_pod = verdict.semantics.granularity == Granularity::single_pod;
  const auto target = scalable(verdict.owner);
  if (!target.empty()) {
    remedy.commands.push_back(kubectl(verdict, fmt::format("scale {} --replicas=1", target)));
  } else if (first(verdict).controller.kind == "Job") {
    remedy.commands.push_back(wait_for_job(verdict));
  }
  remedy.alternative =
      per_pod ? "or give each replica its own PVC (StatefulSet with volumeClaimTemplates)"
              : "or keep all replicas on one node (podAffinity), or use a ReadWriteMany class";
  if (verdict.owner.kind == "DaemonSet") {
    remedy.alternative = "a DaemonSet needs a ReadWriteMany volume or none";
  }
  return remedy;
}

/// Two workloads that both want the volume.
Remedy for_other_workload(const Verdict& verdict) {
  Remedy remedy;
  const auto& holder = first(verdict);
  const auto target = scalable(holder.owner);
  if (holder.controller.kind == "Job") {
    remedy.commands.push_back(wait_for_job(verdict));
  } else if (!target.empty()) {
    remedy.commands.push_back(kubectl(verdict, fmt::format("scale {} --replicas=0", target)));
    remedy.caution = "if that one can be stopped";
  } else {
    remedy.commands.push_back(kubectl(verdict, fmt::format("delete pod {}", holder.pod)));
    remedy.caution = "if that one can be stopped";
  }
  remedy.alternative = verdict.semantics.granularity == Granularity::single_pod
                           ? "or give each its own PVC"
                           : "or run both on one node (podAffinity), or give each its own PVC";
  return remedy;
}

/// Switching to Recreate makes the Deployment stop the old pod now and before each later rollout.
/// Deleting the old pod would not do: its ReplicaSet makes another one at once, which then takes
/// the volume as likely as the new pod does.
Remedy for_rollout(const Verdict& verdict) {
  Remedy remedy;
  remedy.commands.push_back(recreate_strategy(verdict.ns, verdict.owner.name));
  remedy.commands.push_back(
      kubectl(verdict, fmt::format("rollout undo deployment/{}", verdict.owner.name)));
  remedy.caution = "stops the old pod before the new one starts, now and at each rollout";
  return remedy;
}

Remedy for_lost_node(const Verdict& verdict) {
  Remedy remedy;
  remedy.commands.push_back(fmt::format("kubectl describe node {}", verdict.holder_node));
  remedy.commands.push_back(
      fmt::format("kubectl taint node {} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
                  verdict.holder_node));
  remedy.caution =
      "the taint (Kubernetes 1.26 and later) only when that machine is really off: "
      "two nodes writing to one disk destroy the data";
  return remedy;
}

/// Both pods' labels, to be compared.
Remedy for_selinux_labels(const Verdict& verdict) {
  Remedy remedy;
  auto pods = verdict.pod;
  if (!verdict.holders.empty()) pods += fmt::format(" {}", first(verdict).pod);
  remedy.commands.push_back(kubectl(
      verdict, fmt::format("get pod {} -o custom-columns="
                           "'POD:.metadata.name,LABEL:.spec.securityContext.seLinuxOptions'",
                           pods)));
  remedy.alternative =
      "give both pods the same seLinuxOptions, or seLinuxChangePolicy: Recursive (Kubernetes 1.32 "
      "and later)";
  return remedy;
}

bool is_of_own_workload(const Verdict& verdict) {
  return verdict.owner == first(verdict).owner && !verdict.owner.name.empty();
}

}  // namespace

Remedy remedy_for(const Verdict& verdict) {
  const auto& holder = first(verdict);
  switch (verdict.cause) {
    case Cause::replicas_share_single_pod_volume:
    case Cause::replicas_spread_across_nodes:
      return for_replicas(verdict);
    case Cause::read_write_once_pod_conflict:
      return is_of_own_workload(verdict) ? for_replicas(verdict) : for_other_workload(verdict);
    case Cause::node_side_exclusive:
      if (verdict.holders.empty()) {
        return {{fmt::format("kubectl describe node {}", verdict.holder_node)}, {}, {}};
      }
      return is_of_own_workload(verdict) ? for_replicas(verdict) : for_other_workload(verdict);
    case Cause::selinux_context_conflict:
      return for_selinux_labels(verdict);
    case Cause::held_outside_cluster:
      return {
          {"kubectl get nodes -o custom-columns=NAME:.metadata.name,ID:.spec.providerID"}, {}, {}};
    case Cause::rollout_deadlock:
      return for_rollout(verdict);
    case Cause::shared_by_other_workload:
      return for_other_workload(verdict);
    case Cause::holder_on_lost_node:
    case Cause::stateful_set_pod_on_lost_node:
      return for_lost_node(verdict);
    case Cause::rollout_in_progress:
      return {{kubectl(verdict, fmt::format("rollout status deployment/{}", verdict.owner.name))},
              {},
              {}};
    case Cause::holder_terminating:
      return {{kubectl(verdict, fmt::format("describe pod {}", holder.pod))}, {}, {}};
    case Cause::stale_attachment:
      if (verdict.attachment.empty()) {
        return {{fmt::format("kubectl describe node {}", verdict.holder_node)}, {}, {}};
      }
      return {{fmt::format("kubectl describe volumeattachment {}", verdict.attachment)}, {}, {}};
    case Cause::orphaned_mount:
      return {{fmt::format("kubectl drain {} --ignore-daemonsets", verdict.holder_node)}, {}, {}};
    case Cause::two_volumes_one_disk:
      return {{fmt::format("kubectl get pv {} -o yaml", verdict.pv)}, {}, {}};
    case Cause::unknown_exclusive:
      return {{kubectl(verdict, fmt::format("describe pod {}", verdict.pod))}, {}, {}};
    case Cause::detach_pending:
      break;
  }
  return {};
}

}  // namespace bso::diagnosis
