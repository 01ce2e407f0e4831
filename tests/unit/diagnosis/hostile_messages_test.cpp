// SPDX-License-Identifier: Apache-2.0
// Messages that were made to mislead, or to keep the reader busy.
#include <cstdio>

#include <catch2/catch.hpp>

#include "diagnosis/messages.h"

using namespace bso::diagnosis;

namespace {

const std::string kHolderUid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";
const std::string kOtherUid = "496dc423-1111-4222-8333-0123456789ab";

ParsedMessage setup_failed(const std::string& words) {
  return parse_message("MountVolume.SetUp failed for volume \"pvc-1\" : " + words);
}

ParsedMessage attach_failed(const std::string& words) {
  return parse_message("AttachVolume.Attach failed for volume \"pvc-1\" : " + words);
}

std::string pod_directory(const std::string& uid, const std::string& volume = "pvc-1") {
  return "/var/lib/kubelet/pods/" + uid + "/volumes/ibm~ibmc-block/" + volume;
}

}  // namespace

TEST_CASE("A directory names a holder only where the words say so", "[messages]") {
  CHECK(setup_failed("is already mounted on " + pod_directory(kHolderUid)).holder_uid ==
        kHolderUid);
  CHECK(setup_failed("already mounted on mountpath \\\"" + pod_directory(kHolderUid) + "\\\"")
            .holder_uid == kHolderUid);
  CHECK(setup_failed("already mounted at [" + pod_directory(kHolderUid) + " " +
                     pod_directory(kOtherUid) + "]")
            .holder_uid == kHolderUid);
  CHECK(setup_failed("cannot mount at " + pod_directory(kOtherUid) + ": already mounted on " +
                     pod_directory(kHolderUid))
            .holder_uid == kHolderUid);
  CHECK(setup_failed("already mounted on C:\\var\\lib\\kubelet\\pods\\" + kHolderUid +
                     "\\volumes\\kubernetes.io~csi\\pvc-1\\mount")
            .holder_uid == kHolderUid);
  for (const auto& words : std::vector<std::string>{
           // The waiting pod's own.
           "is already mounted or " + pod_directory(kHolderUid) + " busy",
           "device is already mounted, cannot mount it on " + pod_directory(kHolderUid),
           "already mounted. Mounting arguments: -t ext4 /dev/sdb " + pod_directory(kHolderUid),
           "already mounted at target path " + pod_directory(kHolderUid),
           pod_directory(kHolderUid) + ": already mounted",
           // Of another volume, or of a form that the kubelet does not write.
           "is already mounted on " + pod_directory(kHolderUid, "pvc-2"),
           "is already mounted on " + pod_directory(kHolderUid, "pvc-1x"),
           "is already mounted on " + pod_directory(kHolderUid + "0"),
           "is already mounted on " + pod_directory("0E39F8C6-AB9B-11E9-BC03-7EB7DAA184AF"),
           "is already mounted on " + pod_directory("../" + kHolderUid),
           "is already mounted on /var/lib/kubelet/pods/" + kHolderUid + "/../" + kOtherUid +
               "/volumes/a~b/pvc-1",
           "is already mounted on /var/lib/kubelet/pods/" + kHolderUid + "/volumes/a~b/../pvc-1",
           "is already mounted on /mnt" + pod_directory(kHolderUid, "x") + pod_directory(kOtherUid),
           "is already mounted on pods/" + kHolderUid + "/volumes/a~b/pvc-1",
           "is already mounted on " + kHolderUid}) {
    INFO(words);
    CHECK(setup_failed(words).holder_uid.empty());
  }
}

TEST_CASE("A node is a holder only where the sentence makes it one", "[messages]") {
  CHECK(attach_failed("already attached to node n-2").holder_node == "n-2");
  CHECK(attach_failed("already attached to node \"worker\"").holder_node == "worker");
  CHECK(attach_failed("already attached to node 'worker'").holder_node == "worker");
  CHECK(attach_failed("already attached to node(s) n-2").holder_node == "n-2");
  CHECK(attach_failed("disk is attached to a different instance: i-2, not to i-1").holder_node ==
        "i-2");
  for (const std::string words :
       {"volume is already attached to another node", "already attached to an instance status code",
        "already attached to node worker", "already attached to nodes n-2, n-3",
        "already attached to nodes [n-2, n-3]", "is already attached to the node. n-2 is fine",
        "already attached to node n-2 and still attached to node n-3",
        "cannot be attached to node n-2, it is in use elsewhere and exclusively attached",
        "volume is not attached to node n-2", "must be attached to node n-2",
        "already attached to 2 nodes", "already attached to node(s) n-2, n-3",
        "already attached to nodes n-2 and n-3", "attached to another node: please detach it",
        "attached to a different node (please detach it)", "attached to another node: nil",
        "already attached to instance 'None'", "already attached to node /dev/xvda-1",
        "already attached to node n-..."}) {
    INFO(words);
    CHECK(attach_failed(words).holder_node.empty());
  }
  // Who is attached where it should be is in nobody's way.
  const auto same =
      attach_failed("cannot attach volume to node n-1: volume already attached to node n-1");
  CHECK(same.holder_node.empty());
  CHECK_FALSE(same.is_conflict.has_value());
}

TEST_CASE("Pods' names are names", "[messages]") {
  const auto parsed = parse_message(
      "Multi-Attach error for volume \"p\" Volume is already used by pod(s) a-1, <script>, B, "
      "b-2\x1b[31m");
  CHECK(parsed.pods == std::vector<std::string>{"a-1"});
}

TEST_CASE("What is no node's name is not taken for the node", "[messages]") {
  const auto parsed = parse_message(
      "mMulti-Attach error for volume \"pvc-1\" (UniqueName: \"kubernetes.io/csi/d^/disks/d\") "
      "from "
      "node \"  Warning  FailedMount  node-b\" Volume is already used by pods shop/web-0 on node "
      "node-a");
  CHECK(parsed.wanted_node.empty());
}

TEST_CASE("Long messages of any kind are read to their end", "[messages]") {
  // Were the time to grow with the square of the size, the test's time would be up.
  constexpr std::size_t kSize = 1U << 18U;
  const auto repeat = [](std::string_view part) {
    std::string text = "MountVolume.SetUp failed for volume \"pvc-1\" : ";
    while (text.size() < kSize) text += part;
    return text;
  };
  using std::string_view_literals::operator""sv;
  for (const auto part :
       {"a"sv,
        "(((((((((("sv,
        "\\"sv,
        "\\\""sv,
        "%!"sv,
        "%!!(MISSING)"sv,
        "\0"sv,
        "\xff\xc0"sv,
        "/pods/"sv,
        "already attached to the the the the another "sv,
        "already "sv,
        "is already mounted on /pods/0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/a~b/c "sv,
        "attach attach to to "sv,
        "[[[{{{\"'"sv,
        "in use "sv,
        "volumes=[]: "sv,
        "\n"sv,
        ". "sv,
        "(combined from similar events): "sv,
        "available available "sv,
        "operation operation "sv,
        "to be attached to be attached"sv}) {
    const auto text = repeat(part);
    static_cast<void>(parse_message(text));
    static_cast<void>(parse_message(std::string{"(combined from similar events): \""} + text));
    static_cast<void>(parse_message(std::string_view{text}.substr(text.find(" : ") + 3)));
  }
}
