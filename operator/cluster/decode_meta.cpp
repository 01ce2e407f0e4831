// SPDX-License-Identifier: Apache-2.0
#include "cluster/decode_meta.h"

#include <algorithm>

namespace bso::cluster::wire {

namespace {

/// metav1.OwnerReference; the result counts only when it is the controller.
bool read_owner(std::string_view raw, Owner& owner) {
  Owner read;
  bool controller = false;
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        read.kind = Symbol{message.bytes()};
        break;
      case 3:
        read.name = Symbol{message.bytes()};
        break;
      case 4:
        read.uid = Symbol{message.bytes()};
        break;
      case 6:
        controller = message.boolean();
        break;
      default:
        message.skip();
    }
  }
  if (controller) owner = std::move(read);
  return controller;
}

}  // namespace

Meta read_meta(std::string_view raw) {
  Meta meta;
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        meta.name = message.bytes();
        break;
      case 3:
        meta.ns = message.bytes();
        break;
      case 5:
        meta.uid = message.bytes();
        break;
      case 6:
        meta.resource_version = message.bytes();
        break;
      case 8:
        meta.created = read_time(message.bytes());
        break;
      case 9:
        meta.deletion = read_time(message.bytes());
        meta.deleting = true;
        break;
      case 11:
        meta.labels.push_back(read_entry(message.bytes()));
        break;
      case 12:
        meta.annotations.push_back(read_entry(message.bytes()));
        break;
      case 13:
        read_owner(message.bytes(), meta.owner);
        break;
      default:
        message.skip();
    }
  }
  return meta;
}

WallTime read_time(std::string_view raw) {
  // The largest time that RFC 3339 can write; larger ones would overflow when a pause is added.
  constexpr std::int64_t kEndOfYear9999 = 253'402'300'799;
  std::int64_t seconds = 0;
  for (Message message{raw}; message.next();) {
    if (message.field() == 1) {
      seconds = message.integer();
    } else {
      message.skip();
    }
  }
  if (seconds < 0 || seconds > kEndOfYear9999) seconds = 0;
  return WallTime{std::chrono::seconds{seconds}};
}

std::pair<std::string_view, std::string_view> read_entry(std::string_view raw) {
  std::pair<std::string_view, std::string_view> entry;
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        entry.first = message.bytes();
        break;
      case 2:
        entry.second = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  return entry;
}

std::string_view lookup(const Pairs& pairs, std::string_view key) {
  for (const auto& [name, value] : pairs) {
    if (name == key) return value;
  }
  return {};
}

AccessModes read_access_mode(std::string_view text) {
  if (text == "ReadWriteOnce") return kReadWriteOnce;
  if (text == "ReadOnlyMany") return kReadOnlyMany;
  if (text == "ReadWriteMany") return kReadWriteMany;
  if (text == "ReadWriteOncePod") return kReadWriteOncePod;
  return 0;
}

Symbol flex_identity(std::string_view volume_name, Pairs options) {
  if (options.empty()) return {};
  std::sort(options.begin(), options.end());
  std::string text{volume_name};
  for (const auto& [key, value] : options) {
    text.append(1, '\0').append(key).append(1, '=').append(value);
  }
  return Symbol{text};
}

Phase read_phase(std::string_view text) {
  if (text == "Pending") return Phase::pending;
  if (text == "Running") return Phase::running;
  if (text == "Succeeded") return Phase::succeeded;
  if (text == "Failed") return Phase::failed;
  return Phase::unknown;
}

bool waits_after_mounting(std::string_view reason) {
  // These two are what the kubelet shows before and while it mounts (kubelet_pods.go); image pulls,
  // crash loops and start errors come after.
  return !reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing";
}

bool refused_for_claim(std::string_view message) {
  return message.find("ReadWriteOncePod access mode") != message.npos;
}

bool is_config_hash(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

void take_pod_meta(const Meta& meta, Pod& pod) {
  pod.ns = Symbol{meta.ns};
  pod.name = meta.name;
  pod.uid = meta.uid;
  pod.resource_version = meta.resource_version;
  pod.created = meta.created;
  pod.deletion = meta.deletion;
  pod.deleting = meta.deleting;
  pod.owner = meta.owner;
  pod.revision = Symbol{lookup(meta.labels, "pod-template-hash")};
  if (pod.revision.empty()) {
    pod.revision = Symbol{lookup(meta.labels, "controller-revision-hash")};
  }
  if (const auto hash = lookup(meta.annotations, "kubernetes.io/config.hash");
      is_config_hash(hash)) {
    pod.config_hash = Symbol{hash};
  }
  pod.conflict = lookup(meta.annotations, kConflictAnnotation);
  pod.conflict_detail = lookup(meta.annotations, kConflictDetailAnnotation);
}

Error damaged(std::string_view kind, std::string_view why) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message.append(kind).append(" from the server cannot be read: ").append(why);
  return error;
}

}  // namespace bso::cluster::wire
