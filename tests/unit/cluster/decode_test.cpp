// SPDX-License-Identifier: Apache-2.0
#include "cluster/decode.h"

#include <catch2/catch.hpp>

#include "unit/cluster/proto_objects.h"

using namespace bso;
using namespace bso::cluster;
using bso::test::Proto;
using bso::test::time_of;

TEST_CASE("A claim") {
  const auto claim = decode_claim(Proto{}
                                      .with(1, Proto{}.text(1, "data").text(3, "shop").text(5, "u"))
                                      .with(2, Proto{}
                                                   .text(1, "ReadWriteOnce")
                                                   .with(2, Proto{}.text(9, "resources"))
                                                   .text(3, "pvc-1")
                                                   .text(5, "gold")
                                                   .text(6, "Block"))
                                      .with(3, Proto{}.text(1, "Bound"))
                                      .str());
  REQUIRE(claim);
  CHECK(claim->ns == "shop");
  CHECK(claim->volume == "pvc-1");
  CHECK(claim->storage_class == "gold");
  CHECK(claim->modes == kReadWriteOnce);
  CHECK(claim->block);
  CHECK(claim->bound);
}

TEST_CASE("A volume knows its driver and, where there is one, its identity") {
  struct Row {
    const char* what;
    Proto source;
    VolumeKind kind;
    const char* driver;
    const char* handle;
  };
  const auto row = GENERATE(values<Row>({
      {"csi", Proto{}.with(22, Proto{}.text(1, "d.io").text(2, "h-1").text(4, "ext4")),
       VolumeKind::csi, "d.io", "h-1"},
      {"flex", Proto{}.with(12, Proto{}.text(1, "ibm/ibmc-block").entry(5, "a", "b")),
       VolumeKind::flex_volume, "ibm/ibmc-block", ""},
      {"ebs", Proto{}.with(2, Proto{}.text(1, "vol-1")), VolumeKind::in_tree,
       "kubernetes.io/aws-ebs", "vol-1"},
      {"azure", Proto{}.with(16, Proto{}.text(1, "name").text(2, "/uri")), VolumeKind::in_tree,
       "kubernetes.io/azure-disk", "/uri"},
      {"local", Proto{}.with(20, Proto{}.text(1, "/mnt/a")), VolumeKind::in_tree,
       "kubernetes.io/local-volume", ""},
      {"newer than us", Proto{}.with(99, Proto{}.text(1, "x")), VolumeKind::unknown, "", ""},
  }));
  INFO(row.what);
  const auto volume = decode_volume(
      Proto{}
          .with(1, Proto{}.text(1, "pv").entry(12, "pv.kubernetes.io/provisioned-by", "prov"))
          .with(2, Proto{}
                       .with(2, row.source)
                       .text(3, "ReadWriteOnce")
                       .text(3, "ReadOnlyMany")
                       .with(4, Proto{}.text(2, "shop").text(3, "data").text(4, "claim-uid"))
                       .text(5, "Retain")
                       .text(6, "gold"))
          .str());
  REQUIRE(volume);
  CHECK(volume->kind == row.kind);
  CHECK(volume->driver == row.driver);
  CHECK(volume->handle == row.handle);
  CHECK(volume->modes == (kReadWriteOnce | kReadOnlyMany));
  CHECK(volume->claim_ns == "shop");
  CHECK(volume->claim == "data");
  CHECK(volume->claim_uid == "claim-uid");
  CHECK(volume->provisioned_by == "prov");
  CHECK(volume->reclaim == "Retain");
}

TEST_CASE("An attachment") {
  const auto attachment = decode_attachment(
      Proto{}
          .with(1, Proto{}.text(1, "csi-1").with(9, time_of(5)))
          .with(2, Proto{}.text(1, "d.io").with(2, Proto{}.text(1, "pv")).text(3, "node-a"))
          .with(3, Proto{}
                       .number(1, 1)
                       .entry(2, "devicePath", "/dev/x")
                       .with(4, Proto{}.with(1, time_of(9)).text(2, "cannot detach")))
          .str());
  REQUIRE(attachment);
  CHECK(attachment->attacher == "d.io");
  CHECK(attachment->volume == "pv");
  CHECK(attachment->node == "node-a");
  CHECK(attachment->attached);
  CHECK(attachment->deleting);
  CHECK(attachment->detach_error == "cannot detach");
}

TEST_CASE("A node") {
  const auto node = decode_node(
      Proto{}
          .with(1, Proto{}.text(1, "node-a").text(5, "u"))
          .with(2, Proto{}.text(1, "10.0.0.0/24").text(3, "gce://p/z/node-a"))
          .with(3, Proto{}
                       .with(4, Proto{}.text(1, "MemoryPressure").text(2, "False"))
                       .with(4, Proto{}.text(1, "Ready").text(2, "Unknown").with(4, time_of(77)))
                       .text(9, "b/2")
                       .text(9, "a/1")
                       .with(10, Proto{}.text(1, "a/1").text(2, "/dev/x")))
          .str());
  REQUIRE(node);
  CHECK(node->readiness == Readiness::silent);
  CHECK(node->ready_since == WallTime{std::chrono::seconds{77}});
  CHECK(node->provider_id == "gce://p/z/node-a");
  REQUIRE(node->volumes_in_use.size() == 2);
  CHECK(node->volumes_in_use[0] == "a/1");  // sorted: the order has no meaning
  REQUIRE(node->volumes_attached.size() == 1);
  CHECK(node->volumes_attached[0] == "a/1");
}

TEST_CASE("Workloads") {
  const auto spec = Proto{}
                        .number(1, 4)
                        .with(2, Proto{}.entry(1, "app", "x"))
                        .with(4, Proto{}
                                     .text(1, "RollingUpdate")
                                     .with(2, Proto{}
                                                  .with(1, Proto{}.number(1, 1).text(3, "50%"))
                                                  .with(2, Proto{}.number(1, 0).number(2, 3))));
  const auto deployment = decode_workload(
      WorkloadKind::deployment, Proto{}.with(1, Proto{}.text(1, "web")).with(2, spec).str());
  REQUIRE(deployment);
  CHECK(deployment->replicas == 4);
  CHECK(deployment->max_unavailable == IntOrPercent{50, true});
  CHECK(deployment->max_surge == IntOrPercent{3, false});
  CHECK_FALSE(deployment->recreate);

  const auto defaults =
      decode_workload(WorkloadKind::deployment, Proto{}.with(1, Proto{}.text(1, "web")).str());
  REQUIRE(defaults);
  CHECK(defaults->replicas == 1);
  CHECK(defaults->max_unavailable == IntOrPercent{25, true});

  const auto set = decode_workload(
      WorkloadKind::replica_set,
      Proto{}
          .with(1, Proto{}
                       .text(1, "web-1")
                       .entry(12, "deployment.kubernetes.io/revision", "7")
                       .with(13, Proto{}.text(1, "Deployment").text(3, "web").number(6, 1)))
          .with(2, Proto{}.number(1, 0))
          .str());
  REQUIRE(set);
  CHECK(set->revision == 7);
  CHECK(set->replicas == 0);
  CHECK(set->owner.name == "web");

  // Field 1 of a DaemonSet's spec is its selector.
  const auto daemon_set = decode_workload(
      WorkloadKind::daemon_set,
      Proto{}.with(1, Proto{}.text(1, "ds")).with(2, Proto{}.with(1, Proto{})).str());
  REQUIRE(daemon_set);
}

TEST_CASE("An event keeps every byte of its message, up to a limit") {
  std::string message(20'000, 'x');
  message.replace(0, 5, "a\0b\xff\xfe", 5);
  const auto hint = decode_event(
      Proto{}
          .with(1, Proto{}.text(1, "p.1").text(5, "event-uid").with(8, time_of(10)))
          .with(2, Proto{}.text(1, "Pod").text(2, "shop").text(3, "p").text(4, "pod-uid"))
          .text(3, "FailedMount")
          .text(4, message)
          .with(5, Proto{}.text(1, "kubelet").text(2, "node-a"))
          .with(6, time_of(11))
          .with(7, time_of(30))
          .number(8, 3)
          .str());
  REQUIRE(hint);
  CHECK(hint->message == message.substr(0, kMaxEventMessage));
  CHECK(hint->pod_uid == "pod-uid");
  CHECK(hint->component == "kubelet");
  CHECK(hint->host == "node-a");
  CHECK(hint->last == WallTime{std::chrono::seconds{30}});
}

TEST_CASE("A new-style event has its times and its reporter elsewhere") {
  const auto hint = decode_event(Proto{}
                                     .with(1, Proto{}.text(1, "p.1"))
                                     .with(2, Proto{}.text(1, "Pod").text(4, "pod-uid"))
                                     .with(7, Proto{})
                                     .with(10, time_of(40))
                                     .with(11, Proto{}.number(1, 4).with(2, time_of(90)))
                                     .text(14, "kubelet")
                                     .str());
  REQUIRE(hint);
  CHECK(hint->last == WallTime{std::chrono::seconds{90}});
  CHECK(hint->component == "kubelet");
}

TEST_CASE("Garbage is an error for every kind") {
  const auto garbage = GENERATE(as<std::string>{}, "", "\xff", "<html>no</html>",
                                std::string("\x0a\xff\xff\xff\xff\x0f", 6), "{\"kind\":\"Pod\"}");
  CHECK_FALSE(decode_pod(garbage));
  CHECK_FALSE(decode_claim(garbage));
  CHECK_FALSE(decode_volume(garbage));
  CHECK_FALSE(decode_attachment(garbage));
  CHECK_FALSE(decode_node(garbage));
  CHECK_FALSE(decode_workload(WorkloadKind::job, garbage));
  CHECK_FALSE(decode_event(garbage));
}
