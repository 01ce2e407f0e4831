// SPDX-License-Identifier: Apache-2.0
#include "install/external.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/scene.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

/// A plug-in whose driver somebody else installs, with its classes in place.
struct External {
  json document;
  std::optional<bool> registered = true;
  std::vector<DesiredObject> desired;
  std::vector<ObservedObject> observed;

  explicit External(const std::string& bundle, const json& driver = json::object())
      : document(plugin({{"driver", {{"name", bundle}, {"install", "External"}}}})) {
    document["spec"]["driver"].update(driver);
    const ParsedSpec parsed = parse_spec(document, shipped());
    INFO((parsed.faults.empty() ? "" : parsed.faults.front().sentence()));
    REQUIRE(parsed.spec.has_value());
    desired = render(*parsed.bundle, *parsed.spec, {});
    observed = all_running(desired);
  }

  json status() const {
    const ParsedSpec parsed = parse_spec(document, shipped());
    return *compute_status({.plugin = document,
                            .parsed = parsed,
                            .desired = desired,
                            .observed = observed,
                            .driver_registered = registered,
                            .operator_version = "0.1.0",
                            .now = kNow});
  }
};

}  // namespace

TEST_CASE("with install: External only StorageClasses are made", "[row-G]") {
  const External scene("ibm-vpc-block", {{"csiDriverName", "other.csi.example"}});
  CHECK(scene.desired.size() == 25);
  for (const DesiredObject& object : scene.desired) {
    CHECK(object.ref.kind == "StorageClass");
    CHECK((*object.document)["provisioner"] == "other.csi.example");
  }
  const External named_by_bundle("ibm-vpc-block");
  CHECK((*named_by_bundle.desired.front().document)["provisioner"] == "vpc.block.csi.ibm.io");
}

TEST_CASE("an external CSI driver is available while its CSIDriver is there", "[row-G]") {
  External scene("ibm-vpc-block");
  json status = scene.status();
  CHECK(brief(status, "Available") == "True AsExpected");
  CHECK(brief(status, "Progressing") == "False AsExpected");
  CHECK(brief(status, "Degraded") == "False AsExpected");
  CHECK(brief(status, "StorageClassesReady") == "True AsExpected");
  CHECK(status["phase"] == "Ready");
  CHECK_FALSE(status.contains("version"));
  CHECK_FALSE(status.contains("node"));
  CHECK(status["components"] ==
        json::parse(R"([{"kind": "Deployment", "name": "ibm-vpc-block-csi-controller",
                         "state": "Skipped"},
                        {"kind": "DaemonSet", "name": "ibm-vpc-block-csi-node",
                         "state": "Skipped"}])"));
  CHECK(status["inventory"].size() == 25);

  scene.registered = false;
  status = scene.status();
  CHECK(brief(status, "Available") == "False ExternalDriverMissing");
  CHECK(brief(status, "Degraded") == "True ExternalDriverMissing");
  CHECK(status["phase"] == "Degraded");
  CHECK(condition(status, "Available")["message"].get<std::string>().find(
            "There is no CSIDriver vpc.block.csi.ibm.io.") == 0);

  scene.registered.reset();
  CHECK(brief(scene.status(), "Available") == "Unknown NotObserved");
}

TEST_CASE("whether an external FlexVolume driver is there is not guessed", "[row-G][row-K]") {
  External scene("ibmc-block");
  scene.registered = false;
  const json status = scene.status();
  CHECK(brief(status, "Available") == "Unknown ExternalDriverUnknown");
  CHECK(brief(status, "Degraded") == "False AsExpected");
  CHECK(status["phase"] == "Ready");
}

TEST_CASE("while the spec is faulty the lock says that the driver is external") {
  json document =
      plugin({{"driver", {{"name", "ibmc-block"}, {"install", "External"}}}, {"logLevel", "Loud"}});
  CHECK_FALSE(is_external(document, parse_spec(document, shipped())));
  document["status"] = {{"lockedInstall", "External"}};
  CHECK(is_external(document, parse_spec(document, shipped())));
}
