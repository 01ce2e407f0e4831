// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/words.h"

#include <catch2/catch.hpp>

#include "unit/diagnosis/world.h"

using namespace bso;
using namespace bso::diagnosis;
using namespace bso::test;

TEST_CASE("The machine that a driver names, and not the one that wants the disk") {
  struct Row {
    const char* text;
    const char* id;
  };
  const auto row = GENERATE(values<Row>({
      {"The volume v cannot be attached to the node n1 since it is already attached to the node n2",
       "n2"},
      {"volume v failed to attach to node n1 with attachmentID csi-1: the volume is currently "
       "attached to different node n2 ",
       "n2"},
      {"The disk resource 'projects/p/zones/z/disks/d' is already being used by "
       "'projects/p/zones/z/instances/i'",
       "projects/p/zones/z/instances/i"},
      {"disk(/a/disks/d) already attached to node(/a/virtualMachines/vm2), could not be attached "
       "to node(vm1)",
       "/a/virtualMachines/vm2"},
      {"Message=\"Disk '/a/d' cannot be attached as the disk is already owned by VM '/a/vm2'.\"",
       "/a/vm2"},
      {"disk d path /dev/vdb is attached to a different instance (0a1b)", "0a1b"},
      {"disk \"d\" is attached to a different compute: \"0a1b\", should be detached before "
       "proceeding",
       "0a1b"},
      {"volume \"v\" is attached to the wrong droplet (123), detach the volume to fix it", "123"},
      {"volume 7 is already attached to linode 42", "42"},
      {"cannot attach volume to node because it is already attached to a different node ID: 9f",
       "9f"},
      {"volume v already attached to another node fr-par-1/0a1b", "fr-par-1/0a1b"},
      {"Error: PV pvc-1 is already attached to another node 10.1.2.3.", "10.1.2.3"},
      {"The volume already has a non-shareable attachment a1 to instance ocid1.instance.x.",
       "ocid1.instance.x"},
      {"AttachDisk: Disk d-1 is already attached to instance i-9, env DISK_FORCE_DETACHED is false",
       "i-9"},
      {"Volume pvc-1 still mounted on node: n2", "n2"},
      {"VolumeInUse: vol-1 is already attached to an instance", ""},
      {"The volume is already attached to another node.", ""},
      {"already attached to linode ", ""},
      {"", ""},
  }));
  INFO(row.text);
  CHECK(named_machine(row.text).id == row.id);
}

TEST_CASE("A machine is found among the nodes by name or provider ID") {
  World world;
  world.node("n1", cluster::Readiness::ready,
             "azure:///a/virtualMachineScaleSets/s/virtualMachines/0");
  world.node("n2", cluster::Readiness::ready, "aws:///eu-1a/i-0ff");
  world.node("10.1.2.3", cluster::Readiness::ready, "oci://ocid1.instance.x");
  const auto node_of = [&world](const char* id) {
    const auto match = find_machine(world.view, {id, true});
    return match.node == nullptr ? std::string{match.none ? "none" : "unknown"} : match.node->name;
  };
  CHECK(node_of("n2") == "n2");
  CHECK(node_of("N2") == "n2");
  CHECK(node_of("i-0ff") == "n2");
  CHECK(node_of("i-0f") == "none");
  CHECK(node_of("0ff") == "none");
  CHECK(node_of("projects/p/instances/n2") == "n2");
  CHECK(node_of("10.1.2.3") == "10.1.2.3");
  CHECK(node_of("ocid1.instance.x") == "10.1.2.3");
  CHECK(node_of("/a/virtualMachineScaleSets/S/virtualMachines/0") == "n1");
  // Of another scale set: its number is no name.
  CHECK(node_of("/a/virtualMachineScaleSets/t/virtualMachines/0") == "none");
  CHECK(node_of("") == "unknown");
  CHECK_FALSE(find_machine(world.view, {"host-x", false}).none);

  world.node("bare");
  CHECK(node_of("i-9") == "unknown");
  world.node("other", cluster::Readiness::ready, "gce://p/z/n2");
  CHECK(node_of("x/n2") == "unknown");
}

TEST_CASE("Without any node nothing is said of machines") {
  World world;
  const auto match = find_machine(world.view, {"i-9", true});
  CHECK(match.node == nullptr);
  CHECK_FALSE(match.none);
}

TEST_CASE("A conflict of SELinux labels") {
  const auto parsed = parse_selinux_conflict(
      "(combined from similar events): Unable to attach or mount volumes: unmounted volumes=[a]: "
      "conflicting SELinux labels of volume pvc-1: \"a:b\" and \"c:d\"");
  REQUIRE(parsed);
  CHECK(parsed->volume == "pvc-1");
  CHECK(parsed->text == "conflicting SELinux labels of volume pvc-1: \"a:b\" and \"c:d\"");
  CHECK_FALSE(parse_selinux_conflict("SELinux is off"));
  CHECK(parse_selinux_conflict("conflicting SELinux labels of volume ")->volume.empty());
}

TEST_CASE("A driver that is busy") {
  CHECK(says_busy("code = Aborted desc = An operation with the given Volume ID x already exists"));
  CHECK(says_busy("rpc error: code = DeadlineExceeded desc = context deadline exceeded"));
  CHECK(says_busy("attachdetachment timeout for volume vol-1"));
  CHECK_FALSE(says_busy("an operation with the given name"));
  CHECK_FALSE(says_busy("secret \"x\" not found"));
}
