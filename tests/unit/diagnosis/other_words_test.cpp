// SPDX-License-Identifier: Apache-2.0
// Sentences that no driver is known to say, built as drivers build theirs: what the reader's
// grammar makes of words that are in no table.
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "diagnosis/messages.h"

using namespace bso::diagnosis;

namespace {

const std::string kAttach = "AttachVolume.Attach failed for volume \"pvc-1\" : ";
const std::string kMount = "MountVolume.SetUp failed for volume \"pvc-1\" : ";

ParsedMessage attaching(const std::string& words) {
  return parse_message(kAttach + words, "FailedAttachVolume");
}
ParsedMessage mounting(const std::string& words) {
  return parse_message(kMount + words, "FailedMount");
}

struct Sentence {
  const char* words;
  const char* holder = "";
};

}  // namespace

TEST_CASE("Somebody else has the volume, in words for an attaching controller", "[messages]") {
  const auto one = GENERATE(values<Sentence>({
      {"volume is already bound to a different host group"},
      {"volume pvc-1 is exposed to node n-3 already, refusing to expose it to n-1", "n-3"},
      {"Volume 55 has status \"in_use\" with server 12345, expected available", "12345"},
      {"disk exclusively in use by VM prod-worker-3", "prod-worker-3"},
      {"LUN 3 is already masked to another initiator group"},
      {"can't attach, another node (n-2) has the volume", "n-2"},
      {"another instance already has this disk attached"},
      {"another node is using this volume"},
      {"node n-2 is already using volume v-1", "n-2"},
      {"block volume bound by other host"},
      {"resource in use by node 'n-2'; auto-promote failed", "n-2"},
      {"volume v-1 is busy, used by server 4af3", "4af3"},
      {"volume v-1 is already shared with host nqn.2019-05.io.example:node-name:n-2"},
      {"volume has active attachment on node n-2", "n-2"},
      {"cannot attach: volume has active attachment on node n-2", "n-2"},
      {"volume belongs to another VM"},
      {"ErrorCode: IncorrectDiskStatus. The disk is in In_use status"},
      {"volume already has an attachment"},
      {"volume pvc-1 needs to be detached from node n-2 first", "n-2"},
      {"failed to attach volume: Volume: pvc-1 is attached on: n-2"},
      {"failed to publish: disk pvc-1 is attached to 2 other nodes"},
      {"waiting for volume pvc-1 to be detached from node n-2", "n-2"},
      {"NodeID n-2 currently owns volume v-1", "n-2"},
      {"the volume is already attached in read-write mode to another server"},
      {"volume already exported to n-2 via iSCSI"},
      {"currently exported to initiator iqn.1994-05.com.example:n-2"},
  }));
  const auto parsed = attaching(one.words);
  INFO(one.words);
  CHECK(parsed.is_conflict == true);
  CHECK(parsed.kind == Kind::attached_elsewhere);
  CHECK(parsed.holder_node == one.holder);
}

TEST_CASE("Somebody else has the volume, in words of a node", "[messages]") {
  struct Said {
    const char* words;
    Kind kind;
    const char* holder = "";
  };
  const auto one = GENERATE(values<Said>({
      {"the resource is Primary on node n-2", Kind::attached_elsewhere, "n-2"},
      {"volume is in primary role on node n-2", Kind::attached_elsewhere, "n-2"},
      {"the volume is logged in from another node", Kind::attached_elsewhere},
      {"target has a session from another initiator", Kind::attached_elsewhere},
      {"device /dev/nvme1n1 reserved by host 0xabc", Kind::attached_elsewhere, "0xabc"},
      {"resource in use on node n-2", Kind::attached_elsewhere, "n-2"},
      {"volume is already staged at another path", Kind::single_pod_mount},
      {"volume was already bind-mounted into another container", Kind::single_pod_mount},
      {"there are active pods using this volume", Kind::single_pod_mount},
  }));
  const auto parsed = mounting(one.words);
  INFO(one.words);
  CHECK(parsed.is_conflict == true);
  CHECK(parsed.kind == one.kind);
  CHECK(parsed.holder_node == one.holder);
}

TEST_CASE("Who only guesses, asks or denies names no holder", "[messages]") {
  const std::string words =
      GENERATE(as<std::string>(), "volume is not mounted on another path yet",
               "unless the volume is used by node n-2, nothing is wrong",
               "lock not taken, maybe held by another client n-2",
               "Is another process using the image?", "the disk could be attached to another node");
  INFO(words);
  CHECK(attaching(words).is_conflict != true);
  CHECK(mounting(words).is_conflict != true);
  CHECK(mounting(words).holder_node.empty());
}

TEST_CASE("Another one of what holds no volume is no holder", "[messages]") {
  const std::string words = GENERATE(
      as<std::string>(), "not allowed to attach a disk owned by another project",
      "uid 1000 is used by another user", "failed to look up a key used by another secret",
      "staging path is used by another volume", "mount point is used by another filesystem",
      "host n-1 is connected to another array",
      "the file system was last mounted on another system and needs fsck",

      "cannot connect to another host", "node n-1 already has 26 volumes attached");
  INFO(words);
  CHECK(attaching(words).is_conflict == false);
  CHECK(mounting(words).is_conflict == false);
}

TEST_CASE("A pod that has the volume is named with its namespace", "[messages]") {
  const auto attached =
      mounting("Volume pvc-1 is already attached by pod shop/web-1. Status Running");
  CHECK(attached.kind == Kind::attached_elsewhere);
  CHECK(attached.pods == std::vector<std::string>{"shop/web-1"});
  const auto used = mounting("the claim is already in use by pod shop/web-1");
  CHECK(used.kind == Kind::single_pod_mount);
  CHECK(used.pods == std::vector<std::string>{"shop/web-1"});
}

TEST_CASE("A line of a log that is only information is no conflict", "[messages]") {
  const std::string line =
      GENERATE(as<std::string>(),
               "I0507 08:07:06.447456 1333128 nodeserver.go:322] NodeStageVolume: volume v-1 is "
               "already mounted on /var/lib/kubelet/plugins/kubernetes.io/csi/x/globalmount",
               "level=info msg=\"volume v-1 is already attached to another node, done\"",
               "{\"level\":\"info\",\"msg\":\"volume v-1 is in use by another node\"}");
  CHECK(parse_message(line, "").is_conflict == false);
  // One that quotes a failure is.
  CHECK(parse_message("I0723 07:20:48.477611 1 csi_handler.go:243] \"Error processing\" "
                      "err=\"failed to attach: volume v-1 is in use by another node\"",
                      "")
            .is_conflict == true);
}
