// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_phrase_table.h"

#include <array>

namespace bso::diagnosis {

namespace {

constexpr Phrase look_alike(std::string_view words) {
  return {words, Weight::look_alike, Kind::none, Says::no, {}};
}
constexpr Phrase conflict(std::string_view words, Kind kind, std::string_view driver = {}) {
  return {words, Weight::specific, kind, Says::yes, driver};
}
constexpr Phrase busy(std::string_view words) {
  return {words, Weight::unsure, Kind::device_busy, Says::unsure, {}};
}
constexpr Phrase unsure(std::string_view words, std::string_view driver = {}) {
  return {words, Weight::unsure, Kind::ambiguous, Says::unsure, driver};
}
/// Of one message that is known to be said of others' mounts and of own ones alike.
constexpr Phrase own_or_others(std::string_view words) {
  return {words, Weight::specific, Kind::device_busy, Says::unsure, {}};
}
/// A lock that drivers hold among themselves, while they work.
constexpr Phrase own_lock(std::string_view words) {
  return {words, Weight::specific, Kind::ambiguous, Says::unsure, {}};
}
constexpr Phrase general(std::string_view words, Kind kind) {
  return {words, Weight::general, kind, Says::yes, {}};
}
constexpr Phrase slow(std::string_view words) {
  return {words, Weight::slow, Kind::ambiguous, Says::unsure, {}};
}

/// Upstream files are named where a message has one origin; a driver only where no other says the
/// same.
constexpr auto kPhrases = std::to_array<Phrase>({
    // The device's name on the instance, not the volume (EC2, InvalidParameterValue).
    look_alike("attachment point*already in use"),
    look_alike("attachment limit"),
    look_alike("attachmentlimitexceeded"),
    look_alike("maximum number of"),
    look_alike("max number of"),
    look_alike("device name*in use"),
    look_alike("device path*in use"),  // Nova: the name on the server, not the volume
    look_alike("max volume"),
    look_alike("too many volumes"),
    look_alike("quota"),
    look_alike("address already in use"),
    look_alike("address is already in use"),
    look_alike("port is already"),
    look_alike("port already"),
    look_alike("port *already in use"),
    look_alike("mutually exclusive"),
    look_alike("session requested, but"),  // iscsiadm: "... but 1 already present"
    look_alike("failed to sync secret cache"),
    look_alike("failed to sync configmap cache"),
    look_alike("object cache"),  // kubelet: "couldn't propagate object cache"
    look_alike("failed to fetch token"),
    look_alike("mount.nfs"),
    look_alike("-t nfs"),
    look_alike("mount.cifs"),
    look_alike("-t cifs"),
    look_alike("mount.ceph"),
    look_alike("same availability zone"),
    look_alike("no matching nodeselectorterms"),
    look_alike("already attached to this"),
    look_alike("this node with different"),  // what is asked for now differs from what was
    look_alike("same node with different"),
    look_alike("does not match the requested"),
    look_alike("already mounted at*and we want"),        // kops protokube
    look_alike("mapped to initiator(s) in this group"),  // NetApp Trident, of this node's group
    look_alike("attached to the same"),

    // The kubelet writes these volumes itself.
    look_alike("kubernetes.io~configmap"),
    look_alike("kubernetes.io~secret"),
    look_alike("kubernetes.io~projected"),
    look_alike("kubernetes.io~downward-api"),
    look_alike("kubernetes.io~empty-dir"),
    look_alike("multiattach volumes are only supported"),  // Nova, of its own version
    // external-provisioner pkg/controller/controller.go: it is not deleted
    look_alike("persistentvolume*is still attached to node"),
    look_alike("leaderelection"),  // of a driver's sidecars: its lock is no volume's
    look_alike("instance resource*is already being used by"),  // Google Cloud, while it clones
    look_alike("volume with that name already"),               // KubeVirt

    // kubelet operation_generator.go (1.22 and later); volumerestrictions/volume_restrictions.go
    conflict("readwriteoncepod access mode", Kind::rwop),
    // NetApp Trident core/node/mount.go, csi-driver-host-path pkg/hostpath/nodeserver.go
    conflict("single_node_single_writer access mode and is already", Kind::rwop),
    // kubelet operation_generator.go GenerateUnmountDeviceFunc: it takes the device away, and some
    // pod's directory still has it.
    own_or_others("getdevicemountrefs check failed"),
    own_or_others("is still mounted by other references"),
    own_lock("lockfile failed"),  // alibaba-cloud-flexvolume
    // containerized-data-importer pkg/controller/clone-controller.go
    conflict("using persistentvolumeclaim", Kind::single_pod_mount),
    // attachdetach/reconciler.go, as people and logs put it
    conflict("multi-attach error", Kind::multi_attach),
    conflict("already exclusively attached", Kind::multi_attach),
    conflict("is already used by pod(s)", Kind::multi_attach),
    // kubelet volumemanager/cache/desired_state_of_world.go (1.25 and later)
    conflict("conflicting selinux labels of volume", Kind::selinux),
    conflict("rwo check has failed", Kind::single_pod_mount, "ibm/ibmc-block"),
    // OpenEBS lvm-localpv pkg/lvm/mount.go, zfs-localpv pkg/zfs/mount.go
    conflict("device already mounted at", Kind::single_pod_mount),
    // vsphere-csi-driver pkg/csi/service/osutils/linux_os_utils.go
    conflict("device already in use and mounted elsewhere", Kind::single_pod_mount,
             "csi.vsphere.vmware.com"),
    conflict("already mounted in more than one place", Kind::single_pod_mount,
             "csi.vsphere.vmware.com"),
    conflict("already mounted at more than one place", Kind::single_pod_mount,
             "jiva.csi.openebs.io"),
    // azuredisk-csi-driver pkg/azuredisk/controllerserver.go
    conflict("refusing dangling detach", Kind::dangling_attachment, "disk.csi.azure.com"),
    conflict("dangling attach", Kind::dangling_attachment),
    conflict("dangling volume", Kind::dangling_attachment),
    conflict("stale attachment", Kind::dangling_attachment),
    conflict("stale volume attachment", Kind::dangling_attachment),
    conflict("not a node of this cluster", Kind::outside_cluster),
    conflict("not part of th*cluster", Kind::outside_cluster),
    conflict("outside of the cluster", Kind::outside_cluster),
    conflict("outside the cluster", Kind::outside_cluster),
    // csi-digitalocean driver/controller.go
    conflict("attached to the wrong droplet", Kind::attached_elsewhere,
             "dobs.csi.digitalocean.com"),
    // oci-cloud-controller-manager pkg/csi/driver/bv_controller.go
    conflict("non-shareable attachment", Kind::attached_elsewhere,
             "blockvolume.csi.oraclecloud.com"),
    conflict("attachments is not configured as shareable", Kind::attached_elsewhere),
    // alibaba-cloud-csi-driver pkg/disk/cloud.go
    conflict("disk_force_detached is false", Kind::attached_elsewhere,
             "diskplugin.csi.alibabacloud.com"),
    // longhorn-manager csi/controller_server.go, controller/volume_attachment_controller.go
    conflict("cannot be attached to the node*since it is already attached to the node",
             Kind::attached_elsewhere, "driver.longhorn.io"),
    conflict("with attachmentid*attached to different node", Kind::attached_elsewhere,
             "driver.longhorn.io"),
    // mayastor-control-plane csi-driver controller.rs
    conflict("is only accessible to nodes", Kind::attached_elsewhere, "io.openebs.csi-mayastor"),
    // vultr-csi driver/controller.go
    conflict("already attached to a different node id", Kind::attached_elsewhere,
             "block.csi.vultr.com"),
    // gcp-compute-persistent-disk-csi-driver pkg/gce-pd-csi-driver/controller.go
    conflict("already published to node*but incompatible", Kind::attached_elsewhere,
             "pd.csi.storage.gke.io"),
    // kubevirt/csi-driver pkg/service/controller.go
    conflict("volume is attached to another vm", Kind::attached_elsewhere, "csi.kubevirt.io"),
    conflict("already attached to linode", Kind::attached_elsewhere, "linodebs.csi.linode.com"),
    conflict("failed to publish volume: volume is attached", Kind::attached_elsewhere,
             "csi.hetzner.cloud"),
    conflict("is existed and is attached", Kind::attached_elsewhere, "rancher.io/longhorn"),
    conflict("already mapped to different hosts", Kind::attached_elsewhere, "block.csi.ibm.com"),
    conflict("non-shared volume is already attached", Kind::attached_elsewhere),
    conflict("desc = volume is attached", Kind::attached_elsewhere),
    conflict("resource_in_use_by_another_resource", Kind::attached_elsewhere),  // Google Cloud
    conflict("resourceinusebyanotherresource", Kind::attached_elsewhere),
    conflict("already being used by", Kind::attached_elsewhere),
    conflict("volumeinuse", Kind::attached_elsewhere),  // EC2
    // pkg/cloudprovider/providers/aws/aws.go (up to 1.26)
    conflict("since volume is currently attached to", Kind::attached_elsewhere),
    // plugin/pkg/scheduler, the predicate's name (up to 1.9);
    // volumerestrictions/volume_restrictions.go
    conflict("nodiskconflict", Kind::device_busy),
    conflict("had no available disk", Kind::device_busy),
    conflict("already owned by vm", Kind::attached_elsewhere),          // Azure
    conflict("resource 'volume' is in use", Kind::attached_elsewhere),  // vCenter
    conflict("vdi is in use", Kind::attached_elsewhere),                // XenServer
    conflict("types.resourceinuse", Kind::attached_elsewhere),
    // OpenStack: a volume's status is "available", "in-use", "attaching", "detaching"...
    conflict("status is in-use", Kind::attached_elsewhere),
    conflict("status is in_use", Kind::attached_elsewhere),
    conflict("is in in-use status", Kind::attached_elsewhere),
    conflict("is in in_use status", Kind::attached_elsewhere),
    conflict("available*in-use", Kind::attached_elsewhere),
    // longhorn-manager manager/volume.go (0.4 to 0.8)
    conflict("to be attached*is different from", Kind::attached_elsewhere),
    conflict("locked by other node", Kind::attached_elsewhere),
    conflict("multiple primaries not allowed", Kind::attached_elsewhere),  // DRBD
    // Azure, a page blob's lease
    conflict("leasealreadypresent", Kind::attached_elsewhere),
    conflict("already a lease present", Kind::attached_elsewhere),
    conflict("currently a lease on the", Kind::attached_elsewhere),
    conflict("acquirediskleasefailed", Kind::attached_elsewhere),
    // ceph-csi internal/rbd/rbd_attach.go, pkg/volume/rbd/rbd_util.go: the image has a watcher.
    conflict("is still being used", Kind::device_busy),
    conflict("already mounted elsewhere", Kind::device_busy),

    // mount(8) names two reasons and does not know which.
    busy("already mounted or"),
    busy("mount point busy"),
    busy("busy or already mounted"),
    busy("device or resource busy"),
    busy("resource busy"),
    busy("held open by"),             // DRBD
    busy("failed to lock the file"),  // vSphere
    busy("since it is locked"),
    busy("target is busy"),
    busy("volume*is busy"),
    busy("failed to get*lock"),               // QEMU, of an image file
    busy("map in use"),                       // device mapper
    busy("apparently in use by the system"),  // mke2fs
    busy("is in use. e2fsck"),
    busy("is in use.*cannot continue"),
    busy("is mounted.*cannot continue"),
    // ... already exists: drivers' own locks, of this node's earlier try as well
    unsure("operation with the given volume"),
    unsure("operation*already exists"),
    unsure("operation*in progress"),
    unsure("already an operation pending"),
    unsure("being detached"),
    unsure("exclusive open"),
    unsure("is not 'available'"),  // EC2, IncorrectState: attached, or on the way to or from it
    unsure("but was attaching"),   // aws-ebs-csi-driver pkg/cloud/cloud.go
    unsure("but was detaching"),
    unsure("wrong medium type"),  // EMEDIUMTYPE: DRBD has no right to write here, for some reason
    unsure("current status is detaching"),
    unsure("current status is attaching"),
    // csi_attacher.go: the attachment of this node itself
    unsure("volume attachment is being deleted"),
    unsure("volume attachment has been deleted"),
    unsure("volume attachment watch channel had been closed"),
    unsure("get error for volume attachment"),
    unsure("is not ready for workloads", "driver.longhorn.io"),
    unsure("status to settled", "driver.harvesterhci.io"),
    unsure("not in expected*state"),  // azuredisk-csi-driver azure_controller_common.go

    general("attached to another", Kind::attached_elsewhere),
    general("attached to a different", Kind::attached_elsewhere),
    general("attached to different", Kind::attached_elsewhere),
    general("attached to other", Kind::attached_elsewhere),
    general("attached on another", Kind::attached_elsewhere),
    general("attached on a different", Kind::attached_elsewhere),
    general("attached elsewhere", Kind::attached_elsewhere),
    general("attach to another", Kind::attached_elsewhere),
    general("attach to a different", Kind::attached_elsewhere),
    general("attach to different", Kind::attached_elsewhere),
    general("attach to other", Kind::attached_elsewhere),
    general("already attach to", Kind::attached_elsewhere),
    general("cannot attach*to multiple", Kind::attached_elsewhere),
    general("can't attach*to multiple", Kind::attached_elsewhere),
    general("cannot attach*to more than one", Kind::attached_elsewhere),
    // How arrays give a volume to a host
    general("present in a different", Kind::attached_elsewhere),
    general("present in another", Kind::attached_elsewhere),
    general("a different masking view", Kind::attached_elsewhere),
    general("another masking view", Kind::attached_elsewhere),
    general("a different lun mapping", Kind::attached_elsewhere),
    general("another lun mapping", Kind::attached_elsewhere),
    general("a different host group", Kind::attached_elsewhere),
    general("another host group", Kind::attached_elsewhere),
    general("a different initiator group", Kind::attached_elsewhere),
    general("another initiator group", Kind::attached_elsewhere),
    general("already published to", Kind::attached_elsewhere),
    general("mapped to different", Kind::attached_elsewhere),
    general("mapped to another", Kind::attached_elsewhere),
    general("already migrating to", Kind::attached_elsewhere),  // Longhorn
    general("locked by another", Kind::attached_elsewhere),
    general("held by another", Kind::attached_elsewhere),
    general("owned by different node", Kind::attached_elsewhere),
    general("owned by another", Kind::attached_elsewhere),
    general("volume belongs to another", Kind::attached_elsewhere),
    general("disk belongs to another", Kind::attached_elsewhere),
    general("still mounted on node", Kind::attached_elsewhere),
    general("use by another node", Kind::attached_elsewhere),
    general("use by another vm", Kind::attached_elsewhere),
    general("use by another host", Kind::attached_elsewhere),
    general("use by another server", Kind::attached_elsewhere),
    general("use by another machine", Kind::attached_elsewhere),
    general("use by another instance", Kind::attached_elsewhere),
    general("use by another disk", Kind::attached_elsewhere),  // Azure, a blob's lease
    general("has other clients", Kind::attached_elsewhere),
    general("has watchers", Kind::device_busy),
    general("active connection from", Kind::attached_elsewhere),
    general("existing connection from", Kind::attached_elsewhere),
    general("has existing attachments", Kind::attached_elsewhere),
    general("already has a publication", Kind::attached_elsewhere),
    general("already has an attachment", Kind::attached_elsewhere),
    general("already has attachment", Kind::attached_elsewhere),
    general("already has an owner", Kind::attached_elsewhere),
    general("already has a writer", Kind::attached_elsewhere),
    general("exhausted its available writer claims", Kind::attached_elsewhere),  // Nomad
    general("concurrent rw attachment", Kind::attached_elsewhere),
    general("has another session", Kind::attached_elsewhere),
    general("only a single*at a time", Kind::attached_elsewhere),
    general("only one*at a time", Kind::attached_elsewhere),
    general("on two nodes", Kind::attached_elsewhere),
    general("to two nodes", Kind::attached_elsewhere),
    general("in use from other system", Kind::attached_elsewhere),  // ZFS
    general("in use from another system", Kind::attached_elsewhere),
    general("exclusive lock held by", Kind::attached_elsewhere),
    general("lock is held by", Kind::attached_elsewhere),
    general("lock owned by", Kind::attached_elsewhere),
    general("lock held by", Kind::attached_elsewhere),
    general("attached to multiple", Kind::attached_elsewhere),
    general("attached to more than one", Kind::attached_elsewhere),
    general("exported to more than one", Kind::attached_elsewhere),
    general("mounted on more than one node", Kind::attached_elsewhere),
    general("mounted on multiple nodes", Kind::attached_elsewhere),
    general("attached on more than one", Kind::attached_elsewhere),
    general("attached on multiple", Kind::attached_elsewhere),
    general("volume to more than one", Kind::attached_elsewhere),
    general("published to more than one", Kind::attached_elsewhere),
    general("mapped to more than one", Kind::attached_elsewhere),
    general("mapped to other", Kind::attached_elsewhere),
    general("published to another", Kind::attached_elsewhere),
    general("published to a different", Kind::attached_elsewhere),
    general("published on another", Kind::attached_elsewhere),
    general("published on a different", Kind::attached_elsewhere),
    general("connected to another", Kind::attached_elsewhere),
    general("connected to other", Kind::attached_elsewhere),
    general("exported to another", Kind::attached_elsewhere),
    general("exported to other", Kind::attached_elsewhere),
    general("assigned to another", Kind::attached_elsewhere),
    general("in use by another", Kind::attached_elsewhere),
    general("in use by other", Kind::attached_elsewhere),
    general("used by another", Kind::attached_elsewhere),
    general("in use elsewhere", Kind::attached_elsewhere),
    general("used elsewhere", Kind::attached_elsewhere),
    general("mounted on another", Kind::attached_elsewhere),
    general("mounted on other", Kind::attached_elsewhere),
    general("mounted on a different", Kind::attached_elsewhere),
    general("mounted by another", Kind::single_pod_mount),
    general("mounted by other", Kind::single_pod_mount),
    general("mounted at a different", Kind::single_pod_mount),
    general("mounted at another", Kind::single_pod_mount),
    general("mounted to a different", Kind::single_pod_mount),
    general("mounted to another", Kind::single_pod_mount),
    general("published at another", Kind::single_pod_mount),
    general("published at a different", Kind::single_pod_mount),
    general("another target path", Kind::single_pod_mount),
    general("a different target path", Kind::single_pod_mount),
    general("mounted elsewhere", Kind::device_busy),
    general("needs to be detached", Kind::attached_elsewhere),
    general("must be detached", Kind::attached_elsewhere),
    general("has to be detached", Kind::attached_elsewhere),
    general("should be detached", Kind::attached_elsewhere),
    general("reservation conflict", Kind::attached_elsewhere),  // SCSI: another initiator's
    general("only be attached to one", Kind::attached_elsewhere),
    general("exclusively attached", Kind::attached_elsewhere),

    // What stands around the cloud's own words, when these say nothing.
    unsure("could not be attached to the instance id"),
    // cloud-provider-openstack pkg/csi/cinder/controllerserver.go
    unsure("attach volume failed with error"),
    unsure("failed to add disk"),  // vSphere in-tree: often a disk of another machine
    unsure("not yet available"),
    unsure("not yet attached"),
    unsure("not attached yet"),
    unsure("retry later"),
    unsure("disks are locked"),
    unsure("is being modified"),
    unsure("is still publishing"),
    unsure("is still creating"),
    unsure("transient"),
    unsure("or is already bound"),
    unsure("wait for*detached"),
    unsure("waiting for*detached"),
    unsure("is attaching"),
    unsure("still attaching"),
    unsure("is detaching"),
    unsure("still detaching"),
    unsure("'detaching'"),
    unsure("'attaching'"),
    unsure("detaching state"),
    unsure("attaching state"),
    unsure("another operation"),
    unsure("another task"),
    unsure("in progress"),

    slow("attachdetachment timeout"),
    slow("attachment timeout"),  // csi_attacher.go up to 1.14
    slow("timed out waiting"),
    slow("timeout waiting"),
    slow("attach timeout"),
    slow("within timeout"),
    slow("timeout expired"),
    slow("deadlineexceeded"),
    slow("deadline exceeded"),
});

}  // namespace

std::span<const Phrase> known_phrases() { return kPhrases; }

}  // namespace bso::diagnosis
