// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/scene.h"

using namespace bso;
using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

TEST_CASE("the version says what was rolled out, not what is wanted") {
  Scene scene;
  scene.settle();
  scene.document["spec"]["driver"]["version"] = "2.6.0";
  scene.desired = rendered(json::parse(R"({"driver": {"version": "2.6.0"}})"));
  json status = scene.status();
  CHECK(status["phase"] == "Upgrading");
  CHECK(status["version"] == "2.5.26");
  // Rolled out to all nodes, one of them not up yet.
  scene.observed = all_running(scene.desired);
  scene.node().available = 2;
  CHECK(scene.status()["version"] == "2.5.26");
  scene.node().available = 3;
  CHECK(scene.status()["version"] == "2.6.0");
  CHECK(scene.status()["phase"] == "Ready");
}

TEST_CASE("the inventory forgets nothing that may still be there") {
  Scene scene;
  scene.settle();
  // Not read this time: kept. Gone: dropped. Not ours: dropped.
  scene.observed.erase(scene.observed.begin());
  ObservedObject& gold = observed_named(scene.observed, "StorageClass", "ibmc-block-gold");
  gold = observe(gold.ref, nullptr, nullptr, "ibmc-block");
  observed_named(scene.observed, "StorageClass", "ibmc-block-silver").owner = Owner::somebody;
  const json status = scene.status();
  CHECK(status["inventory"].size() == 11);
  CHECK(status["inventory"].back()["kind"] == "ServiceAccount");
  CHECK(status["inventory"].back()["uid"] == "uid-of-ibmcloud-block-storage-plugin");
  CHECK(status["lockedDriverName"] == "ibmc-block");

  scene.observed.clear();
  scene.document.erase("status");
  const json fresh = scene.status();
  CHECK(fresh["inventory"].empty());
  CHECK_FALSE(fresh.contains("lockedDriverName"));
}

TEST_CASE("locks outlive a faulty spec") {
  Scene scene;
  scene.settle();
  scene.document["spec"]["driver"]["namespace"] = "storage";
  scene.desired.clear();
  const json status = scene.status();
  CHECK(brief(status, "SpecValid") == "False ImmutableFieldChanged");
  CHECK(status["lockedNamespace"] == "kube-system");
  CHECK(brief(status, "Available") == "True AsExpected");
}

TEST_CASE("a class marked as default is reported and left so") {
  Scene scene;
  observed_named(scene.observed, "StorageClass", "ibmc-block-gold").is_default_class = true;
  const json status = scene.status();
  for (const json& entry : status["storageClasses"]) {
    CHECK(entry["default"] == (entry["name"] == "ibmc-block-gold"));
  }
}

TEST_CASE("a status has no empty text and no overlong message") {
  Scene scene;
  Error error;
  error.kind = ErrorKind::network;
  error.message = std::string(100'000, 'x');
  scene.write_faults.push_back({scene.node().ref, error});
  const json status = scene.status();
  const std::string text = codec::dump_json(status);
  CHECK(text.find("\"\"") == std::string::npos);
  for (const json& item : status["conditions"]) {
    CHECK(item["message"].get<std::string>().size() <= 32768);
  }
}
