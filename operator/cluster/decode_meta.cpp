// SPDX-License-Identifier: Apache-2.0
#include "cluster/decode_meta.h"

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

Error damaged(std::string_view kind, std::string_view why) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message.append(kind).append(" from the server cannot be read: ").append(why);
  return error;
}

}  // namespace bso::cluster::wire
