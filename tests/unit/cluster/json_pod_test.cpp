// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cluster/decode.h"
#include "cluster/json_records.h"
#include "unit/cluster/proto_objects.h"

using namespace bso;
using namespace bso::cluster;
using bso::test::Proto;
using bso::test::time_of;
using nlohmann::json;

namespace {

json full_pod_json() {
  return json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {
      "name": "web-0", "namespace": "shop", "uid": "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af",
      "resourceVersion": "4711", "generation": 3, "creationTimestamp": "2023-11-14T22:13:20Z",
      "deletionTimestamp": "2023-11-14T22:21:40Z",
      "labels": {"pod-template-hash": "6d7f5b8c49", "app": "web"},
      "annotations": {"kubernetes.io/config.hash": "0123456789abcdef0123456789abcdef",
                      "blockstorage.dev/mount-conflict": "old text"},
      "ownerReferences": [
        {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u0"},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "rs-uid",
         "controller": true}],
      "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}]},
    "spec": {
      "volumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-claim", "readOnly": true}},
        {"name": "cfg", "configMap": {"name": "c"}},
        {"name": "flex", "flexVolume": {"driver": "ibm/ibmc-block", "options": {"VolumeID": "42"}}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}},
        {"name": "inline", "csi": {"driver": "secrets-store.csi.k8s.io"}},
        {"name": "pd", "gcePersistentDisk": {"pdName": "disk-1", "readOnly": true}}],
      "containers": [{"name": "container"}],
      "nodeName": "node-a"},
    "status": {
      "phase": "Pending",
      "conditions": [{"type": "PodScheduled", "status": "True",
                      "lastTransitionTime": "2023-11-14T22:13:30Z"}],
      "containerStatuses": [{"name": "c", "restartCount": 0,
                             "state": {"waiting": {"reason": "ContainerCreating"}}}]}})");
}

Proto pod_of(Proto spec, Proto status) {
  return Proto{}.with(1, Proto{}.text(1, "p").text(3, "ns")).with(2, spec).with(3, status);
}

json pod_json(json spec, json status) {
  return {{"metadata", {{"name", "p"}, {"namespace", "ns"}}},
          {"spec", std::move(spec)},
          {"status", std::move(status)}};
}

Proto container_status(Proto state, int restarts = 0) {
  return Proto{}.text(1, "c").with(2, state).number(5, restarts);
}

/// A NodeSelector.
Proto required_node() {
  return Proto{}.with(
      1,
      Proto{}.with(1, Proto{}.text(1, "kubernetes.io/hostname").text(2, "In").text(3, "node-a")));
}

/// What a wrong type is put in for: each value of the document, in turn.
void each_place(json& value, const std::function<void(json&)>& use) {
  if (value.is_structured()) {
    for (auto& member : value) each_place(member, use);
  }
  use(value);
}

}  // namespace

TEST_CASE("A pod is the same record from JSON as from protobuf", "[json]") {
  const auto from_proto = decode_pod(bso::test::full_pod().str());
  const auto from_json = pod_from_json(full_pod_json());
  REQUIRE(from_proto);
  REQUIRE(from_json);
  CHECK(*from_json == *from_proto);
  CHECK(from_json->volumes.size() == 4);
}

TEST_CASE("What tells how far a pod has come is read alike", "[json]") {
  struct Row {
    const char* what;
    Proto spec;
    Proto status;
    const char* json_spec;
    const char* json_status;
  };
  const auto row = GENERATE(values<Row>({
      {"a running container", Proto{},
       Proto{}.text(1, "Running").with(8, container_status(Proto{}.with(2, Proto{}))), "{}",
       R"({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]})"},
      {"an ended init container", Proto{},
       Proto{}.text(1, "Pending").with(10, container_status(Proto{}.with(3, Proto{}.number(1, 0)))),
       "{}",
       R"({"phase": "Pending", "initContainerStatuses": [{"state": {"terminated": {"exitCode": 0}}}]})"},
      {"a container that was restarted", Proto{}, Proto{}.with(8, container_status(Proto{}, 2)),
       "{}", R"({"containerStatuses": [{"state": {}, "restartCount": 2}]})"},
      {"a container without its image", Proto{},
       Proto{}.with(8, container_status(Proto{}.with(1, Proto{}.text(1, "ImagePullBackOff")))),
       "{}", R"({"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]})"},
      {"an address", Proto{}, Proto{}.text(6, "10.0.0.1"), "{}", R"({"podIP": "10.0.0.1"})"},
      {"the node's address", Proto{}.number(11, 1), Proto{}.text(6, "10.0.0.1"),
       R"({"hostNetwork": true})", R"({"podIP": "10.0.0.1"})"},
      {"conditions", Proto{},
       Proto{}
           .with(2, Proto{}.text(1, "Ready").text(2, "True"))
           .with(2, Proto{}.text(1, "PodReadyToStartContainers").text(2, "True"))
           .with(2, Proto{}.text(1, "PodScheduled").text(2, "False").with(4, time_of(7))),
       "{}",
       R"({"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": null},
           {"type": "PodReadyToStartContainers", "status": "True"},
           {"type": "PodScheduled", "status": "False",
            "lastTransitionTime": "1970-01-01T00:00:07Z"}]})"},
      {"a claim that another pod has", Proto{},
       Proto{}
           .text(1, "Pending")
           .with(
               2,
               Proto{}
                   .text(1, "PodScheduled")
                   .text(2, "False")
                   .text(5, "Unschedulable")
                   .text(6,
                         "0/2 nodes are available: 1 node has pod using PersistentVolumeClaim with "
                         "the same name and ReadWriteOncePod access mode.")),
       "{}",
       R"({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
           "reason": "Unschedulable", "message": "0/2 nodes are available: 1 node has pod using )"
       R"(PersistentVolumeClaim with the same name and ReadWriteOncePod access mode."}]})"},
      {"a node selector with a node's name",
       Proto{}.entry(7, "pool", "a").entry(7, "kubernetes.io/hostname", "node-a"), Proto{},
       R"({"nodeSelector": {"pool": "a", "kubernetes.io/hostname": "node-a"}})", "{}"},
      {"a node affinity with a node's name",
       Proto{}.with(18, Proto{}.with(1, Proto{}.with(1, required_node()))), Proto{},
       R"({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
           {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname",
             "operator": "In", "values": ["node-a"]}]}]}}}})",
       "{}"},
      {"beside other pods",
       Proto{}.with(18,
                    Proto{}.with(2, Proto{}.with(1, Proto{}.text(3, "kubernetes.io/hostname")))),
       Proto{},
       R"({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
           [{"topologyKey": "kubernetes.io/hostname"}]}}})",
       "{}"},
      {"in-tree disks",
       Proto{}
           .with(1, Proto{}.text(1, "a").with(2, Proto{}.with(4, Proto{}.text(1, "vol-1"))))
           .with(1,
                 Proto{}.text(1, "b").with(2, Proto{}.with(13, Proto{}.text(1, "v2").number(3, 1))))
           .with(1, Proto{}.text(1, "c").with(2, Proto{}.with(20, Proto{}.text(1, "[ds] x"))))
           .with(1, Proto{}.text(1, "d").with(
                        2, Proto{}.with(22, Proto{}.text(1, "n").text(2, "/uri").number(5, 1)))),
       Proto{},
       R"({"volumes": [{"name": "a", "awsElasticBlockStore": {"volumeID": "vol-1"}},
           {"name": "b", "cinder": {"volumeID": "v2", "readOnly": true}},
           {"name": "c", "vsphereVolume": {"volumePath": "[ds] x"}},
           {"name": "d", "azureDisk": {"diskName": "n", "diskURI": "/uri", "readOnly": true}}]})",
       "{}"},
  }));
  INFO(row.what);
  const auto from_proto = decode_pod(pod_of(row.spec, row.status).str());
  const auto from_json =
      pod_from_json(pod_json(json::parse(row.json_spec), json::parse(row.json_status)));
  REQUIRE(from_proto);
  REQUIRE(from_json);
  CHECK(*from_json == *from_proto);
}

TEST_CASE("A field of a wrong type is named with its object", "[json]") {
  auto pod = full_pod_json();
  pod["spec"]["volumes"][2]["flexVolume"]["driver"] = 7;
  const auto wrong = pod_from_json(pod);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::invalid_input);
  CHECK(wrong.error().message == "Pod shop/web-0: spec.volumes[2].flexVolume.driver is no text");

  CHECK(pod_from_json(json::array()).error().message == "Pod: it is no object");
  CHECK(claim_from_json(json::object()).error().message == "PersistentVolumeClaim: it has no name");
  CHECK(node_from_json(json::parse(R"({"metadata": {"name": "n", "creationTimestamp": "soon"}})"))
            .error()
            .message == "Node n: metadata.creationTimestamp is no time (RFC 3339)");
  CHECK(workload_from_json(
            WorkloadKind::replica_set,
            json::parse(R"({"metadata": {"name": "r"}, "spec": {"replicas": 99999999999}})"))
            .error()
            .message == "ReplicaSet r: spec.replicas is no 32-bit number");
}

TEST_CASE("No wrong type anywhere does harm", "[json]") {
  const json strangers{nullptr,
                       true,
                       -1,
                       1.5,
                       18446744073709551615U,
                       "x",
                       json::array(),
                       json::array({nullptr, json::object()}),
                       json::object({{"a", 1}})};
  auto object = full_pod_json();
  object["status"]["podIP"] = "10.0.0.1";
  int places = 0;
  each_place(object, [&](json& place) {
    const json kept = place;
    for (const auto& stranger : strangers) {
      place = stranger;
      const auto pod = pod_from_json(object);
      if (!pod) CHECK(pod.error().message.starts_with("Pod"));
      (void)claim_from_json(object);
      (void)volume_from_json(object);
      (void)attachment_from_json(object);
      (void)node_from_json(object);
      (void)event_from_json(object);
      (void)workload_from_json(WorkloadKind::deployment, object);
    }
    place = kept;
    ++places;
  });
  CHECK(places > 60);
  CHECK(pod_from_json(object));
}
