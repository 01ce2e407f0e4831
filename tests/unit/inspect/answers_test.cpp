// SPDX-License-Identifier: Apache-2.0
#include "inspect/answers.h"

#include <catch2/catch.hpp>

#include "inspect/answer_text.h"
#include "inspect/gaps.h"
#include "unit/inspect/scene.h"

using namespace bso;
using namespace bso::inspect;
using namespace bso::test;
using Catch::Matchers::Contains;

namespace {

/// web-0 runs and web-1 waits beside it.
std::vector<json> two_on_a_node(const std::string& driver = "ibm/ibmc-block") {
  return {pod_json("web-0", "a", true), pod_json("web-1", "a", false), claim_json(),
          volume_json(driver), node_json("a")};
}

const Scope kWeb1{"shop", "web-1", "the dump"};

std::string reason_of(const std::vector<json>& objects) {
  Snapshot snapshot({"shop", "web-1"});
  take(snapshot, objects);
  const auto answers = answer_asked(snapshot, snapshot.newest());
  REQUIRE(answers.pods.size() == 1);
  CHECK_FALSE(answers.conflict());
  CHECK_THAT(answers_text(answers, kWeb1, false), Contains("not blocked"));
  return answers.pods.front().reason;
}

}  // namespace

TEST_CASE("A pod whose volume is held is told with sentence, evidence and commands", "[answers]") {
  Snapshot snapshot({"shop", "web-1"});
  take(snapshot, two_on_a_node());
  CHECK(to_rfc3339(snapshot.newest()) == "2026-05-04T03:10:00Z");
  const auto answers = answer_asked(snapshot, snapshot.newest());
  REQUIRE(answers.conflict());
  const auto text = answers_text(answers, kWeb1, false);
  CHECK_THAT(text, Contains("shop/web-1  Deadlock  SharedByOtherWorkload (Inferred)\n"));
  CHECK_THAT(text, Contains("  Volume \"v\" (PVC shop/data) is in use by pod web-0"));
  CHECK_THAT(text, Contains("  Evidence:\n    - driver ibm/ibmc-block: SinglePod"));
  CHECK_THAT(text, Contains("  Commands:\n    kubectl -n shop delete pod web-0\n"));
  CHECK(text.find('\033') == std::string::npos);
  CHECK_THAT(answers_text(answers, kWeb1, true), Contains("\033[1;31mDeadlock\033[0m"));

  const auto document = answers_json(answers);
  CHECK(document.at("v") == 1);
  CHECK(document.at("now") == "2026-05-04T03:10:00Z");
  const auto& pod = document.at("pods").at(0);
  CHECK(pod.at("blocked") == true);
  CHECK(pod.at("detail").at("cause") == "SharedByOtherWorkload");
  CHECK(pod.at("sentence").get<std::string>().starts_with("Volume \"v\""));
}

TEST_CASE("What a driver allows is asked of classes, CSIDrivers, bundles and rules", "[answers]") {
  const auto verdict_with = [](const std::vector<json>& more) {
    Snapshot snapshot({"shop", "web-1"});
    auto objects = two_on_a_node("nobody.example");
    objects.insert(objects.end(), more.begin(), more.end());
    take(snapshot, objects);
    return answer_asked(snapshot, snapshot.newest()).pods.front().verdict;
  };
  // By default a driver nobody knows lets the pods of a node share.
  CHECK_FALSE(verdict_with({}));
  const json rules{
      {"apiVersion", "v1"},
      {"kind", "ConfigMap"},
      {"metadata", {{"name", "block-storage-operator-driver-rules"}, {"namespace", "operator"}}},
      {"data", {{"rules.yaml", "drivers:\n  nobody.example: single-pod\n"}}}};
  const auto ruled = verdict_with({rules});
  REQUIRE(ruled);
  CHECK(ruled->semantics.granularity == diagnosis::Granularity::single_pod);

  Snapshot snapshot({"shop", "web-1"});
  snapshot.take_bundle("nobody.example", "single-pod");
  take(snapshot, two_on_a_node("nobody.example"));
  CHECK(answer_asked(snapshot, snapshot.newest()).conflict());

  auto broken = rules;
  broken["data"]["rules.yaml"] = "drivers:\n  nobody.example: sometimes\n";
  const auto refused = Snapshot().take(broken);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message,
             Contains("block-storage-operator-driver-rules") && Contains("nobody.example"));
  // A ConfigMap of another name is anybody's.
  broken["metadata"]["name"] = "settings";
  CHECK(Snapshot().take(broken));
}

TEST_CASE("A scope has who is blocked, the worst first, and how many were looked at", "[answers]") {
  Snapshot snapshot;
  auto objects = two_on_a_node();
  auto going = pod_json("old-0", "b", true, "shop", "other");
  going["metadata"]["deletionTimestamp"] = "2026-05-04T03:30:00Z";
  objects.insert(objects.end(), {going, pod_json("new-0", "a", false, "shop", "other"),
                                 claim_json("pv-2", "shop", "other"),
                                 volume_json("d.example", "pv-2", "shop", "other"),
                                 pod_json("plain", "a", true, "other-ns", ""), node_json("b")});
  take(snapshot, objects);
  const auto answers = answer_scope(snapshot, "", snapshot.newest());
  REQUIRE(answers.pods.size() == 2);
  CHECK(answers.pods[0].pod == "web-1");  // will not heal
  CHECK(answers.pods[1].pod == "new-0");  // will
  CHECK_THAT(answers_text(answers, Scope(), false),
             Contains("\n2 of 5 pods in the cluster wait for a volume that is held.\n"));
  const auto other = answer_scope(snapshot, "other-ns", snapshot.newest());
  CHECK_FALSE(other.conflict());
  CHECK(answers_text(other, {"other-ns", "", "the dump"}, false) ==
        "Of 1 pod in namespace other-ns none waits for a volume that another one has.\n");
}

TEST_CASE("A pod that no volume keeps is told why it does not run", "[answers]") {
  auto objects = two_on_a_node("d.example");  // one node may share it
  CHECK_THAT(reason_of(objects), Contains("nobody is known to hold them; there is no event"));
  objects.push_back(event_json("web-1", "FailedMount", "MountVolume.SetUp failed: secret \"x\""));
  CHECK_THAT(reason_of(objects), Contains("about it, FailedMount: MountVolume.SetUp failed"));

  auto& pod = objects[1];
  pod["status"]["phase"] = "Running";
  pod["status"]["conditions"][0]["status"] = "True";
  CHECK(reason_of(objects) == "It runs.");
  pod["status"]["conditions"][0]["status"] = "False";
  CHECK_THAT(reason_of(objects), Contains("It runs, but is not ready."));
  pod["status"]["phase"] = "Failed";
  pod["status"]["reason"] = "Evicted";
  CHECK_THAT(reason_of(objects), Contains("It has ended, Failed, Evicted"));

  pod = pod_json("web-1", "a", false);
  pod["metadata"]["deletionTimestamp"] = "2026-05-04T03:30:00Z";
  CHECK_THAT(reason_of(objects), Contains("its grace period ends at 2026-05-04T03:30:00Z"));

  pod = pod_json("web-1", "", false);
  pod["status"]["conditions"].push_back({{"type", "PodScheduled"},
                                         {"status", "False"},
                                         {"reason", "Unschedulable"},
                                         {"message", "0/3 nodes are available"}});
  CHECK(reason_of(objects) == "It waits for the scheduler: 0/3 nodes are available");

  pod = pod_json("web-1", "a", false);
  pod["status"]["containerStatuses"].push_back(
      {{"name", "c"},
       {"image", "r.example/x:1"},
       {"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "no such\nimage"}}}}}});
  CHECK(reason_of(objects) ==
        "Its volumes are mounted. The image r.example/x:1 of container c cannot be had, "
        "ImagePullBackOff: no such?image");

  pod = pod_json("web-1", "a", false);
  pod["status"]["podIP"] = "10.0.0.1";
  objects.push_back(event_json("web-1", "Pulling", "Pulling image \"x\""));
  CHECK_THAT(reason_of(objects), Contains("its image is pulled: Pulling image"));
}

TEST_CASE("A claim that is not there, or not bound, is told", "[answers]") {
  auto objects = two_on_a_node();
  objects[2]["status"]["phase"] = "Pending";
  objects[2]["spec"].erase("volumeName");
  CHECK_THAT(reason_of(objects), Contains("its claim data, which is not bound to a volume"));
  objects[2] = claim_json("pv-9", "shop", "another");
  CHECK_THAT(reason_of(objects), Contains("its claim data, which does not exist"));
}

TEST_CASE("It is never too early for the words of the kubelet, but for silence", "[answers]") {
  auto objects = two_on_a_node("d.example");
  objects[4] = node_json("a", "2026-05-04T03:00:09Z");
  CHECK_THAT(reason_of(objects), Contains("placed on its node 9 s before 2026-05-04T03:00:09Z"));
}

TEST_CASE("What is missing is told with what it costs", "[answers]") {
  Snapshot snapshot({"shop", "web-1"});
  auto objects = two_on_a_node();
  objects[2]["metadata"]["annotations"] = {
      {"volume.beta.kubernetes.io/storage-provisioner", "ibm.io/ibmc-block"}};
  objects.erase(objects.begin() + 3, objects.end());  // no volume, no node
  take(snapshot, objects);
  CHECK(snapshot.stand_ins() == 1);
  const auto missing = gaps(snapshot);
  REQUIRE(missing.size() == 3);
  CHECK_THAT(missing[0], Contains("There is no PersistentVolume: drivers are taken from"));
  CHECK_THAT(missing[1], Contains("There is no Node"));
  CHECK_THAT(missing[2], Contains("There is no Event"));
  // The claim tells enough of the driver.
  CHECK(answer_asked(snapshot, from_rfc3339("2026-05-04T03:10:00Z").value()).conflict());

  Snapshot whole;
  auto all = two_on_a_node();
  all.push_back(event_json("web-1", "FailedMount", "words"));
  take(whole, all);
  CHECK(gaps(whole).empty());
}

TEST_CASE("What a part of a cluster cannot prove is doubted", "[answers]") {
  Snapshot snapshot;
  auto objects = two_on_a_node();
  objects.erase(objects.begin());
  objects.push_back(
      event_json("web-1", "FailedMount",
                 "MountVolume.SetUp failed for volume \"pv-1\" : mount command failed, status: "
                 "Failure, reason: "
                 "RWO check has failed. DevicePath /k/mounts/pv-1 is already mounted on mountpath "
                 "/k/pods/0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/ibm~ibmc-block/pv-1"));
  take(snapshot, objects);
  const auto orphaned = answer_scope(snapshot, "", snapshot.newest());
  REQUIRE(orphaned.conflict());
  const auto found = doubts(snapshot, orphaned);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0], Contains("If these are not all pods of the cluster"));

  Snapshot known;
  take(known, two_on_a_node());
  CHECK(doubts(known, answer_scope(known, "", known.newest())).empty());

  // Another node is here, that of the holder is not.
  Snapshot elsewhere;
  objects = two_on_a_node("d.example");
  objects[0]["spec"]["nodeName"] = "b";
  take(elsewhere, objects);
  const auto lost = doubts(elsewhere, answer_scope(elsewhere, "", elsewhere.newest()));
  REQUIRE(lost.size() == 1);
  CHECK_THAT(lost[0], Contains("Node b is not here and counts as gone"));
}

TEST_CASE("Pods of other namespaces matter only for who has no known holder", "[answers]") {
  Snapshot known;
  take(known, two_on_a_node());
  CHECK_FALSE(others_may_matter(known, "shop", known.newest()));
  Snapshot unknown;
  auto objects = two_on_a_node();
  objects.erase(objects.begin());
  take(unknown, objects);
  CHECK(others_may_matter(unknown, "shop", unknown.newest()));
  CHECK_FALSE(others_may_matter(unknown, "other", unknown.newest()));
}

TEST_CASE("A snapshot passes over what it has no use for, and names what is wrong", "[answers]") {
  Snapshot snapshot({"", "web-0"});
  CHECK(snapshot.take(object_json("ConfigMap", "shop", "c")));
  auto foreign = object_json("Node", "", "x");
  foreign["apiVersion"] = "management.cattle.io/v3";
  CHECK(snapshot.take(foreign));
  CHECK(snapshot.count("Node") == 0);
  CHECK(snapshot.take(json::object()).error().message ==
        "it is no object of Kubernetes: it has no kind");
  auto wrong = pod_json("web-0", "a", true);
  wrong["spec"]["nodeName"] = 7;
  CHECK(snapshot.take(wrong).error().message == "Pod shop/web-0: spec.nodeName is no text");
  CHECK(snapshot.asked().empty());
  // The same name in two namespaces: both are answered.
  CHECK(snapshot.take(pod_json("web-0", "a", true, "z")));
  CHECK(snapshot.take(pod_json("web-0", "a", true, "b")));
  CHECK(snapshot.take(pod_json("web-0", "a", true, "b")));
  CHECK(snapshot.pods_in("") == 2);
  const auto answers = answer_asked(snapshot, snapshot.newest());
  REQUIRE(answers.pods.size() == 2);
  CHECK(answers.pods[0].ns == "b");
}

TEST_CASE("The present of a dump is the newest time at which something happened", "[answers]") {
  auto pod = pod_json("web-0", "a", true);
  pod["metadata"]["deletionTimestamp"] = "2099-01-01T00:00:00Z";
  pod["metadata"]["annotations"] = {{"startTime", "2098-01-01T00:00:00Z"}};
  CHECK(to_rfc3339(newest_time_in(pod)) == "2026-05-04T03:00:09Z");
  pod["status"]["startTime"] = "no time";
  CHECK(to_rfc3339(newest_time_in(pod)) == "2026-05-04T03:00:09Z");
}
