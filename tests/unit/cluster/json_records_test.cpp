// SPDX-License-Identifier: Apache-2.0
#include "cluster/json_records.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cluster/decode.h"
#include "unit/cluster/proto_objects.h"

using namespace bso;
using namespace bso::cluster;
using bso::test::Proto;
using bso::test::time_of;
using nlohmann::json;

TEST_CASE("Claims, volumes and attachments are read alike", "[json]") {
  const auto claim = decode_claim(Proto{}
                                      .with(1, Proto{}.text(1, "data").text(3, "shop").text(5, "u"))
                                      .with(2, Proto{}
                                                   .text(1, "ReadWriteOnce")
                                                   .text(1, "ReadWriteMany")
                                                   .text(3, "pvc-1")
                                                   .text(5, "gold")
                                                   .text(6, "Block"))
                                      .with(3, Proto{}.text(1, "Bound"))
                                      .str());
  REQUIRE(claim);
  CHECK(claim_from_json(json::parse(R"({
    "metadata": {"name": "data", "namespace": "shop", "uid": "u"},
    "spec": {"accessModes": ["ReadWriteOnce", "ReadWriteMany"], "volumeName": "pvc-1",
             "storageClassName": "gold", "volumeMode": "Block", "resources": {}},
    "status": {"phase": "Bound"}})")) == *claim);

  const auto attachment = decode_attachment(
      Proto{}
          .with(1, Proto{}.text(1, "csi-1").with(9, time_of(5)))
          .with(2, Proto{}.text(1, "d.io").with(2, Proto{}.text(1, "pv")).text(3, "node-a"))
          .with(3, Proto{}
                       .number(1, 1)
                       .with(3, Proto{}.text(2, "no"))
                       .with(4, Proto{}.with(1, time_of(9)).text(2, "cannot detach")))
          .str());
  REQUIRE(attachment);
  CHECK(attachment_from_json(json::parse(R"({
    "metadata": {"name": "csi-1", "deletionTimestamp": "1970-01-01T00:00:05Z"},
    "spec": {"attacher": "d.io", "source": {"persistentVolumeName": "pv"}, "nodeName": "node-a"},
    "status": {"attached": true, "attachError": {"message": "no"},
               "detachError": {"time": "1970-01-01T00:00:09Z", "message": "cannot detach"}}})")) ==
        *attachment);
}

TEST_CASE("A volume's source is read alike", "[json]") {
  struct Row {
    Proto source;
    const char* json_source;
  };
  const auto row = GENERATE(values<Row>({
      {Proto{}.with(22, Proto{}.text(1, "d.io").text(2, "h-1")),
       R"({"csi": {"driver": "d.io", "volumeHandle": "h-1"}})"},
      {Proto{}.with(12, Proto{}.text(1, "ibm/ibmc-block").entry(5, "a", "b")),
       R"({"flexVolume": {"driver": "ibm/ibmc-block", "options": {"a": "b"}}})"},
      {Proto{}.with(1, Proto{}.text(1, "pd-1")), R"({"gcePersistentDisk": {"pdName": "pd-1"}})"},
      {Proto{}.with(2, Proto{}.text(1, "vol")), R"({"awsElasticBlockStore": {"volumeID": "vol"}})"},
      {Proto{}.with(3, Proto{}.text(1, "/a")), R"({"hostPath": {"path": "/a"}})"},
      {Proto{}.with(4, Proto{}.text(1, "e")), R"({"glusterfs": {"endpoints": "e"}})"},
      {Proto{}.with(5, Proto{}.text(1, "s")), R"({"nfs": {"server": "s"}})"},
      {Proto{}.with(6, Proto{}.text(2, "i")), R"({"rbd": {"image": "i"}})"},
      {Proto{}.with(7, Proto{}.text(1, "p")), R"({"iscsi": {"targetPortal": "p"}})"},
      {Proto{}.with(8, Proto{}.text(1, "c")), R"({"cinder": {"volumeID": "c"}})"},
      {Proto{}.with(9, Proto{}.text(1, "m")), R"({"cephfs": {"monitors": ["m"]}})"},
      {Proto{}.with(10, Proto{}.text(1, "w")), R"({"fc": {"targetWWNs": ["w"]}})"},
      {Proto{}.with(11, Proto{}.text(1, "f")), R"({"flocker": {"datasetName": "f"}})"},
      {Proto{}.with(13, Proto{}.text(1, "s")), R"({"azureFile": {"secretName": "s"}})"},
      {Proto{}.with(14, Proto{}.text(1, "[d] v")), R"({"vsphereVolume": {"volumePath": "[d] v"}})"},
      {Proto{}.with(15, Proto{}.text(1, "r")), R"({"quobyte": {"registry": "r"}})"},
      {Proto{}.with(16, Proto{}.text(1, "n").text(2, "/u")),
       R"({"azureDisk": {"diskName": "n", "diskURI": "/u"}})"},
      {Proto{}.with(17, Proto{}.text(1, "p")), R"({"photonPersistentDisk": {"pdID": "p"}})"},
      {Proto{}.with(18, Proto{}.text(1, "w")), R"({"portworxVolume": {"volumeID": "w"}})"},
      {Proto{}.with(19, Proto{}.text(1, "g")), R"({"scaleIO": {"gateway": "g"}})"},
      {Proto{}.with(20, Proto{}.text(1, "/mnt")), R"({"local": {"path": "/mnt"}})"},
      {Proto{}.with(21, Proto{}.text(1, "v")), R"({"storageos": {"volumeName": "v"}})"},
      {Proto{}.with(99, Proto{}.text(1, "x")), R"({"newerThanUs": {"a": "x"}})"},
  }));
  INFO(row.json_source);
  const auto volume = decode_volume(
      Proto{}
          .with(1, Proto{}.text(1, "pv").text(5, "u").entry(12, "pv.kubernetes.io/provisioned-by",
                                                            "prov"))
          .with(2, Proto{}
                       .with(2, row.source)
                       .text(3, "ReadWriteOncePod")
                       .text(3, "ReadOnlyMany")
                       .with(4, Proto{}.text(2, "shop").text(3, "data").text(4, "claim-uid"))
                       .text(5, "Retain")
                       .text(6, "gold")
                       .text(8, "Block"))
          .str());
  REQUIRE(volume);
  auto object = json::parse(R"({
    "metadata": {"name": "pv", "uid": "u",
                 "annotations": {"pv.kubernetes.io/provisioned-by": "prov"}},
    "spec": {"accessModes": ["ReadWriteOncePod", "ReadOnlyMany"],
             "claimRef": {"namespace": "shop", "name": "data", "uid": "claim-uid"},
             "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "gold",
             "volumeMode": "Block"}})");
  object["spec"].update(json::parse(row.json_source));
  CHECK(volume_from_json(object) == *volume);
}

TEST_CASE("Nodes are read alike", "[json]") {
  const auto node = decode_node(
      Proto{}
          .with(1, Proto{}.text(1, "node-a").text(5, "u").entry(11, "kubernetes.io/arch", "amd64"))
          .with(2, Proto{}
                       .text(3, "gce://p/z/node-a")
                       .with(5, Proto{}.text(1, "b").text(3, "NoSchedule"))
                       .with(5, Proto{}.text(1, "a").text(3, "NoExecute"))
                       .with(5, Proto{}.text(1, "b").text(3, "NoExecute")))
          .with(3, Proto{}
                       .with(4, Proto{}.text(1, "MemoryPressure").text(2, "False"))
                       .with(4, Proto{}.text(1, "Ready").text(2, "Unknown").with(4, time_of(77)))
                       .text(9, "b/2")
                       .text(9, "a/1")
                       .with(10, Proto{}.text(1, "a/1").text(2, "/dev/x")))
          .str());
  REQUIRE(node);
  CHECK(node_from_json(json::parse(R"({
    "metadata": {"name": "node-a", "uid": "u", "labels": {"kubernetes.io/arch": "amd64"}},
    "spec": {"providerID": "gce://p/z/node-a",
             "taints": [{"key": "b", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"},
                        {"key": "b", "effect": "NoExecute"}]},
    "status": {
      "conditions": [{"type": "MemoryPressure", "status": "False"},
                     {"type": "Ready", "status": "Unknown",
                      "lastTransitionTime": "1970-01-01T00:01:17Z"}],
      "volumesInUse": ["b/2", "a/1"],
      "volumesAttached": [{"name": "a/1", "devicePath": "/dev/x"}]}})")) == *node);
}

TEST_CASE("Workloads are read alike", "[json]") {
  struct Row {
    WorkloadKind kind;
    Proto spec;
    const char* json_spec;
  };
  const auto row = GENERATE(values<Row>({
      {WorkloadKind::deployment,
       Proto{}.number(1, 4).with(4, Proto{}
                                        .text(1, "RollingUpdate")
                                        .with(2, Proto{}
                                                     .with(1, Proto{}.number(1, 1).text(3, "50%"))
                                                     .with(2, Proto{}.number(1, 0).number(2, 3)))),
       R"({"replicas": 4, "strategy": {"type": "RollingUpdate",
           "rollingUpdate": {"maxUnavailable": "50%", "maxSurge": 3}}})"},
      {WorkloadKind::deployment, Proto{}.with(4, Proto{}.text(1, "Recreate")),
       R"({"strategy": {"type": "Recreate"}})"},
      {WorkloadKind::replica_set, Proto{}.number(1, 0), R"({"replicas": 0})"},
      {WorkloadKind::stateful_set, Proto{}.number(1, 2), R"({"replicas": 2})"},
      {WorkloadKind::daemon_set, Proto{}.with(1, Proto{}), R"({"selector": {}})"},
      {WorkloadKind::job, Proto{}.number(1, 5), R"({"parallelism": 5, "completions": 9})"},
  }));
  INFO(row.json_spec);
  const auto workload = decode_workload(
      row.kind,
      Proto{}
          .with(1, Proto{}
                       .text(1, "web-1")
                       .text(3, "shop")
                       .text(5, "u")
                       .entry(12, "deployment.kubernetes.io/revision", "7")
                       .with(13, Proto{}.text(1, "Deployment").text(3, "web").number(6, 1)))
          .with(2, row.spec)
          .str());
  REQUIRE(workload);
  auto object = json::parse(R"({"metadata": {
    "name": "web-1", "namespace": "shop", "uid": "u",
    "annotations": {"deployment.kubernetes.io/revision": "7"},
    "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]}})");
  object["spec"] = json::parse(row.json_spec);
  CHECK(workload_from_json(row.kind, object) == *workload);
}

TEST_CASE("Events are read alike, by the old names and the new ones", "[json]") {
  const auto old_style = decode_event(
      Proto{}
          .with(1, Proto{}.text(1, "p.1").text(5, "event-uid").with(8, time_of(10)))
          .with(2, Proto{}.text(1, "Pod").text(2, "shop").text(3, "p").text(4, "pod-uid"))
          .text(3, "FailedMount")
          .text(4, "words")
          .with(5, Proto{}.text(1, "kubelet").text(2, "node-a"))
          .with(6, time_of(11))
          .with(7, time_of(30))
          .str());
  REQUIRE(old_style);
  CHECK(event_from_json(json::parse(R"({
    "metadata": {"name": "p.1", "uid": "event-uid", "creationTimestamp": "1970-01-01T00:00:10Z"},
    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "p", "uid": "pod-uid"},
    "reason": "FailedMount", "message": "words", "source": {"component": "kubelet", "host": "node-a"},
    "firstTimestamp": "1970-01-01T00:00:11Z", "lastTimestamp": "1970-01-01T00:00:30Z",
    "eventTime": null})")) == *old_style);

  const auto new_style = decode_event(Proto{}
                                          .with(1, Proto{}.text(1, "p.1").text(5, "event-uid"))
                                          .with(2, Proto{}.text(1, "Pod").text(4, "pod-uid"))
                                          .text(3, "FailedMount")
                                          .text(4, "words")
                                          .with(10, time_of(40))
                                          .with(11, Proto{}.number(1, 3).with(2, time_of(50)))
                                          .text(14, "kubelet")
                                          .str());
  REQUIRE(new_style);
  CHECK(event_from_json(json::parse(R"({
    "apiVersion": "v1", "metadata": {"name": "p.1", "uid": "event-uid"},
    "involvedObject": {"kind": "Pod", "uid": "pod-uid"}, "reason": "FailedMount", "message": "words",
    "eventTime": "1970-01-01T00:00:40.123456Z",
    "series": {"count": 3, "lastObservedTime": "1970-01-01T00:00:50.000001Z"},
    "reportingComponent": "kubelet"})")) == *new_style);
  CHECK(event_from_json(json::parse(R"({
    "apiVersion": "events.k8s.io/v1", "metadata": {"name": "p.1", "uid": "event-uid"},
    "regarding": {"kind": "Pod", "uid": "pod-uid"}, "reason": "FailedMount", "note": "words",
    "eventTime": "1970-01-01T00:00:40.123456Z",
    "series": {"count": 3, "lastObservedTime": "1970-01-01T00:00:50.000001Z"},
    "reportingController": "kubelet"})")) == *new_style);
}
