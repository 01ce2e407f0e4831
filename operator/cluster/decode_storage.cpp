// SPDX-License-Identifier: Apache-2.0
#include "cluster/decode.h"
#include "cluster/decode_meta.h"
#include "cluster/disk_sources.h"

namespace bso::cluster {

namespace {

using wire::Message;

void read_claim(std::string_view raw, Claim& claim) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {
        const auto meta = wire::read_meta(message.bytes());
        claim.ns = Symbol{meta.ns};
        claim.name = meta.name;
        claim.uid = meta.uid;
        claim.deleting = meta.deleting;
        break;
      }
      case 2:
        for (Message spec{message.bytes()}; spec.next();) {
          switch (spec.field()) {
            case 1:
              claim.modes |= wire::read_access_mode(spec.bytes());
              break;
            case 3:
              claim.volume = Symbol{spec.bytes()};
              break;
            case 5:
              claim.storage_class = Symbol{spec.bytes()};
              break;
            case 6:
              claim.block = spec.bytes() == "Block";
              break;
            default:
              spec.skip();
          }
        }
        break;
      case 3:
        claim.bound = wire::text_field(message.bytes(), 1) == "Bound";
        break;
      default:
        message.skip();
    }
  }
}

/// core/v1 PersistentVolumeSource. A FlexVolume gets no handle: two volumes with equal options may
/// be two disks, for the driver is also given the volume's name.
void read_persistent_source(std::string_view raw, Volume& volume) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 12: {  // flexVolume
        volume.kind = VolumeKind::flex_volume;
        volume.driver = Symbol{wire::text_field(message.bytes(), 1)};
        break;
      }
      case 22: {  // csi
        volume.kind = VolumeKind::csi;
        const auto csi = message.bytes();
        volume.driver = Symbol{wire::text_field(csi, 1)};
        volume.handle = Symbol{wire::text_field(csi, 2)};
        break;
      }
      default:
        if (const auto* source = wire::persistent_disk_source(message.field())) {
          volume.kind = VolumeKind::in_tree;
          volume.driver = Symbol{source->plugin};
          const auto disk = message.bytes();
          if (source->id != 0) volume.handle = Symbol{wire::text_field(disk, source->id)};
        } else {
          message.skip();
        }
    }
  }
}

/// core/v1 ObjectReference.
void read_claim_ref(std::string_view raw, Volume& volume) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 2:
        volume.claim_ns = Symbol{message.bytes()};
        break;
      case 3:
        volume.claim = Symbol{message.bytes()};
        break;
      case 4:
        volume.claim_uid = message.bytes();
        break;
      default:
        message.skip();
    }
  }
}

void read_volume(std::string_view raw, Volume& volume) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {
        const auto meta = wire::read_meta(message.bytes());
        volume.name = meta.name;
        volume.uid = meta.uid;
        volume.deleting = meta.deleting;
        volume.provisioned_by =
            Symbol{wire::lookup(meta.annotations, "pv.kubernetes.io/provisioned-by")};
        break;
      }
      case 2:
        for (Message spec{message.bytes()}; spec.next();) {
          switch (spec.field()) {
            case 2:
              read_persistent_source(spec.bytes(), volume);
              break;
            case 3:
              volume.modes |= wire::read_access_mode(spec.bytes());
              break;
            case 4:
              read_claim_ref(spec.bytes(), volume);
              break;
            case 5:
              volume.reclaim = Symbol{spec.bytes()};
              break;
            case 6:
              volume.storage_class = Symbol{spec.bytes()};
              break;
            case 8:
              volume.block = spec.bytes() == "Block";
              break;
            default:
              spec.skip();
          }
        }
        break;
      default:
        message.skip();
    }
  }
}

void read_attachment(std::string_view raw, Attachment& attachment) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {
        const auto meta = wire::read_meta(message.bytes());
        attachment.name = meta.name;
        attachment.uid = meta.uid;
        attachment.deleting = meta.deleting;
        break;
      }
      case 2:
        for (Message spec{message.bytes()}; spec.next();) {
          switch (spec.field()) {
            case 1:
              attachment.attacher = Symbol{spec.bytes()};
              break;
            case 2:
              attachment.volume = Symbol{wire::text_field(spec.bytes(), 1)};
              break;
            case 3:
              attachment.node = Symbol{spec.bytes()};
              break;
            default:
              spec.skip();
          }
        }
        break;
      case 3:
        for (Message status{message.bytes()}; status.next();) {
          switch (status.field()) {
            case 1:
              attachment.attached = status.boolean();
              break;
            case 3:
              attachment.attach_error = wire::text_field(status.bytes(), 2);
              break;
            case 4:
              attachment.detach_error = wire::text_field(status.bytes(), 2);
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
}

}  // namespace

Result<Claim> decode_claim(std::string_view raw) {
  return wire::decode<Claim>("PersistentVolumeClaim", raw, read_claim);
}

Result<Volume> decode_volume(std::string_view raw) {
  return wire::decode<Volume>("PersistentVolume", raw, read_volume);
}

Result<Attachment> decode_attachment(std::string_view raw) {
  return wire::decode<Attachment>("VolumeAttachment", raw, read_attachment);
}

}  // namespace bso::cluster
