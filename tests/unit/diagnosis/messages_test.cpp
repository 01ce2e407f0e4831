// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/messages.h"

#include <catch2/catch.hpp>

#include "unit/diagnosis/seed.h"

using namespace bso::diagnosis;

namespace {

constexpr const char* kSeedUid = "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af";

}  // namespace

TEST_CASE("The seed's message, under both kubelet directories") {
  const auto root = GENERATE(as<std::string>{}, "/var/data/kubelet", "/var/lib/kubelet");
  const auto parsed = parse_message(bso::test::seed_message(root));
  CHECK(parsed.conflict == Conflict::refused_for_pod);
  CHECK(parsed.volume == "pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07");
  REQUIRE(parsed.paths.size() == 1);
  CHECK(parsed.paths[0] == PodPath{kSeedUid, "pvc-d7bef1c3-ab72-11e9-a62d-8a0381bb8d07"});
}

TEST_CASE("Messages and what they say") {
  struct Row {
    const char* message;
    Conflict conflict;
    const char* volume;
  };
  const auto row = GENERATE(values<Row>({
      {"Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) a, b",
       Conflict::used_by_pods, "pvc-1"},
      {"Multi-Attach error for volume \"pvc-1\" Volume is already used by 2 pod(s) in different "
       "namespaces",
       Conflict::used_by_pods, "pvc-1"},
      {"Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node "
       "and can't be attached to another",
       Conflict::attached_elsewhere, "pvc-1"},
      {"Waiting for detach for volume \"pvc-1\" Volume is already exclusively attached to one "
       "node, "
       "waiting on detach before it can be attached to another node",
       Conflict::attached_elsewhere, "pvc-1"},
      {"Waiting for detach for volume \"pvc-1\" Volume is already used by pod(s) a",
       Conflict::used_by_pods, "pvc-1"},
      {"AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = FailedPrecondition "
       "desc "
       "= The volume x cannot be attached to the node n-1 since it is already attached to the node "
       "n-2",
       Conflict::in_use, "pvc-1"},
      {"AttachVolume.Attach failed for volume \"pvc-1\" : googleapi: Error 400: The disk resource "
       "'projects/p/zones/z/disks/d' is already being used by 'projects/p/zones/z/instances/n-2'",
       Conflict::in_use, "pvc-1"},
      {"MountVolume.SetUp failed for volume \"pvc-1\" : volume uses the ReadWriteOncePod access "
       "mode "
       "and is already in use by another pod",
       Conflict::read_write_once_pod, "pvc-1"},
      {"MapVolume.SetUpDevice failed for volume \"pvc-1\" : rbd image p/i is still being used",
       Conflict::in_use, "pvc-1"},
      {"MountVolume.SetUp failed for volume \"pvc-1\" : mount command failed, status: Failure, "
       "reason: Error: PV pvc-1 is already attached to another node 10.0.0.7",
       Conflict::in_use, "pvc-1"},
      {"(combined from similar events): MountVolume.SetUp failed for volume \"pvc-1\" : rpc error: "
       "code = Internal desc = verifyMount: device already mounted at "
       "[/var/lib/kubelet/pods/0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/kubernetes.io~csi/"
       "pvc-1/"
       "mount]",
       Conflict::refused_for_pod, "pvc-1"},
      {"MountVolume.SetUp failed for volume \"a\\\"b\" : rwo check has failed",
       Conflict::refused_for_pod, "a\"b"},
      // A second formatting in Kubernetes 1.20 mangles every '%'.
      {"MountVolume.SetUp failed for volume \"pvc-1\" : disk 100%!!(MISSING)f(MISSING)ull, is "
       "already "
       "mounted",
       Conflict::in_use, "pvc-1"},
      // Cut off anywhere.
      {"Multi-Attach error for volume \"pvc-1", Conflict::none, "pvc-1"},
      {"Multi-Attach error for volume ", Conflict::none, ""},
      {"MountVolume.SetUp failed for volume \"pvc-1\" : RWO check has failed. DevicePath /v",
       Conflict::refused_for_pod, "pvc-1"},
      {"(combined from similar events): ", Conflict::none, ""},
      {"", Conflict::none, ""},
  }));
  INFO(row.message);
  const auto parsed = parse_message(row.message);
  CHECK(parsed.conflict == row.conflict);
  CHECK(parsed.volume == row.volume);
}

TEST_CASE("Look-alikes are no conflicts") {
  const auto message = GENERATE(
      as<std::string>{},
      "MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found",
      "MountVolume.SetUp failed for volume \"cfg\" : configmap \"web\" not found",
      "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data cfg]: "
      "timed out waiting for the condition",
      "Unable to mount volumes for pod \"a_shop(0e39f8c6-ab9b-11e9-bc03-7eb7daa184af)\": timeout "
      "expired waiting for volumes to attach or mount for pod \"shop\"/\"a\". list of unmounted "
      "volumes=[data]. list of unattached volumes=[data cfg]",
      "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Aborted desc = An "
      "operation "
      "with the given Volume ID vol-1 already exists",
      "AttachVolume.Attach failed for volume \"pvc-1\" : attachdetachment timeout for volume vol-1",
      "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = ResourceExhausted desc "
      "= "
      "Attachment limit exceeded for volume \"vol-1\" on node \"i-1\"",
      "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = DeadlineExceeded "
      "desc = "
      "context deadline exceeded",
      "MountVolume.SetUp failed for volume \"pvc-1\" : mount failed: exit status 32 Mounting "
      "command: "
      "mount Mounting arguments: -t ext4 /dev/sdb "
      "/var/lib/kubelet/pods/0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/kubernetes.io~csi/pvc-1/"
      "mount Output: wrong fs type, bad option",
      "MountVolume.NodeAffinity check failed for volume \"pvc-1\" : no matching NodeSelectorTerms",
      "MountVolume.SetUp failed for volume \"pvc-1\" : options ro and rw are mutually exclusive",
      "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to set up sandbox: "
      "network "
      "plugin cni failed: address is already in use",
      "Error creating: pods \"x\" is forbidden: exceeded quota: storage, volume is already "
      "attached");
  INFO(message);
  CHECK(parse_message(message).conflict == Conflict::none);
}

TEST_CASE("Names of holding pods") {
  const auto both = parse_message(
      "Multi-Attach error for volume \"p\" Volume is already used by pod(s) a-1, b-2 and 3 pod(s) "
      "in "
      "different namespaces");
  CHECK(both.pods == std::vector<std::string>{"a-1", "b-2"});
  CHECK(both.pods_elsewhere);
  const auto elsewhere = parse_message(
      "Multi-Attach error for volume \"p\" Volume is already used by 1 pod(s) in different "
      "namespaces");
  CHECK(elsewhere.pods.empty());
  CHECK(elsewhere.pods_elsewhere);
}

TEST_CASE("Directories of pods in a driver's words") {
  const std::string prefix = "MountVolume.SetUp failed for volume \"v\" : is already mounted ";
  const auto paths = [&prefix](const std::string& text) {
    return parse_message(prefix + text).paths;
  };
  const std::string uid = kSeedUid;

  CHECK(paths("/k/pods/" + uid + "/volumes/a~b/v") == std::vector{PodPath{uid, "v"}});
  CHECK(paths("/k/pods/" + uid + "/volumeDevices/a~b/v") == std::vector{PodPath{uid, "v"}});
  CHECK(paths("s:\\\"/k/pods/" + uid + "/volumes/a~b/v\\\"}") == std::vector{PodPath{uid, "v"}});
  CHECK(paths("[/k/pods/" + uid + "/volumes/a~b/v/mount /k/pods/" + uid +
              "/volumes/a~b/v/mount]") == std::vector{PodPath{uid, "v"}});
  CHECK(paths("/k/pods/0123456789abcdef0123456789abcdef/volumes/a~b/v").size() == 1);
  // Forged or cut: no UID, no path.
  CHECK(paths("/k/pods/../../etc/volumes/a~b/v").empty());
  CHECK(paths("/k/pods/" + uid + "x/volumes/a~b/v").empty());
  CHECK(paths("/k/pods/" + uid.substr(1) + "/volumes/a~b/v").empty());
  CHECK(paths("/k/pods/ZZ39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/a~b/v").empty());
  CHECK(paths("/k/pods/" + uid + "/etc-hosts").empty());
  CHECK(paths("/k/pods/" + uid + "/volumes/a~b").empty());
  CHECK(paths("/k/pods/" + uid).empty());
}

TEST_CASE("Any bytes are read to their end") {
  std::string worst = "MountVolume.SetUp failed for volume \"v\" : is already mounted ";
  while (worst.size() < 16 * 1024) worst += "/pods//pods/is already is already mounte";
  worst[200] = '\0';
  worst[201] = '\xff';
  CHECK(parse_message(worst).paths.empty());
  CHECK(name_tokens(worst).size() <= 256);
  const auto seed = bso::test::seed_message();
  for (std::size_t length = 0; length < seed.size(); ++length) {
    (void)parse_message(std::string_view{seed}.substr(0, length));
  }
}

TEST_CASE("Words that could be nodes") {
  CHECK(name_tokens("attached to node(node-b.example.com), not 10.0.0.7.") ==
        std::vector<std::string_view>{"attached", "to", "node", "node-b.example.com", "not",
                                      "10.0.0.7"});
  CHECK(name_tokens("projects/p/instances/gke-1-t0lq'") ==
        std::vector<std::string_view>{"projects", "p", "instances", "gke-1-t0lq"});
  CHECK(name_tokens("").empty());
}

TEST_CASE("A message that was cut anywhere names the beginning of its volume") {
  const std::string message =
      "MountVolume.SetUp failed for volume \"a\\\"b\\\\c\" : is already mounted";
  const std::string volume = "a\"b\\c";
  REQUIRE(parse_message(message).volume == volume);
  for (std::size_t size = 0; size <= message.size(); ++size) {
    const auto cut = parse_message(message.substr(0, size)).volume;
    INFO(message.substr(0, size) << " names " << cut);
    CHECK(volume.starts_with(cut));
  }
}
