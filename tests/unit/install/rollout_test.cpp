// SPDX-License-Identifier: Apache-2.0
#include "install/rollout.h"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/rollout_state.h"
#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// A plug-in over time: each pass() renders, applies and writes the status as the operator does.
/// The pods are the test's.
class Play {
 public:
  explicit Play(const json& spec = json::object()) { document["spec"].update(spec, true); }

  json pass(std::chrono::seconds later = 0s) {
    now += later;
    const ParsedSpec parsed = parse_spec(document, bundles);
    REQUIRE(parsed.spec);
    const ChosenRendering chosen =
        render_chosen(document, *parsed.bundle, *parsed.spec, pods,
                      [&](const PluginSpec& spec) { return render(*parsed.bundle, spec, {}); });
    rendering = chosen.choice.rendering;
    desired = chosen.desired;
    apply();
    json status = *compute_status({.plugin = document,
                                   .parsed = parsed,
                                   .desired = desired,
                                   .observed = observed,
                                   .rollout = chosen.choice,
                                   .driver_pods = pods,
                                   .operator_version = "0.1.0",
                                   .now = to_rfc3339(now)});
    left = until_stalled(status, *parsed.spec, now);
    written += document["status"] == status ? 0 : 1;
    document["status"] = status;
    return status;
  }

  void change(const json& spec) {
    document["spec"].update(spec, true);
    document["metadata"]["generation"] = document["metadata"]["generation"].get<int>() + 1;
  }

  void nodes(std::int64_t updated, std::int64_t available, std::int64_t wanted = 3) {
    ObservedObject& node = observed_named(observed, "DaemonSet", kNode);
    node.desired = wanted;
    node.updated = updated;
    node.available = node.ready = available;
  }
  void everything_runs() {
    nodes(3, 3);
    ObservedObject& controller = observed_named(observed, "Deployment", kController);
    controller.updated = controller.available = controller.ready = 1;
  }
  /// Installed and complete.
  void install() {
    pass();
    everything_runs();
    pass();
    REQUIRE(brief(document["status"], "Progressing") == "False AsExpected");
  }

  std::string image() const {
    const json& pods_of = *object_named(desired, "DaemonSet", kNode).document;
    return pods_of["spec"]["template"]["spec"]["containers"][0]["image"];
  }
  json strategy() const {
    return (*object_named(desired, "DaemonSet", kNode).document)["spec"]["updateStrategy"];
  }

  json document = plugin();
  std::vector<Bundle> bundles = shipped();
  std::vector<DesiredObject> desired;
  std::vector<ObservedObject> observed;
  std::vector<DriverPod> pods;
  WallTime now = *from_rfc3339(kNow);
  Rendering rendering = Rendering::as_wanted;
  std::optional<std::chrono::seconds> left;
  int written = 0;

 private:
  void apply() {
    for (const DesiredObject& object : desired) {
      const json made = live(object);
      ObservedObject next = observe(object.ref, &made, &object, "ibmc-block");
      const auto before = std::find_if(observed.begin(), observed.end(), [&](const auto& old) {
        return old.ref.same_object(object.ref);
      });
      if (before == observed.end()) {
        next.updated = next.available = next.ready = 0;
        observed.push_back(next);
        continue;
      }
      if (before->applied_hash == next.applied_hash) {
        continue;
      }
      const bool restarts = before->images != next.images || settings_change;
      next.generation = before->generation + 1;
      next.observed_generation = next.generation;
      next.desired = before->desired;
      next.updated = restarts ? 0 : before->updated;
      next.available = before->available;
      next.ready = before->ready;
      *before = next;
    }
  }

 public:
  bool settings_change = false;  ///< what is applied next restarts pods though no image changes
};

std::string words(const json& status, std::string_view type) {
  return condition(status, type)["message"];
}

bool says(const json& status, std::string_view type, std::string_view text) {
  return words(status, type).find(text) != std::string::npos;
}

const json kNewVersion = json::parse(R"({"driver": {"version": "2.6.0"}})");
const json kRollback =
    json::parse(R"({"upgrade": {"onFailure": "Rollback", "progressDeadlineSeconds": 60}})");

}  // namespace

TEST_CASE("a rollout is Progressing until every node is updated and available", "[row-31]") {
  Play play;
  play.install();
  CHECK(play.document["status"]["lastGoodVersion"] == "2.5.26");
  CHECK_FALSE(play.document["status"].contains("rollout"));
  play.change(kNewVersion);
  CHECK(brief(play.pass(), "Progressing") == "True RollingOut");
  CHECK(brief(play.document["status"], "Upgradeable") == "False RollingOut");
  CHECK(play.document["status"]["rollout"]["version"] == "2.6.0");
  play.everything_runs();
  play.nodes(3, 2);
  CHECK(brief(play.pass(1s), "Progressing") == "True RollingOut");
  CHECK(play.document["status"]["lastGoodVersion"] == "2.5.26");
  play.nodes(3, 3);
  const json status = play.pass(1s);
  CHECK(brief(status, "Progressing") == "False AsExpected");
  CHECK(brief(status, "Upgradeable") == "True AsExpected");
  CHECK(status["lastGoodVersion"] == "2.6.0");
  CHECK_FALSE(status.contains("rollout"));
}

TEST_CASE("a changed setting is a rollout too, with the same version", "[row-31]") {
  Play play;
  play.install();
  play.settings_change = true;
  play.change(json::parse(R"({"node": {"podLabels": {"team": "storage"}}})"));
  CHECK(brief(play.pass(), "Progressing") == "True RollingOut");
  // Updated everywhere, but not up again on one node.
  play.everything_runs();
  play.nodes(3, 2);
  CHECK(brief(play.pass(1s), "Progressing") == "True RollingOut");
  play.nodes(3, 3);
  CHECK(brief(play.pass(1s), "Progressing") == "False AsExpected");
}

TEST_CASE("nodes that restart, join or leave do not flip Progressing", "[row-31]") {
  Play play;
  play.install();
  struct Row {
    std::int64_t updated, available, wanted;
  };
  for (const Row& row : std::vector<Row>{
           {3, 2, 3}, {2, 2, 3}, {3, 3, 4}, {4, 3, 4}, {4, 4, 4}, {3, 3, 3}, {3, 1, 3}}) {
    play.nodes(row.updated, row.available, row.wanted);
    const json status = play.pass(1h);
    INFO(row.updated << " " << row.available << " " << row.wanted << "\n" << status.dump(1));
    CHECK(brief(status, "Progressing") == "False AsExpected");
    CHECK(brief(status, "Degraded") == "False AsExpected");
    CHECK(status["phase"] == "Ready");
    CHECK(status["components"][1]["state"] == "Available");
    CHECK_FALSE(play.left);
  }
}

TEST_CASE("a changed rollout budget is no rollout", "[row-27]") {
  Play play;
  play.install();
  play.nodes(3, 2);
  play.change(json::parse(R"({"node": {"updateStrategy": {"maxUnavailable": "2"}}})"));
  // The mark of the template, which servers count.
  ObservedObject& node = observed_named(play.observed, "DaemonSet", kNode);
  node.template_generation = "1";
  play.document["status"]["lastGood"]["nodeMark"] = workload_mark(node);
  (void)play.pass();
  observed_named(play.observed, "DaemonSet", kNode).template_generation = "1";
  CHECK(brief(play.pass(), "Progressing") == "False AsExpected");
  CHECK(play.strategy()["rollingUpdate"]["maxUnavailable"] == 2);
}

TEST_CASE("with OnDelete the nodes wait for a person and nothing is stalled", "[row-27]") {
  json spec = kRollback;
  spec["node"]["updateStrategy"]["type"] = "OnDelete";
  Play play(spec);
  play.install();
  CHECK(play.strategy() == json::parse(R"({"type": "OnDelete"})"));
  play.change(kNewVersion);
  (void)play.pass();
  observed_named(play.observed, "Deployment", kController).updated = 1;
  for (int day = 0; day < 3; ++day) {
    const json status = play.pass(24h);
    CHECK(brief(status, "Progressing") == "True RollingOut");
    CHECK(brief(status, "Degraded") == "False AsExpected");
    CHECK_FALSE(play.left);
  }
  play.nodes(3, 3);
  CHECK(play.pass()["version"] == "2.6.0");
}

TEST_CASE("a rollout without progress is stalled, and held", "[row-D]") {
  Play play(json::parse(R"({"upgrade": {"progressDeadlineSeconds": 600}})"));
  play.install();
  play.change(kNewVersion);
  (void)play.pass();
  CHECK(play.left == 600s);
  play.nodes(1, 2);
  (void)play.pass(599s);  // progress in the last moment
  CHECK(play.left == 600s);
  // A pod that crashes again and again is none, but for the first time that it seemed to run.
  for (int i = 0; i < 29; ++i) {
    play.nodes(1, 2 + i % 2);
    (void)play.pass(20s);
  }
  CHECK(play.left == 60s);
  CHECK(brief(play.document["status"], "Progressing") == "True RollingOut");
  const json stalled = play.pass(60s);
  CHECK(brief(stalled, "Progressing") == "False RolloutStalled");
  CHECK(brief(stalled, "Degraded") == "True ProgressDeadlineExceeded");
  CHECK(says(stalled, "Degraded", "version 2.6.0 has made no progress for 600 seconds"));
  CHECK(says(stalled, "Degraded", "onFailure is Hold"));
  CHECK(stalled["phase"] == "Degraded");
  CHECK_FALSE(play.left);
  CHECK(play.pass(24h) == stalled);
  CHECK(play.image().ends_with(":2.6.0"));
  // It goes on by itself once what stood in the way is gone.
  play.everything_runs();
  CHECK(brief(play.pass(), "Degraded") == "False AsExpected");
  CHECK(play.document["status"]["lastGoodVersion"] == "2.6.0");
}

TEST_CASE("a stalled rollout is rolled back to what last ran everywhere", "[row-D]") {
  Play play(kRollback);
  play.install();
  play.change(kNewVersion);
  (void)play.pass();
  play.nodes(1, 2);
  (void)play.pass(1s);
  json status = play.pass(60s);
  CHECK(brief(status, "Degraded") == "True RolledBack");
  CHECK(status["rollout"]["failedVersion"] == "2.6.0");
  CHECK(status["rollout"]["failedGeneration"] == 4);

  status = play.pass();
  CHECK(play.rendering == Rendering::rolled_back);
  CHECK(play.image().ends_with(":2.5.26"));
  CHECK(brief(status, "Degraded") == "True RolledBack");
  CHECK(brief(status, "Progressing") == "True RollingOut");
  CHECK(status["rollout"]["version"] == "2.5.26");
  play.everything_runs();
  status = play.pass(5s);
  CHECK(brief(status, "Degraded") == "True RolledBack");
  CHECK(brief(status, "Progressing") == "False RolloutStalled");
  CHECK(brief(status, "Available") == "True AsExpected");
  CHECK(status["version"] == "2.5.26");
  CHECK(status["desiredVersion"] == "2.6.0");
  // Steady, and not tried again, also after a restart: all of it stands in the status.
  CHECK(play.pass(24h) == status);

  SECTION("until the spec changes") {
    play.change(json::parse(R"({"images": {"registry": "mirror.example.com"}})"));
    status = play.pass();
    CHECK(play.image() == "mirror.example.com/ibmcloud-block-storage-driver:2.6.0");
    CHECK(brief(status, "Degraded") == "False AsExpected");
    CHECK_FALSE(status["rollout"].contains("failedVersion"));
    play.everything_runs();
    CHECK(play.pass()["version"] == "2.6.0");
  }
  SECTION("or goes back itself") {
    play.change(json::parse(R"({"driver": {"version": "2.5.26"}})"));
    status = play.pass();
    CHECK(brief(status, "Degraded") == "False AsExpected");
    CHECK(brief(status, "Progressing") == "False AsExpected");
    CHECK_FALSE(status.contains("rollout"));
  }
}

TEST_CASE("what broke may be a setting: the pods themselves are put back", "[row-D]") {
  const json broken = GENERATE(values<json>(
      {json::parse(
           R"({"images": {"overrides": {"ibmcloud-block-storage-driver-container": "x:1"}}})"),
       json::parse(R"({"node": {"nodeSelector": {"no": "node"}}})"),
       json::parse(R"({"node": {"priorityClassName": "missing"}})")}));
  Play play(kRollback);
  play.install();
  const std::string before = pod_templates(play.desired);
  play.settings_change = true;
  play.change(broken);
  (void)play.pass();
  CHECK(pod_templates(play.desired) != before);
  play.nodes(1, 2);
  (void)play.pass(1s);
  (void)play.pass(60s);
  (void)play.pass();
  INFO(broken);
  CHECK(play.rendering == Rendering::rolled_back);
  CHECK(pod_templates(play.desired) == before);
  // The hash is that of the document as it is applied.
  const DesiredObject& node = object_named(play.desired, "DaemonSet", kNode);
  json plain = *node.document;
  plain["metadata"].erase("annotations");
  CHECK(content_hash(plain) == node.hash);
}

TEST_CASE("a new operator's manifests that do not run are rolled back as well", "[row-D]") {
  Play play(kRollback);
  play.install();
  const std::string before = pod_templates(play.desired);
  json manifest = *play.bundles.front().manifests.back();
  REQUIRE(manifest["kind"] == "DaemonSet");
  manifest["spec"]["template"]["spec"]["hostPID"] = true;
  play.bundles.front().manifests.back() = std::make_shared<const json>(manifest);
  play.settings_change = true;
  CHECK(brief(play.pass(), "Progressing") == "True RollingOut");
  (void)play.pass(61s);
  (void)play.pass();
  CHECK(pod_templates(play.desired) == before);
  // The next operator brings other ones: they are tried.
  manifest["spec"]["template"]["spec"]["hostPID"] = false;
  play.bundles.front().manifests.back() = std::make_shared<const json>(manifest);
  CHECK(brief(play.pass(), "Degraded") == "False AsExpected");
  CHECK(play.rendering == Rendering::as_wanted);
}

TEST_CASE("a first installation that stalls has nothing to go back to", "[row-D]") {
  Play play(kRollback);
  (void)play.pass();
  const json status = play.pass(60s);
  CHECK(brief(status, "Degraded") == "True ProgressDeadlineExceeded");
  CHECK(says(status, "Degraded", "first installation"));
  CHECK_FALSE(status["rollout"].contains("failedVersion"));
}

TEST_CASE("a restarted operator goes on with the same deadline") {
  Play play(kRollback);
  play.install();
  play.change(kNewVersion);
  (void)play.pass();
  (void)play.pass(40s);
  CHECK(play.left == 20s);
  // While none ran the rollout went on: that counts, however late it is seen.
  play.nodes(2, 3);
  CHECK(brief(play.pass(1h), "Progressing") == "True RollingOut");
  CHECK(play.left == 60s);
  // Nothing went on meanwhile.
  CHECK(brief(play.pass(1h), "Degraded") == "True RolledBack");
}

TEST_CASE("the deadline starts anew with a change of the spec, and stands still in a pause") {
  Play play(kRollback);
  play.install();
  play.change(kNewVersion);
  (void)play.pass();
  (void)play.pass(50s);
  play.change(json::parse(R"({"reconcile": {"resyncSeconds": 30}})"));
  (void)play.pass();
  CHECK(play.left == 60s);
  play.change(json::parse(R"({"reconcile": {"mode": "Paused"}})"));
  (void)play.pass(24h);
  CHECK_FALSE(play.left);
  CHECK(brief(play.document["status"], "Degraded") == "False AsExpected");
  play.change(json::parse(R"({"reconcile": {"mode": "Apply"}})"));
  (void)play.pass(24h);
  CHECK(play.left == 60s);
}

TEST_CASE("a manual upgrade waits for the approval of exactly this version") {
  Play play(json::parse(R"({"upgrade": {"approval": "Manual"}})"));
  play.install();  // which needs none
  play.change(kNewVersion);
  json status = play.pass();
  CHECK(play.rendering == Rendering::awaiting_approval);
  CHECK(play.image().ends_with(":2.5.26"));
  CHECK(brief(status, "Progressing") == "False AwaitingApproval");
  CHECK(says(status, "Progressing", "set spec.upgrade.approvedVersion to 2.6.0"));
  CHECK(brief(status, "Degraded") == "False AsExpected");
  CHECK(status["phase"] == "Ready");
  CHECK(status["desiredVersion"] == "2.6.0");
  CHECK(status["version"] == "2.5.26");
  CHECK(play.pass(24h) == status);

  play.change(json::parse(R"({"upgrade": {"approvedVersion": "2.5.99"}})"));
  CHECK(brief(play.pass(), "Progressing") == "False AwaitingApproval");
  // Other settings are not held back.
  play.settings_change = true;
  play.change(json::parse(R"({"images": {"registry": "mirror.example.com"}})"));
  CHECK(brief(play.pass(), "Progressing") == "True RollingOut");
  CHECK(play.image() == "mirror.example.com/ibmcloud-block-storage-driver:2.5.26");
  play.everything_runs();
  CHECK(brief(play.pass(), "Progressing") == "False AwaitingApproval");

  play.change(json::parse(R"({"upgrade": {"approvedVersion": "2.6.0"}})"));
  CHECK(brief(play.pass(), "Progressing") == "True RollingOut");
  CHECK(play.image() == "mirror.example.com/ibmcloud-block-storage-driver:2.6.0");
  play.everything_runs();
  CHECK(play.pass()["version"] == "2.6.0");
}

TEST_CASE("a new operator restarts no pod before its version is approved") {
  Play play(json::parse(R"({"upgrade": {"approval": "Manual"}})"));
  play.install();
  const std::string before = pod_templates(play.desired);
  json manifest = *play.bundles.front().manifests.back();
  manifest["spec"]["template"]["spec"]["hostPID"] = true;
  play.bundles.front().manifests.back() = std::make_shared<const json>(manifest);
  play.bundles.front().version = "2.6.0";
  CHECK(brief(play.pass(), "Progressing") == "False AwaitingApproval");
  CHECK(pod_templates(play.desired) == before);
  play.change(json::parse(R"({"upgrade": {"approvedVersion": "2.6.0"}})"));
  (void)play.pass();
  CHECK(play.image().ends_with(":2.6.0"));
  CHECK(pod_templates(play.desired).find("hostPID") != std::string::npos);
}

TEST_CASE("a newer version that is taken out of the spec again goes back to the bundle's") {
  Play play;
  play.install();
  const std::string before = pod_templates(play.desired);
  play.change(kNewVersion);
  (void)play.pass();
  play.everything_runs();
  CHECK(play.pass()["version"] == "2.6.0");
  play.change(json::parse(R"({"driver": {"version": ""}})"));
  play.document["spec"]["driver"].erase("version");
  (void)play.pass();
  CHECK(pod_templates(play.desired) == before);
  play.everything_runs();
  const json status = play.pass();
  CHECK(status["version"] == "2.5.26");
  CHECK(brief(status, "Upgradeable") == "True AsExpected");
}

TEST_CASE("an older operator does not bring back its older version unasked") {
  Play play;
  play.install();
  const std::string before = pod_templates(play.desired);
  play.bundles.front().version = "2.4.0";
  json status = play.pass();
  CHECK(pod_templates(play.desired) == before);
  CHECK(brief(status, "Upgradeable") == "False DowngradeRefused");
  CHECK(says(status, "Upgradeable", "set spec.driver.version to 2.4.0"));
  CHECK(brief(status, "Degraded") == "False AsExpected");
  CHECK(status["version"] == "2.5.26");
  play.change(json::parse(R"({"driver": {"version": "2.4.0"}})"));
  (void)play.pass();
  CHECK(play.image().ends_with(":2.4.0"));
  play.everything_runs();
  CHECK(play.pass()["version"] == "2.4.0");
}

TEST_CASE("a dead node neither stops a rollout nor fails it", "[row-J]") {
  json spec = kRollback;
  spec["node"]["updateStrategy"]["maxUnavailable"] = "1";
  Play play(spec);
  play.install();
  for (const char* node : {"a", "b", "dead"}) {
    DriverPod pod;
    pod.node = node;
    pod.ready = pod.node_ready = std::string(node) != "dead";
    pod.images = {{"ibmcloud-block-storage-driver-container",
                   "icr.io/ibm/ibmcloud-block-storage-driver:2.5.26"}};
    play.pods.push_back(pod);
  }
  play.nodes(3, 2);
  const int before = play.written;
  (void)play.pass();
  // Without a rollout the budget is the user's, and a node that dies changes no object.
  CHECK(play.strategy()["rollingUpdate"]["maxUnavailable"] == 1);
  CHECK(play.written == before + 1);

  play.change(kNewVersion);
  (void)play.pass();
  CHECK(play.strategy()["rollingUpdate"]["maxUnavailable"] == 2);
  CHECK(play.document["status"]["node"]["unavailableNodes"] == json::parse(R"(["dead"])"));
  const std::string target = play.document["status"]["rollout"]["target"];
  play.pods[2].node_ready = true;
  (void)play.pass();
  CHECK(play.strategy()["rollingUpdate"]["maxUnavailable"] == 1);
  CHECK(play.document["status"]["rollout"]["target"] == target);
  play.pods[2].node_ready = false;
  (void)play.pass();

  observed_named(play.observed, "Deployment", kController).updated = 1;
  for (DriverPod& pod : play.pods) {
    if (pod.node_ready) {
      pod.images["ibmcloud-block-storage-driver-container"] =
          "icr.io/ibm/ibmcloud-block-storage-driver:2.6.0";
    }
  }
  play.nodes(2, 2);
  json status = play.pass();
  CHECK(status["version"] == "2.6.0");
  CHECK(brief(status, "Progressing") == "False AsExpected");
  CHECK(status["node"]["outdatedNodes"] == json::parse(R"(["dead"])"));
  (void)play.pass();
  CHECK(play.strategy()["rollingUpdate"]["maxUnavailable"] == 1);
}

TEST_CASE("templates too large for the status are not kept, and there is no rollback then") {
  Play play(kRollback);
  play.document["spec"]["node"]["podAnnotations"] = json::object();
  for (int i = 0; i < 32; ++i) {
    for (const char* who : {"node", "controller"}) {
      play.document["spec"][who]["podAnnotations"]["a" + std::to_string(i)] =
          std::string(1024, 'x');
    }
  }
  play.install();
  CHECK_FALSE(play.document["status"]["lastGood"].contains("templates"));
  CHECK(brief(play.pass(), "Progressing") == "False AsExpected");
  play.change(kNewVersion);
  (void)play.pass();
  CHECK(brief(play.pass(60s), "Degraded") == "True ProgressDeadlineExceeded");
}
