// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "cluster/decode.h"
#include "cluster/decode_meta.h"

namespace bso::cluster {

namespace {

using wire::Message;

void read_node_condition(std::string_view raw, Node& node) {
  std::string_view type;
  std::string_view status;
  WallTime changed{};
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        type = message.bytes();
        break;
      case 2:
        status = message.bytes();
        break;
      case 4:
        changed = wire::read_time(message.bytes());
        break;
      default:
        message.skip();
    }
  }
  if (type != "Ready") return;
  node.ready_since = changed;
  node.readiness = status == "True"    ? Readiness::ready
                   : status == "False" ? Readiness::not_ready
                                       : Readiness::silent;
}

void read_node_spec(std::string_view raw, Node& node) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 3:
        node.provider_id = message.bytes();
        break;
      case 5:
        node.taints.emplace_back(wire::text_field(message.bytes(), 1));
        break;
      default:
        message.skip();
    }
  }
}

void read_node(std::string_view raw, Node& node) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {
        const auto meta = wire::read_meta(message.bytes());
        node.name = meta.name;
        node.uid = meta.uid;
        node.architecture = Symbol{wire::lookup(meta.labels, "kubernetes.io/arch")};
        break;
      }
      case 2:
        read_node_spec(message.bytes(), node);
        break;
      case 3:
        for (Message status{message.bytes()}; status.next();) {
          switch (status.field()) {
            case 4:
              read_node_condition(status.bytes(), node);
              break;
            case 9:
              node.volumes_in_use.emplace_back(status.bytes());
              break;
            case 10:
              node.volumes_attached.emplace_back(wire::text_field(status.bytes(), 1));
              break;
            default:
              status.skip();
          }
        }
        break;
      default:
        message.skip();
    }
  }
  // Their order changes from one status to the next without meaning anything.
  const auto by_text = [](const Symbol& a, const Symbol& b) { return a.view() < b.view(); };
  std::sort(node.volumes_in_use.begin(), node.volumes_in_use.end(), by_text);
  std::sort(node.volumes_attached.begin(), node.volumes_attached.end(), by_text);
  // One key may stand there with several effects.
  std::sort(node.taints.begin(), node.taints.end(), by_text);
  node.taints.erase(std::unique(node.taints.begin(), node.taints.end()), node.taints.end());
}

/// util/intstr IntOrString.
IntOrPercent read_int_or_percent(std::string_view raw) {
  std::int64_t type = 0;
  IntOrPercent result;
  std::string_view text;
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        type = message.integer();
        break;
      case 2:
        result.value = message.int32();
        break;
      case 3:
        text = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  if (type == 1) {
    result = {0, text.ends_with('%')};
    std::from_chars(text.data(), text.data() + text.size(), result.value);
  }
  return result;
}

void read_strategy(std::string_view raw, Workload& workload) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        workload.recreate = message.bytes() == "Recreate";
        break;
      case 2:
        for (Message rolling{message.bytes()}; rolling.next();) {
          switch (rolling.field()) {
            case 1:
              workload.max_unavailable = read_int_or_percent(rolling.bytes());
              break;
            case 2:
              workload.max_surge = read_int_or_percent(rolling.bytes());
              break;
            default:
              rolling.skip();
          }
        }
        break;
      default:
        message.skip();
    }
  }
}

/// The specs differ, but field 1 is `replicas` in Deployment, ReplicaSet and StatefulSet and
/// `parallelism` in Job; in DaemonSet it is the selector.
void read_workload_spec(std::string_view raw, Workload& workload) {
  for (Message message{raw}; message.next();) {
    if (message.field() == 1 && workload.kind != WorkloadKind::daemon_set) {
      workload.replicas = message.int32();
    } else if (message.field() == 4 && workload.kind == WorkloadKind::deployment) {
      read_strategy(message.bytes(), workload);
    } else {
      message.skip();
    }
  }
}

void read_workload(std::string_view raw, Workload& workload) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {
        const auto meta = wire::read_meta(message.bytes());
        workload.ns = Symbol{meta.ns};
        workload.name = meta.name;
        workload.uid = meta.uid;
        workload.owner = meta.owner;
        const auto revision = wire::lookup(meta.annotations, "deployment.kubernetes.io/revision");
        std::from_chars(revision.data(), revision.data() + revision.size(), workload.revision);
        break;
      }
      case 2:
        read_workload_spec(message.bytes(), workload);
        break;
      default:
        message.skip();
    }
  }
}

}  // namespace

Result<Node> decode_node(std::string_view raw) {
  return wire::decode<Node>("Node", raw, read_node);
}

Result<Workload> decode_workload(WorkloadKind kind, std::string_view raw) {
  return wire::decode<Workload>("workload", raw,
                                [kind](std::string_view bytes, Workload& workload) {
                                  workload.kind = kind;
                                  read_workload(bytes, workload);
                                });
}

}  // namespace bso::cluster
