// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cluster/json_fields.h"
#include "cluster/json_records.h"

namespace bso::cluster::from_json {

namespace {

/// As kPersistentSources of disk_sources.cpp, by the names in JSON.
struct NamedPersistentSource {
  const char* field;
  std::string_view plugin;
  const char* id;  ///< nullptr: nothing identifies the disk in the whole cluster
};
constexpr std::array<NamedPersistentSource, 20> kNamedPersistentSources{{
    {"gcePersistentDisk", "kubernetes.io/gce-pd", "pdName"},
    {"awsElasticBlockStore", "kubernetes.io/aws-ebs", "volumeID"},
    {"hostPath", "kubernetes.io/host-path", nullptr},
    {"glusterfs", "kubernetes.io/glusterfs", nullptr},
    {"nfs", "kubernetes.io/nfs", nullptr},
    {"rbd", "kubernetes.io/rbd", nullptr},
    {"iscsi", "kubernetes.io/iscsi", nullptr},
    {"cinder", "kubernetes.io/cinder", "volumeID"},
    {"cephfs", "kubernetes.io/cephfs", nullptr},
    {"fc", "kubernetes.io/fc", nullptr},
    {"flocker", "kubernetes.io/flocker", nullptr},
    {"azureFile", "kubernetes.io/azure-file", nullptr},
    {"vsphereVolume", "kubernetes.io/vsphere-volume", "volumePath"},
    {"quobyte", "kubernetes.io/quobyte", nullptr},
    {"azureDisk", "kubernetes.io/azure-disk", "diskURI"},
    {"photonPersistentDisk", "kubernetes.io/photon-pd", "pdID"},
    {"portworxVolume", "kubernetes.io/portworx-volume", "volumeID"},
    {"scaleIO", "kubernetes.io/scaleio", nullptr},
    {"local", "kubernetes.io/local-volume", nullptr},
    {"storageos", "kubernetes.io/storageos", nullptr},
}};

AccessModes read_modes(const Fields& spec) {
  AccessModes modes = 0;
  spec.each_text("accessModes",
                 [&modes](std::string_view mode) { modes |= wire::read_access_mode(mode); });
  return modes;
}

void read_json_claim(const Fields& object, Claim& claim) {
  const auto meta = read_meta(object);
  claim.ns = Symbol{meta.ns};
  claim.name = meta.name;
  claim.uid = meta.uid;
  claim.deleting = meta.deleting;
  if (const auto spec = object.object("spec")) {
    claim.modes = read_modes(*spec);
    claim.volume = Symbol{spec->text("volumeName")};
    claim.storage_class = Symbol{spec->text("storageClassName")};
    claim.block = spec->text("volumeMode") == "Block";
  }
  if (const auto status = object.object("status")) claim.bound = status->text("phase") == "Bound";
}

/// The sources stand in the spec itself.
void read_json_source(const Fields& spec, Volume& volume) {
  if (const auto csi = spec.object("csi")) {
    volume.kind = VolumeKind::csi;
    volume.driver = Symbol{csi->text("driver")};
    volume.handle = Symbol{csi->text("volumeHandle")};
    return;
  }
  if (const auto flex = spec.object("flexVolume")) {
    volume.kind = VolumeKind::flex_volume;
    volume.driver = Symbol{flex->text("driver")};
    return;
  }
  for (const auto& source : kNamedPersistentSources) {
    const auto disk = spec.object(source.field);
    if (!disk) continue;
    volume.kind = VolumeKind::in_tree;
    volume.driver = Symbol{source.plugin};
    if (source.id != nullptr) volume.handle = Symbol{disk->text(source.id)};
    return;
  }
}

void read_json_volume(const Fields& object, Volume& volume) {
  const auto meta = read_meta(object);
  volume.name = meta.name;
  volume.uid = meta.uid;
  volume.deleting = meta.deleting;
  volume.provisioned_by = Symbol{wire::lookup(meta.annotations, "pv.kubernetes.io/provisioned-by")};
  const auto spec = object.object("spec");
  if (!spec) return;
  read_json_source(*spec, volume);
  volume.modes = read_modes(*spec);
  if (const auto claim = spec->object("claimRef")) {
    volume.claim_ns = Symbol{claim->text("namespace")};
    volume.claim = Symbol{claim->text("name")};
    volume.claim_uid = claim->text("uid");
  }
  volume.reclaim = Symbol{spec->text("persistentVolumeReclaimPolicy")};
  volume.storage_class = Symbol{spec->text("storageClassName")};
  volume.block = spec->text("volumeMode") == "Block";
}

std::string error_message(const Fields& status, const char* name) {
  const auto error = status.object(name);
  return error ? std::string(error->text("message")) : std::string();
}

void read_json_attachment(const Fields& object, Attachment& attachment) {
  const auto meta = read_meta(object);
  attachment.name = meta.name;
  attachment.uid = meta.uid;
  attachment.deleting = meta.deleting;
  if (const auto spec = object.object("spec")) {
    attachment.attacher = Symbol{spec->text("attacher")};
    attachment.node = Symbol{spec->text("nodeName")};
    if (const auto source = spec->object("source")) {
      attachment.volume = Symbol{source->text("persistentVolumeName")};
    }
  }
  if (const auto status = object.object("status")) {
    attachment.attached = status->flag("attached");
    attachment.attach_error = error_message(*status, "attachError");
    attachment.detach_error = error_message(*status, "detachError");
  }
}

}  // namespace
}  // namespace bso::cluster::from_json

namespace bso::cluster {

Result<Claim> claim_from_json(const nlohmann::json& object) {
  return from_json::read<Claim>("PersistentVolumeClaim", object, from_json::read_json_claim);
}

Result<Volume> volume_from_json(const nlohmann::json& object) {
  return from_json::read<Volume>("PersistentVolume", object, from_json::read_json_volume);
}

Result<Attachment> attachment_from_json(const nlohmann::json& object) {
  return from_json::read<Attachment>("VolumeAttachment", object, from_json::read_json_attachment);
}

}  // namespace bso::cluster
