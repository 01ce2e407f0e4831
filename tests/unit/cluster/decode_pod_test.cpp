// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cluster/decode.h"
#include "unit/cluster/proto_objects.h"

using namespace bso;
using namespace bso::cluster;
using bso::test::Proto;
using bso::test::time_of;

namespace {

Proto pod_with_status(Proto status, bool host_network = false) {
  return Proto{}
      .with(1, Proto{}.text(1, "p").text(3, "ns").text(5, "u"))
      .with(2, Proto{}.text(10, "node-a").number(11, host_network ? 1 : 0))
      .with(3, status);
}

Proto container(Proto state) { return Proto{}.text(1, "c").with(2, state); }

Proto waiting(std::string_view reason) { return Proto{}.with(1, Proto{}.text(1, reason)); }

}  // namespace

TEST_CASE("A pod is projected to what is kept") {
  const auto pod = decode_pod(bso::test::full_pod().str());
  REQUIRE(pod);
  CHECK(pod->ns == "shop");
  CHECK(pod->name == "web-0");
  CHECK(pod->uid == "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af");
  CHECK(pod->resource_version == "4711");
  CHECK(pod->created == WallTime{std::chrono::seconds{1'700'000'000}});
  CHECK(pod->deletion == WallTime{std::chrono::seconds{1'700'000'500}});
  CHECK(pod->scheduled == WallTime{std::chrono::seconds{1'700'000'010}});
  CHECK(pod->deleting);
  CHECK(pod->node == "node-a");
  CHECK(pod->phase == Phase::pending);
  CHECK(pod->owner.kind == "ReplicaSet");  // the reference without `controller` is not an owner
  CHECK(pod->owner.uid == "rs-uid");
  CHECK(pod->revision == "6d7f5b8c49");
  CHECK(pod->config_hash == "0123456789abcdef0123456789abcdef");
  CHECK(pod->conflict == "old text");
  CHECK(pod->conflict_detail.empty());
  CHECK_FALSE(pod->volumes_mounted());
  REQUIRE(pod->volumes.size() == 4);  // not the ConfigMap, not the CSI inline volume
  CHECK(pod->volumes[0].claim == "data-claim");
  CHECK(pod->volumes[0].read_only);
  CHECK(pod->volumes[1].driver == "ibm/ibmc-block");
  CHECK_FALSE(pod->volumes[1].disk.empty());
  CHECK(pod->volumes[2].claim == "web-0-scratch");
  CHECK(pod->volumes[3].driver == "kubernetes.io/gce-pd");
  CHECK(pod->volumes[3].disk == "disk-1");
}

TEST_CASE("Container states tell whether volumes were mounted") {
  struct Row {
    const char* what;
    Proto status;
    bool mounted;
  };
  const auto row = GENERATE(values<Row>({
      {"nothing reported", Proto{}, false},
      {"creating", Proto{}.with(8, container(waiting("ContainerCreating"))), false},
      {"initializing", Proto{}.with(8, container(waiting("PodInitializing"))), false},
      {"image pull", Proto{}.with(8, container(waiting("ImagePullBackOff"))), true},
      {"running", Proto{}.with(8, container(Proto{}.with(2, Proto{}))), true},
      {"terminated", Proto{}.with(8, container(Proto{}.with(3, Proto{}))), true},
      {"restarted", Proto{}.with(8, container(waiting("ContainerCreating")).number(5, 2)), true},
      {"init running",
       Proto{}
           .with(8, container(waiting("PodInitializing")))
           .with(10, container(Proto{}.with(2, Proto{}))),
       true},
      {"address", Proto{}.text(6, "10.0.0.1"), true},
      {"sandbox", Proto{}.with(2, Proto{}.text(1, "PodReadyToStartContainers").text(2, "True")),
       true},
      {"no sandbox", Proto{}.with(2, Proto{}.text(1, "PodReadyToStartContainers").text(2, "False")),
       false},
  }));
  INFO(row.what);
  const auto pod = decode_pod(pod_with_status(row.status).str());
  REQUIRE(pod);
  CHECK(pod->volumes_mounted() == row.mounted);
}

TEST_CASE("A pod that is placed nowhere for its claim, and for other reasons") {
  const auto refused = [](const std::string& status, const std::string& words) {
    const auto condition =
        Proto{}.text(1, "PodScheduled").text(2, status).text(5, "Unschedulable").text(6, words);
    const auto pod =
        decode_pod(pod_with_status(Proto{}.text(1, "Pending").with(2, condition)).str());
    REQUIRE(pod);
    return pod->claim_refused;
  };
  CHECK(refused("False",
                "0/3 nodes are available: 1 node has pod using PersistentVolumeClaim with "
                "the same name and ReadWriteOncePod access mode, 2 Insufficient cpu."));
  CHECK_FALSE(refused("False", "0/3 nodes are available: 3 Insufficient cpu."));
  CHECK_FALSE(refused("True", "ReadWriteOncePod access mode"));
}

TEST_CASE("What is required of the node may tie a pod to one") {
  const auto requirement = [](std::string_view key, std::string_view node_operator) {
    return Proto{}.text(1, key).text(2, node_operator).text(3, "x");
  };
  const auto node_affinity = [](std::uint32_t list, const Proto& one) {
    return Proto{}.with(18,
                        Proto{}.with(1, Proto{}.with(1, Proto{}.with(1, Proto{}.with(list, one)))));
  };
  const auto pod_affinity = [](std::uint32_t kind, std::uint32_t strength,
                               std::string_view topology) {
    return Proto{}.with(18, Proto{}.with(kind, Proto{}.with(strength, Proto{}.text(3, topology))));
  };
  struct Row {
    const char* what;
    Proto spec;
    bool tied;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"nothing", Proto{}, false},
      {"a pool", Proto{}.entry(7, "pool", "a"), false},
      {"a node", Proto{}.entry(7, "kubernetes.io/hostname", "a"), true},
      {"affinity to a node", node_affinity(1, requirement("kubernetes.io/hostname", "In")), true},
      {"affinity to a node's name", node_affinity(2, requirement("metadata.name", "In")), true},
      {"any but a node", node_affinity(1, requirement("kubernetes.io/hostname", "NotIn")), false},
      {"affinity to a zone", node_affinity(1, requirement("topology.kubernetes.io/zone", "In")),
       false},
      {"beside pods", pod_affinity(2, 1, "kubernetes.io/hostname"), true},
      {"in the zone of pods", pod_affinity(2, 1, "topology.kubernetes.io/zone"), false},
      {"rather beside pods", pod_affinity(2, 2, "kubernetes.io/hostname"), false},
      {"away from pods", pod_affinity(3, 1, "kubernetes.io/hostname"), false},
  }));
  INFO(row.what);
  const auto pod =
      decode_pod(Proto{}.with(1, Proto{}.text(1, "p").text(3, "ns")).with(2, row.spec).str());
  REQUIRE(pod);
  CHECK(pod->tied_to_node == row.tied);
}

TEST_CASE("On the host's network an address says nothing") {
  const auto pod = decode_pod(pod_with_status(Proto{}.text(6, "10.0.0.1"), true).str());
  REQUIRE(pod);
  CHECK_FALSE(pod->volumes_mounted());
}

TEST_CASE("The order of fields does not matter") {
  const auto late_name =
      Proto{}
          .with(2, Proto{}.with(1, Proto{}.with(2, Proto{}.with(29, Proto{})).text(1, "scratch")))
          .with(1, Proto{}.text(1, "p").text(3, "ns"));
  const auto pod = decode_pod(late_name.str());
  REQUIRE(pod);
  REQUIRE(pod->volumes.size() == 1);
  CHECK(pod->volumes[0].claim == "p-scratch");
}

TEST_CASE("Most pods are seen at a glance not to be kept") {
  const auto with_volume = [](std::uint32_t source) {
    return Proto{}
        .with(1, Proto{}.text(1, "p").text(3, "ns").entry(12, "example.com/other", "x"))
        .with(2, Proto{}
                     .with(1, Proto{}.text(1, "config").with(2, Proto{}.with(19, Proto{})))
                     .with(1, Proto{}.text(1, "data").with(2, Proto{}.with(source, Proto{}))))
        .str();
  };
  SECTION("with a disk: a claim, a FlexVolume, an in-tree plug-in, one made for it") {
    CHECK(pod_may_be_kept(with_volume(GENERATE(10U, 12U, 3U, 29U))));
  }
  SECTION("without: a host path, an empty directory, a secret, a CSI driver's scratch space") {
    CHECK_FALSE(pod_may_be_kept(with_volume(GENERATE(1U, 2U, 6U, 28U))));
  }
  SECTION("with an annotation of ours") {
    const auto key = GENERATE(kConflictAnnotation, kConflictDetailAnnotation);
    CHECK(pod_may_be_kept(Proto{}.with(1, Proto{}.text(1, "p").entry(12, key, "x")).str()));
  }
  SECTION("damaged") { CHECK(pod_may_be_kept(Proto{}.number(2, 7).str())); }
}

TEST_CASE("A forged configuration hash cannot stand for another pod") {
  const auto forged =
      GENERATE(as<std::string>{}, "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af",
               "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef0", "x");
  const auto pod = decode_pod(
      Proto{}.with(1, Proto{}.text(1, "p").entry(12, "kubernetes.io/config.hash", forged)).str());
  REQUIRE(pod);
  CHECK(pod->config_hash.empty());
}

TEST_CASE("Damaged pods are errors, never crashes") {
  const auto whole = bso::test::full_pod().str();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto cut = decode_pod(std::string_view{whole}.substr(0, length));
    if (!cut) {
      CHECK(cut.error().kind == ErrorKind::protocol);
    } else {
      CHECK(cut->name == "web-0");  // cut between two top-level fields
    }
  }
  std::uint32_t state = 12345;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (int change = 0; change < 3; ++change) {
      state = state * 1'664'525U + 1'013'904'223U;
      bytes[(state >> 8U) % bytes.size()] = static_cast<char>(state & 0xFFU);
    }
    (void)decode_pod(bytes);
  }
}

TEST_CASE("A field of another type is an error") {
  const auto pod = decode_pod(Proto{}.with(1, Proto{}.number(1, 7)).str());
  REQUIRE_FALSE(pod);
  CHECK(pod.error().message.find("Pod") != std::string::npos);
}

TEST_CASE("Absurd times are no times") {
  const auto seconds = GENERATE(as<std::int64_t>{}, -1, 253'402'300'800, INT64_MAX, INT64_MIN);
  const auto pod =
      decode_pod(Proto{}.with(1, Proto{}.text(1, "p").with(8, time_of(seconds))).str());
  REQUIRE(pod);
  CHECK(pod->created == WallTime{});
}
