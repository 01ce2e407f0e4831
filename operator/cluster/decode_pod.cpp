// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cluster/decode.h"
#include "cluster/decode_meta.h"
#include "cluster/disk_sources.h"

namespace bso::cluster {

namespace {

using wire::Message;

/// An inline FlexVolume is the same disk in two pods when driver, volume name and options agree:
/// that is all a driver is given. Without options nothing tells scratch space from a shared disk.
Symbol flex_identity(std::string_view volume_name, wire::Pairs options) {
  if (options.empty()) return {};
  std::sort(options.begin(), options.end());
  std::string text{volume_name};
  for (const auto& [key, value] : options) {
    text.append(1, '\0').append(key).append(1, '=').append(value);
  }
  return Symbol{text};
}

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
  volume.disk = flex_identity(volume.name.view(), std::move(options));
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

void read_spec(std::string_view raw, Pod& pod, bool& host_network) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        add_volume(message.bytes(), pod);
        break;
      case 10:
        pod.node = Symbol{message.bytes()};
        break;
      case 11:
        host_network = message.boolean();
        break;
      default:
        message.skip();
    }
  }
}

Phase read_phase(std::string_view text) {
  if (text == "Pending") return Phase::pending;
  if (text == "Running") return Phase::running;
  if (text == "Succeeded") return Phase::succeeded;
  if (text == "Failed") return Phase::failed;
  return Phase::unknown;
}

void read_condition(std::string_view raw, Pod& pod) {
  std::string_view type;
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
      default:
        message.skip();
    }
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
        // These two are what the kubelet shows before and while it mounts (kubelet_pods.go); image
        // pulls, crash loops and start errors come after.
        const auto reason = wire::text_field(message.bytes(), 1);
        if (!reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing") {
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
        pod.phase = read_phase(message.bytes());
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

/// The kubelet writes an MD5 sum (pkg/kubelet/config/common.go). Anyone may write the annotation,
/// so nothing that looks like another pod's UID is let in.
bool is_config_hash(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

void read_pod(std::string_view raw, Pod& pod) {
  const auto meta = wire::read_meta(wire::text_field(raw, 1));
  pod.ns = Symbol{meta.ns};
  pod.name = meta.name;
  pod.uid = meta.uid;
  pod.resource_version = meta.resource_version;
  pod.created = meta.created;
  pod.deletion = meta.deletion;
  pod.deleting = meta.deleting;
  pod.owner = meta.owner;
  pod.revision = Symbol{wire::lookup(meta.labels, "pod-template-hash")};
  if (pod.revision.empty()) {
    pod.revision = Symbol{wire::lookup(meta.labels, "controller-revision-hash")};
  }
  if (const auto hash = wire::lookup(meta.annotations, "kubernetes.io/config.hash");
      is_config_hash(hash)) {
    pod.config_hash = Symbol{hash};
  }
  pod.conflict = wire::lookup(meta.annotations, kConflictAnnotation);
  pod.conflict_detail = wire::lookup(meta.annotations, kConflictDetailAnnotation);

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

}  // namespace

Result<Pod> decode_pod(std::string_view raw) { return wire::decode<Pod>("Pod", raw, read_pod); }

}  // namespace bso::cluster
