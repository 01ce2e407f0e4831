// SPDX-License-Identifier: Apache-2.0
// The bundle ibm-vpc-block: names and parameters as IBM's own manifests have them.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/render.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

const Bundle& vpc() { return *find_bundle(shipped(), "ibm-vpc-block"); }

std::vector<DesiredObject> vpc_objects(const json& spec = json::object(),
                                       const ServerVersion& server = {}) {
  json document = plugin(spec);
  document["spec"]["driver"]["name"] = "ibm-vpc-block";
  const ParsedSpec parsed = parse_spec(document, shipped());
  INFO((parsed.faults.empty() ? "" : parsed.faults.front().sentence()));
  REQUIRE(parsed.spec.has_value());
  return render(vpc(), *parsed.spec, server);
}

const json& document_of(const std::vector<DesiredObject>& objects, std::string_view kind,
                        std::string_view name) {
  return *object_named(objects, kind, name).document;
}

const json& container_of(const std::vector<DesiredObject>& objects, std::string_view kind,
                         std::string_view workload, std::string_view name) {
  for (const json& container :
       document_of(objects, kind, workload)["spec"]["template"]["spec"]["containers"]) {
    if (container["name"] == name) {
      return container;
    }
  }
  FAIL("no container " << name);
  return document_of(objects, kind, workload);
}

constexpr std::string_view kVpcController = "ibm-vpc-block-csi-controller";
constexpr std::string_view kVpcNode = "ibm-vpc-block-csi-node";

}  // namespace

TEST_CASE("the bundle ibm-vpc-block is a CSI driver whose volumes belong to one node") {
  CHECK(vpc().driver == "vpc.block.csi.ibm.io");
  CHECK(vpc().driver_kind == "CSI");
  CHECK(vpc().provisioner == "vpc.block.csi.ibm.io");
  CHECK(vpc().access_granularity == "single-node");
  CHECK(vpc().controller_kind == "Deployment");
  std::map<std::string, int> kinds;
  for (const auto& object : vpc_objects()) {
    ++kinds[object.ref.kind];
  }
  CHECK(kinds == std::map<std::string, int>{{"CSIDriver", 1},
                                            {"ClusterRole", 4},
                                            {"ClusterRoleBinding", 4},
                                            {"ConfigMap", 1},
                                            {"DaemonSet", 1},
                                            {"Deployment", 1},
                                            {"Role", 1},
                                            {"RoleBinding", 1},
                                            {"ServiceAccount", 2},
                                            {"StorageClass", 25}});
}

TEST_CASE("the 25 StorageClasses of ibm-vpc-block are IBM's, to the letter", "[row-6]") {
  const auto objects = vpc_objects();
  std::set<std::string> checked;
  const auto check = [&](const std::string& name, const std::string& profile, bool retain,
                         bool waits, const json& more) {
    INFO(name);
    json wanted = {
        {"billingType", "hourly"}, {"classVersion", "1"}, {"csi.storage.k8s.io/fstype", "ext4"},
        {"encrypted", "false"},    {"encryptionKey", ""}, {"profile", profile},
        {"resourceGroup", ""},     {"tags", ""},          {"zone", ""}};
    if (profile != "sdp") {
      wanted["region"] = "";
    }
    wanted.update(more);
    const json& made = document_of(objects, "StorageClass", name);
    CHECK(made["parameters"] == wanted);
    CHECK(made["provisioner"] == "vpc.block.csi.ibm.io");
    CHECK(made["reclaimPolicy"] == (retain ? "Retain" : "Delete"));
    CHECK(made["volumeBindingMode"] == (waits ? "WaitForFirstConsumer" : "Immediate"));
    CHECK(made["allowVolumeExpansion"] == true);
    checked.insert(name);
  };
  const json iops = {{"iops", "400"}};
  const json secret = {{"iops", "400"},
                       {"csi.storage.k8s.io/provisioner-secret-name", "${pvc.name}"},
                       {"csi.storage.k8s.io/provisioner-secret-namespace", "${pvc.namespace}"}};
  const std::map<std::string, std::string> odf{{"10iops-tier", "10iops"},
                                               {"5iops-tier", "5iops"},
                                               {"general-purpose", "general"},
                                               {"custom", "custom"}};
  for (const auto& [profile, short_name] : odf) {
    const bool custom = profile == "custom";
    const json more = custom ? iops : json::object();
    for (const bool retain : {false, true}) {
      const std::string twin = retain ? "retain-" : "";
      check("ibmc-vpc-block-" + twin + profile, profile, retain, false,
            custom ? secret : json::object());
      check("ibmc-vpc-block-metro-" + twin + profile, profile, retain, true, more);
      check(std::string("ibmc-vpcblock-odf-") + (retain ? "ret-" : "") + short_name, profile,
            retain, true, more);
    }
  }
  check("ibmc-vpc-block-sdp", "sdp", false, false,
        {{"iops", ""}, {"throughput", ""}, {"generation", "gc"}});
  CHECK(checked.size() == 25);
}

TEST_CASE("class settings reach the classes of ibm-vpc-block under the driver's own keys") {
  const auto objects = vpc_objects(json::parse(R"({"storageClasses": {"presets": {
      "tiers": ["10iops-tier", "metro-custom"], "billingType": "monthly", "fsType": "xfs",
      "region": "us-south", "zone": "us-south-1", "volumeBindingMode": "Immediate"}}})"));
  const json& plain = document_of(objects, "StorageClass", "ibmc-vpc-block-10iops-tier");
  CHECK(plain["parameters"]["billingType"] == "monthly");
  CHECK(plain["parameters"]["csi.storage.k8s.io/fstype"] == "xfs");
  CHECK(plain["parameters"]["region"] == "us-south");
  CHECK(plain["parameters"]["zone"] == "us-south-1");
  // A volume that is made before its pod is placed may be in the wrong zone: not for metro.
  const json& metro = document_of(objects, "StorageClass", "ibmc-vpc-block-metro-custom");
  CHECK(metro["volumeBindingMode"] == "WaitForFirstConsumer");
}

TEST_CASE("images of ibm-vpc-block come from a mirror, sidecars keep their own tags", "[row-28]") {
  const auto objects = vpc_objects(json::parse(R"({
      "driver": {"version": "v5.2.0"},
      "images": {"registry": "r.example.com/team", "pullSecrets": [{"name": "mirror"}],
                 "pullPolicy": "Always",
                 "overrides": {"csi-resizer": "x.io/resizer@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}})"));
  const auto image = [&](std::string_view kind, std::string_view workload, std::string_view name) {
    const json& container = container_of(objects, kind, workload, name);
    CHECK(container["imagePullPolicy"] == "Always");
    return container["image"].get<std::string>();
  };
  CHECK(image("Deployment", kVpcController, "iks-vpc-block-driver") ==
        "r.example.com/team/ibm-vpc-block-csi-driver:v5.2.0");
  CHECK(image("DaemonSet", kVpcNode, "iks-vpc-block-node-driver") ==
        "r.example.com/team/ibm-vpc-block-csi-driver:v5.2.0");
  CHECK(image("Deployment", kVpcController, "csi-provisioner") ==
        "r.example.com/team/csi-provisioner:v5.0.2");
  CHECK(image("Deployment", kVpcController, "liveness-probe") ==
        "r.example.com/team/livenessprobe:v2.13.1");
  CHECK(image("DaemonSet", kVpcNode, "liveness-probe") ==
        "r.example.com/team/livenessprobe:v2.13.1");
  CHECK(image("Deployment", kVpcController, "csi-resizer").starts_with("x.io/resizer@sha256:"));
  for (const auto& [kind, name] :
       {std::pair{"Deployment", kVpcController}, std::pair{"DaemonSet", kVpcNode}}) {
    CHECK(document_of(objects, kind, name)["spec"]["template"]["spec"]["imagePullSecrets"] ==
          json::parse(R"([{"name": "mirror"}])"));
  }
}

TEST_CASE("another kubelet directory moves every path below it", "[row-29]") {
  const auto objects =
      vpc_objects(json::parse(R"({"driver": {"kubeletRootDir": "/var/data/kubelet"}})"));
  const json& pod = document_of(objects, "DaemonSet", kVpcNode)["spec"]["template"]["spec"];
  std::map<std::string, std::string> paths;
  for (const json& volume : pod["volumes"]) {
    if (volume.contains("hostPath")) {
      paths[volume["name"]] = volume["hostPath"]["path"];
    }
  }
  CHECK(paths == std::map<std::string, std::string>{
                     {"device-dir", "/dev"},
                     {"etc-selinux", "/etc/selinux"},
                     {"etc-udev", "/etc/udev"},
                     {"kubelet-data-dir", "/var/data/kubelet"},
                     {"lib-udev", "/lib/udev"},
                     {"plugin-dir", "/var/data/kubelet/plugins/vpc.block.csi.ibm.io"},
                     {"registration-dir", "/var/data/kubelet/plugins_registry"},
                     {"run-udev", "/run/udev"},
                     {"sys-dir", "/sys"}});
  const json& driver = container_of(objects, "DaemonSet", kVpcNode, "iks-vpc-block-node-driver");
  CHECK(driver["volumeMounts"][0]["mountPath"] == "/var/data/kubelet");
  CHECK(driver["volumeMounts"][1]["mountPath"] == "/csi");
  const json& registrar = container_of(objects, "DaemonSet", kVpcNode, "csi-driver-registrar");
  CHECK(registrar["env"][0]["value"] == "/var/data/kubelet/plugins/vpc.block.csi.ibm.io/csi.sock");
}

TEST_CASE("namespace, log level and Secret reach every object of ibm-vpc-block") {
  const auto objects = vpc_objects(json::parse(R"({
      "driver": {"namespace": "storage", "credentialsSecretRef": {"name": "my-account"}},
      "logLevel": "Trace"})"));
  for (const DesiredObject& object : objects) {
    INFO(object.ref.display());
    const KindInfo* kind = find_kind(object.ref.group, object.ref.kind);
    CHECK(object.ref.ns == (kind->namespaced ? "storage" : ""));
    if (object.document->contains("subjects")) {
      CHECK((*object.document)["subjects"][0]["namespace"] == "storage");
    }
    if (object.ref.kind != "Deployment" && object.ref.kind != "DaemonSet") {
      continue;
    }
    const json& pod = (*object.document)["spec"]["template"]["spec"];
    for (const json& container : pod["containers"]) {
      CHECK(container["args"][0] == "--v=6");
    }
    CHECK(pod["volumes"].back()["secret"]["secretName"] == "my-account");
  }
}

TEST_CASE("the CSIDriver gets its fsGroupPolicy only from servers that know it") {
  const auto with = vpc_objects(json::object(), {.minor = 20});
  CHECK(document_of(with, "CSIDriver", "vpc.block.csi.ibm.io")["spec"]["fsGroupPolicy"] == "File");
  const auto without = vpc_objects(json::object(), {.minor = 19});
  const json& driver = document_of(without, "CSIDriver", "vpc.block.csi.ibm.io");
  CHECK_FALSE(driver["spec"].contains("fsGroupPolicy"));
  CHECK(driver["spec"]["attachRequired"] == true);
}
