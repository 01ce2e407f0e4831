// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cluster/packing.h"
#include "cluster/records.h"

/// How each kind of record is packed: which fields, in which order. Each record is taken apart by
/// name, so that a field that is added to it does not compile until it is packed as well.
namespace bso::cluster {

/// What a record may be looked for by, besides its name.
enum class KeyKind : std::uint8_t { name, uid, owner, claim, disk, volume };

struct Key {
  KeyKind kind = KeyKind::name;
  std::string_view first;
  std::string_view second;
  bool operator==(const Key&) const = default;
};

/// For each kind of record:
/// - kShared: how many shared symbols it has; they come first, then the name.
/// - kLinkedKeys: how many keys, the name included, most records of the kind have.
/// - fields(io, record): packs or unpacks it.
/// - keys(reader, name, use): calls use(key) for each key but the name, in an order that depends on
///   nothing but the record, until it returns false. `reader` stands behind the name.
template <class Record>
struct Packing;

template <>
struct Packing<Pod> {
  static constexpr std::size_t kShared = 3;
  static constexpr std::size_t kLinkedKeys = 4;  // name, UID, owner, one volume

  // The first bits, so that they can be asked for without unpacking.
  static constexpr unsigned char kConcerned = 1;  ///< see Pod::concerned()
  static constexpr unsigned char kAnnotated = 2;
  static constexpr unsigned char kHasVolume = 4;

  template <class Io, class P>
  static void fields(Io& io, P& pod) {
    auto& [ns, name, uid, resource_version, created, scheduled, deletion, node, owner, revision,
           config_hash, volumes, conflict, conflict_detail, phase, deleting, ready, any_running,
           any_started, waits_elsewhere, sandbox_ready, claim_refused, tied_to_node] = pod;
    auto& [owner_kind, owner_name, owner_uid] = owner;
    bool concerned = pod.concerned();
    bool annotated = pod.annotated();
    bool has_volume = !volumes.empty();
    io.bit(concerned);
    io.bit(annotated);
    io.bit(has_volume);
    io.bits(phase, 3);
    io.bit(deleting);
    io.bit(ready);
    io.bit(any_running);
    io.bit(any_started);
    io.bit(waits_elsewhere);
    io.bit(sandbox_ready);
    io.bit(claim_refused);
    io.bit(tied_to_node);
    io.end_bits();
    io.shared(ns);
    io.shared(node);
    io.shared(owner_kind);
    io.name(name);
    io.uid(uid);
    io.uid(owner_uid);
    io.uid(config_hash);
    io.list(volumes, [](Io& each, auto& volume) { volume_fields(each, volume); });
    io.text(owner_name);
    io.text(revision);
    io.version(resource_version);
    io.time(created);
    io.time(scheduled, created);
    io.time(deletion);
    io.text(conflict);
    io.text(conflict_detail);
  }

  template <class Use>
  static void keys(PackReader& reader, std::string_view ns, const Use& use) {
    std::string_view uid;
    std::string_view owner_uid;
    std::string_view config_hash;
    reader.uid(uid);
    reader.uid(owner_uid);
    reader.uid(config_hash);
    if (!uid.empty() && !use(Key{KeyKind::uid, uid, {}})) return;
    if (!owner_uid.empty() && !use(Key{KeyKind::owner, owner_uid, {}})) return;
    for (std::size_t left = reader.count(); left > 0; --left) {
      struct {
        std::string_view name;
        std::string_view claim;
        std::string_view driver;
        std::string_view disk;
        bool read_only = false;
      } volume;
      reader.start_views();
      volume_fields(reader, volume);
      if (!volume.claim.empty()) {
        if (!use(Key{KeyKind::claim, ns, volume.claim})) return;
      } else if (!volume.disk.empty()) {
        if (!use(Key{KeyKind::disk, volume.driver, volume.disk})) return;
      }
    }
    // A static pod is looked for by this as by its UID.
    if (!config_hash.empty()) use(Key{KeyKind::uid, config_hash, {}});
  }

 private:
  template <class Io, class V>
  static void volume_fields(Io& io, V& volume) {
    auto& [name, claim, driver, disk, read_only] = volume;
    bool has_claim = !claim.empty();
    bool has_driver = !driver.empty();
    bool has_disk = !disk.empty();
    io.bit(read_only);
    io.bit(has_claim);
    io.bit(has_driver);
    io.bit(has_disk);
    io.end_bits();
    io.text(name);
    if (has_claim) io.text(claim);
    if (has_driver) io.text(driver);
    if (has_disk) io.text(disk);
  }
};

template <>
struct Packing<Claim> {
  static constexpr std::size_t kShared = 2;
  static constexpr std::size_t kLinkedKeys = 1;

  template <class Io, class C>
  static void fields(Io& io, C& claim) {
    auto& [ns, name, uid, volume, storage_class, modes, block, bound, deleting] = claim;
    io.bits(modes, 8);
    io.bit(block);
    io.bit(bound);
    io.bit(deleting);
    io.end_bits();
    io.shared(ns);
    io.shared(storage_class);
    io.name(name);
    io.uid(uid);
    io.text(volume);
  }

  template <class Use>
  static void keys(PackReader&, std::string_view, const Use&) {}
};

template <>
struct Packing<Volume> {
  static constexpr std::size_t kShared = 5;
  static constexpr std::size_t kLinkedKeys = 2;  // name, disk

  template <class Io, class V>
  static void fields(Io& io, V& volume) {
    auto& [name, uid, kind, driver, handle, claim_ns, claim, claim_uid, storage_class,
           provisioned_by, reclaim, modes, block, deleting] = volume;
    io.bits(modes, 8);
    io.bits(kind, 2);
    io.bit(block);
    io.bit(deleting);
    io.end_bits();
    io.shared(driver);
    io.shared(claim_ns);
    io.shared(storage_class);
    io.shared(provisioned_by);
    io.shared(reclaim);
    io.name(name);
    io.text(handle);
    io.uid(uid);
    io.uid(claim_uid);
    io.text(claim);
  }

  /// Reads no more than these.
  static void makers(std::string_view packed, std::string_view& driver,
                     std::string_view& provisioned_by) {
    PackReader reader(packed);
    reader.skip_bits();
    reader.shared(driver);
    reader.skip_shared();
    reader.skip_shared();
    reader.shared(provisioned_by);
  }

  template <class Use>
  static void keys(PackReader& reader, std::string_view driver, const Use& use) {
    std::string_view handle;
    reader.start_views();
    reader.text(handle);
    if (!handle.empty()) use(Key{KeyKind::disk, driver, handle});
  }
};

template <>
struct Packing<Attachment> {
  static constexpr std::size_t kShared = 2;
  static constexpr std::size_t kLinkedKeys = 2;  // name, volume

  template <class Io, class A>
  static void fields(Io& io, A& attachment) {
    auto& [name, uid, attacher, volume, node, attach_error, detach_error, attached, deleting] =
        attachment;
    io.bit(attached);
    io.bit(deleting);
    io.end_bits();
    io.shared(attacher);
    io.shared(node);
    io.name(name);
    io.text(volume);
    io.uid(uid);
    io.text(attach_error);
    io.text(detach_error);
  }

  template <class Use>
  static void keys(PackReader& reader, std::string_view, const Use& use) {
    std::string_view volume;
    reader.start_views();
    reader.text(volume);
    if (!volume.empty()) use(Key{KeyKind::volume, volume, {}});
  }
};

/// One table for each kind of workload.
template <>
struct Packing<Workload> {
  static constexpr std::size_t kShared = 2;
  static constexpr std::size_t kLinkedKeys = 2;  // name, owner

  template <class Io, class W>
  static void fields(Io& io, W& workload) {
    auto& [kind, ns, name, uid, owner, revision, replicas, recreate, max_surge, max_unavailable] =
        workload;
    auto& [owner_kind, owner_name, owner_uid] = owner;
    auto& [surge, surge_percent] = max_surge;
    auto& [unavailable, unavailable_percent] = max_unavailable;
    io.bits(kind, 3);
    io.bit(recreate);
    io.bit(surge_percent);
    io.bit(unavailable_percent);
    io.end_bits();
    io.shared(ns);
    io.shared(owner_kind);
    io.name(name);
    io.uid(owner_uid);
    io.uid(uid);
    io.text(owner_name);
    io.number(replicas);
    io.number(surge);
    io.number(unavailable);
    io.number(revision);
  }

  template <class Use>
  static void keys(PackReader& reader, std::string_view, const Use& use) {
    std::string_view owner_uid;
    reader.uid(owner_uid);
    if (!owner_uid.empty()) use(Key{KeyKind::owner, owner_uid, {}});
  }
};

/// The same record, found by nothing but its name.
template <class Record>
struct PackingByName : Packing<Record> {
  static constexpr std::size_t kLinkedKeys = 1;

  template <class Use>
  static void keys(PackReader&, std::string_view, const Use&) {}
};

}  // namespace bso::cluster
