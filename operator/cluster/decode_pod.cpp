// SPDX-License-Identifier: Apache-2.0
#include "cluster/decode.h"
#include "cluster/decode_meta.h"
#include "cluster/disk_sources.h"

namespace bso::cluster {

namespace {

using wire::Message;

void read_flex_volume(std::string_view raw, PodVolume& volume) {
  wire::Pairs options;
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        volume.driver = Symbol{message.bytes()};
        break;
      case 4:
        volume.read_only = message.boolean();
        break;
      case 5:
        options.push_back(wire::read_entry(message.bytes()));
        break;
      default:
        message.skip();
    }
  }
  volume.disk = wire::flex_identity(volume.name.view(), std::move(options));
}

void read_in_tree(std::string_view raw, const wire::DiskSource& source, PodVolume& volume) {
  volume.driver = Symbol{source.plugin};
  for (Message message{raw}; message.next();) {
    if (message.field() == source.id) {
      volume.disk = Symbol{message.bytes()};
    } else if (source.read_only != 0 && message.field() == source.read_only) {
      volume.read_only = message.boolean();
    } else {
      message.skip();
    }
  }
}

/// core/v1 VolumeSource; false when it is no disk.
bool read_volume_source(std::string_view raw, std::string_view pod_name, PodVolume& volume) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 10:  // persistentVolumeClaim
        for (Message claim{message.bytes()}; claim.next();) {
          switch (claim.field()) {
            case 1:
              volume.claim = Symbol{claim.bytes()};
              break;
            case 2:
              volume.read_only = claim.boolean();
              break;
            default:
              claim.skip();
          }
        }
        return !volume.claim.empty();
      case 12:  // flexVolume
        read_flex_volume(message.bytes(), volume);
        return true;
      case 29:  // ephemeral: the claim is made for the pod and named after both
        volume.claim = Symbol{std::string{pod_name} + "-" + volume.name.str()};
        return true;
      default:
        if (const auto* source = wire::pod_disk_source(message.field())) {
          read_in_tree(message.bytes(), *source, volume);
          return true;
        }
        message.skip();
    }
  }
  return false;
}

void add_volume(std::string_view raw, Pod& pod) {
  PodVolume volume;
  volume.name = Symbol{wire::text_field(raw, 1)};
  if (read_volume_source(wire::text_field(raw, 2), pod.name, volume)) {
    pod.volumes.push_back(std::move(volume));
  }
}

/// core/v1 NodeSelectorTerm: matchExpressions and matchFields.
bool term_names_nodes(std::string_view raw) {
  for (Message term{raw}; term.next();) {
    if (term.field() != 1 && term.field() != 2) {
      term.skip();
      continue;
    }
    const auto requirement = term.bytes();
    if (wire::names_nodes(wire::text_field(requirement, 1), wire::text_field(requirement, 2))) {
      return true;
    }
  }
  return false;
}

/// core/v1 Affinity, of which only what is required counts.
bool affinity_ties_to_node(std::string_view raw) {
  const auto node_selector = wire::text_field(wire::text_field(raw, 1), 1);
  for (Message terms{node_selector}; terms.next();) {
    if (terms.field() != 1) {
      terms.skip();
    } else if (term_names_nodes(terms.bytes())) {
      return true;
    }
  }
  for (Message beside_pods{wire::text_field(raw, 2)}; beside_pods.next();) {
    if (beside_pods.field() != 1) {
      beside_pods.skip();
    } else if (wire::text_field(beside_pods.bytes(), 3) == wire::kHostNameLabel) {
      return true;
    }
  }
  return false;
}

void read_spec(std::string_view raw, Pod& pod, bool& host_network) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        add_volume(message.bytes(), pod);
        break;
      case 7:  // nodeSelector
        if (wire::read_entry(message.bytes()).first == wire::kHostNameLabel) {
          pod.tied_to_node = true;
        }
        break;
      case 10:
        pod.node = Symbol{message.bytes()};
        break;
      case 11:
        host_network = message.boolean();
        break;
      case 18:  // affinity
        if (affinity_ties_to_node(message.bytes())) pod.tied_to_node = true;
        break;
      default:
        message.skip();
    }
  }
}

void read_condition(std::string_view raw, Pod& pod) {
  std::string_view type;
  std::string_view message_text;
  bool is_true = false;
  WallTime changed{};
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        type = message.bytes();
        break;
      case 2:
        is_true = message.bytes() == "True";
        break;
      case 4:
        changed = wire::read_time(message.bytes());
        break;
      case 6:
        message_text = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  if (type == "PodScheduled" && !is_true) {
    pod.claim_refused = wire::refused_for_claim(message_text);
  }
  if (!is_true) return;
  if (type == "PodScheduled") pod.scheduled = changed;
  if (type == "Ready") pod.ready = true;
  // KEP-3085; PodHasNetwork was its name in 1.25 to 1.27.
  if (type == "PodReadyToStartContainers" || type == "PodHasNetwork") pod.sandbox_ready = true;
}

void read_container_state(std::string_view raw, Pod& pod) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {  // waiting
        if (wire::waits_after_mounting(wire::text_field(message.bytes(), 1))) {
          pod.waits_elsewhere = true;
        }
        break;
      }
      case 2:  // running
        pod.any_running = true;
        pod.any_started = true;
        message.skip();
        break;
      case 3:  // terminated
        pod.any_started = true;
        message.skip();
        break;
      default:
        message.skip();
    }
  }
}

void read_container_status(std::string_view raw, Pod& pod) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 2:
        read_container_state(message.bytes(), pod);
        break;
      case 5:  // restartCount
        if (message.int32() > 0) pod.any_started = true;
        break;
      default:
        message.skip();
    }
  }
}

void read_status(std::string_view raw, Pod& pod, bool& has_ip) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        pod.phase = wire::read_phase(message.bytes());
        break;
      case 2:
        read_condition(message.bytes(), pod);
        break;
      case 6:
        has_ip = !message.bytes().empty();
        break;
      case 8:   // containerStatuses
      case 10:  // initContainerStatuses
        read_container_status(message.bytes(), pod);
        break;
      default:
        message.skip();
    }
  }
}

void read_pod(std::string_view raw, Pod& pod) {
  wire::take_pod_meta(wire::read_meta(wire::text_field(raw, 1)), pod);
  bool host_network = false;
  bool has_ip = false;
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 2:
        read_spec(message.bytes(), pod, host_network);
        break;
      case 3:
        read_status(message.bytes(), pod, has_ip);
        break;
      default:
        message.skip();
    }
  }
  // An address comes with the sandbox, except on the host's network, where the kubelet reports the
  // node's address at once (kubelet_pods.go generateAPIPodStatus).
  if (has_ip && !host_network) pod.sandbox_ready = true;
  pod.volumes.shrink_to_fit();
}

/// Whether read_volume_source() may find a disk in one volume of this core/v1 PodSpec.
bool may_have_disk(std::string_view spec) {
  for (Message message{spec}; message.next();) {
    if (message.field() != 1) {
      message.skip();
      continue;
    }
    for (Message source{wire::text_field(message.bytes(), 2)}; source.next(); source.skip()) {
      const auto field = source.field();
      if (field == 10 || field == 12 || field == 29) return true;
      if (wire::pod_disk_source(field) != nullptr) return true;
    }
  }
  return false;
}

bool has_our_annotation(std::string_view meta) {
  for (Message message{meta}; message.next();) {
    if (message.field() != 12) {
      message.skip();
      continue;
    }
    const auto key = wire::read_entry(message.bytes()).first;
    if (key == kConflictAnnotation || key == kConflictDetailAnnotation) return true;
  }
  return false;
}

}  // namespace

Result<Pod> decode_pod(std::string_view raw) { return wire::decode<Pod>("Pod", raw, read_pod); }

bool pod_may_be_kept(std::string_view raw) {
  try {
    return may_have_disk(wire::text_field(raw, 2)) || has_our_annotation(wire::text_field(raw, 1));
  } catch (const protozero::exception&) {
    return true;
  }
}

}  // namespace bso::cluster
