// SPDX-License-Identifier: Apache-2.0
#include "install/render.h"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "install/names.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using bso::codec::dump_json;
using nlohmann::json;

namespace {

const json& pod(const DesiredObject& object) {
  return (*object.document)["spec"]["template"]["spec"];
}

}  // namespace

TEST_CASE("objects come in the order of application, with addresses") {
  std::vector<std::string> names;
  for (const DesiredObject& object : rendered()) {
    names.push_back(object.ref.display());
  }
  CHECK(names == std::vector<std::string>{
                     "ServiceAccount kube-system/ibmcloud-block-storage-plugin",
                     "ClusterRole ibmcloud-block-storage-plugin",
                     "ClusterRoleBinding ibmcloud-block-storage-plugin",
                     "StorageClass ibmc-block-bronze",
                     "StorageClass ibmc-block-retain-bronze",
                     "StorageClass ibmc-block-silver",
                     "StorageClass ibmc-block-retain-silver",
                     "StorageClass ibmc-block-gold",
                     "StorageClass ibmc-block-retain-gold",
                     "StorageClass ibmc-block-custom",
                     "StorageClass ibmc-block-retain-custom",
                     "Deployment kube-system/ibmcloud-block-storage-plugin",
                     "DaemonSet kube-system/ibmcloud-block-storage-driver",
                 });
  const auto objects = rendered();
  const ObjectRef& node = object_named(objects, "DaemonSet", kNode).ref;
  CHECK(node.api_version() == "apps/v1");
  CHECK(node.plural == "daemonsets");
  CHECK(objects.front().ref.api_version() == "v1");
}

TEST_CASE("the eight StorageClasses are IBM's, to the letter") {
  const std::string custom_range =
      "\"[20-39]Gi:[100-1000]\"\n\"[40-79]Gi:[100-2000]\"\n\"[80-99]Gi:[100-4000]\"\n"
      "\"[100-499]Gi:[100-6000]\"\n\"[500-999]Gi:[100-10000]\"\n\"[1000-1999]Gi:[100-20000]\"\n"
      "\"[2000-2999]Gi:[200-40000]\"\n\"[3000-3999]Gi:[200-48000]\"\n"
      "\"[4000-7999]Gi:[300-48000]\"\n\"[8000-9999]Gi:[500-48000]\"\n"
      "\"[10000-12000]Gi:[1000-48000]\"";
  const std::map<std::string, json> special{
      {"bronze", {{"type", "Endurance"}, {"iopsPerGB", "2"}, {"sizeRange", "[20-12000]Gi"}}},
      {"silver", {{"type", "Endurance"}, {"iopsPerGB", "4"}, {"sizeRange", "[20-12000]Gi"}}},
      {"gold", {{"type", "Endurance"}, {"iopsPerGB", "10"}, {"sizeRange", "[20-4000]Gi"}}},
      {"custom", {{"type", "Performance"}, {"sizeIOPSRange", custom_range}}}};
  const auto objects = rendered();
  for (const auto& [tier, parameters] : special) {
    for (const bool retain : {false, true}) {
      const std::string name = std::string("ibmc-block-") + (retain ? "retain-" : "") + tier;
      INFO(name);
      json wanted = parameters;
      wanted.update({{"billingType", "hourly"}, {"classVersion", "2"}, {"fsType", "ext4"}});
      const DesiredObject& object = object_named(objects, "StorageClass", name);
      CHECK(*object.document ==
            json({{"apiVersion", "storage.k8s.io/v1"},
                  {"kind", "StorageClass"},
                  {"metadata",
                   {{"name", name},
                    {"labels",
                     {{"app.kubernetes.io/managed-by", "block-storage-operator"},
                      {"app.kubernetes.io/part-of", "ibmc-block"},
                      {"blockstorage.dev/plugin", "ibmc-block"}}},
                    {"annotations", {{"blockstorage.dev/applied-hash", object.hash}}}}},
                  {"provisioner", "ibm.io/ibmc-block"},
                  {"parameters", wanted},
                  {"reclaimPolicy", retain ? "Retain" : "Delete"},
                  {"volumeBindingMode", "Immediate"},
                  {"allowVolumeExpansion", true}}));
    }
  }
}

TEST_CASE("class settings reach the classes") {
  const auto objects = rendered(json::parse(R"({"storageClasses": {"presets": {
      "tiers": ["Gold"], "retainVariants": false, "billingType": "monthly", "fsType": "xfs",
      "volumeBindingMode": "WaitForFirstConsumer"}}})"));
  CHECK(objects.size() == 6);
  const json& gold = *object_named(objects, "StorageClass", "ibmc-block-gold").document;
  CHECK(gold["parameters"]["billingType"] == "monthly");
  CHECK(gold["parameters"]["fsType"] == "xfs");
  CHECK(gold["volumeBindingMode"] == "WaitForFirstConsumer");
  const std::string order1 = R"({"storageClasses": {"presets": {"tiers": ["Gold", "Bronze"]}}})";
  const std::string order2 = R"({"storageClasses": {"presets": {"tiers": ["Bronze", "Gold"]}}})";
  CHECK(rendered(json::parse(order1))[3].ref == rendered(json::parse(order2))[3].ref);
}

TEST_CASE("settings are laid over the workloads", "[row-28][row-29][row-K]") {
  const auto objects = rendered(json::parse(R"({
    "driver": {"version": "2.6.0", "namespace": "storage", "kubeletRootDir": "/var/data/kubelet",
               "flexVolumePluginDir": "/opt/flex"},
    "images": {"registry": "r.example.com:5000/team", "pullPolicy": "Always",
               "pullSecrets": [{"name": "one"}, {"name": "two"}],
               "overrides": {"ibmcloud-block-storage-plugin-container": "x.io/y:9"}},
    "controller": {"replicas": 2, "nodeSelector": {"infra": "yes"},
                   "tolerations": [{"key": "a", "operator": "Equal", "value": "b",
                                    "effect": "NoExecute", "tolerationSeconds": 0}]},
    "node": {"tolerations": [], "updateStrategy": {"maxUnavailable": "2"},
             "resources": {"ibmcloud-block-storage-driver-container": {"limits": {"cpu": "1"}}}}
  })"));
  const DesiredObject& controller = object_named(objects, "Deployment", kController);
  const DesiredObject& node = object_named(objects, "DaemonSet", kNode);
  CHECK(controller.ref.ns == "storage");
  CHECK((*controller.document)["metadata"]["namespace"] == "storage");
  CHECK((*controller.document)["spec"]["replicas"] == 2);
  CHECK(pod(controller)["containers"][0]["image"] == "x.io/y:9");
  CHECK(pod(controller)["containers"][0]["imagePullPolicy"] == "Always");
  CHECK(pod(controller)["imagePullSecrets"] ==
        json::parse(R"([{"name": "one"}, {"name": "two"}])"));
  CHECK(pod(controller)["nodeSelector"] ==
        json::parse(R"({"infra": "yes", "kubernetes.io/os": "linux"})"));
  CHECK(pod(controller)["tolerations"] ==
        json::parse(R"([{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute",
                         "tolerationSeconds": 0}])"));
  CHECK(pod(node)["containers"][0]["image"] ==
        "r.example.com:5000/team/ibmcloud-block-storage-driver:2.6.0");
  CHECK(pod(node)["tolerations"] == json::array());
  CHECK(pod(node)["containers"][0]["resources"] ==
        json::parse(R"({"requests": {"cpu": "25m", "memory": "50Mi"},
                        "limits": {"cpu": "1", "memory": "200Mi"}})"));
  CHECK(pod(node)["volumes"][0]["hostPath"] ==
        json::parse(R"({"path": "/opt/flex", "type": "DirectoryOrCreate"})"));
  CHECK(pod(node)["containers"][0]["env"] ==
        json::parse(R"([{"name": "FLEXVOLUME_DIR", "value": "/flexvolume"},
                        {"name": "KUBELET_ROOT_DIR", "value": "/var/data/kubelet"},
                        {"name": "LOG_LEVEL", "value": "info"}])"));
  CHECK((*node.document)["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == 2);
  const json& binding = *object_named(objects, "ClusterRoleBinding", kController).document;
  CHECK(binding["subjects"][0]["namespace"] == "storage");
  CHECK_FALSE(binding["metadata"].contains("namespace"));
}

TEST_CASE("log level and Secret reach the containers and the role") {
  const auto objects = rendered(json::parse(
      R"({"logLevel": "Debug", "driver": {"credentialsSecretRef": {"name": "mine"}}})"));
  const DesiredObject& controller = object_named(objects, "Deployment", kController);
  CHECK(pod(controller)["containers"][0]["env"] ==
        json::parse(R"([{"name": "LOG_LEVEL", "value": "debug"},
                        {"name": "CREDENTIALS_SECRET", "value": "mine"}])"));
  const DesiredObject& node = object_named(objects, "DaemonSet", kNode);
  CHECK(pod(node)["containers"][0]["env"][2] ==
        json::parse(R"({"name": "LOG_LEVEL", "value": "debug"})"));
  const json& role = *object_named(objects, "ClusterRole", kController).document;
  CHECK(role["rules"].back()["resourceNames"] == json::parse(R"(["mine"])"));
}

TEST_CASE("defaults of the workloads") {
  const auto objects = rendered();
  const DesiredObject& node = object_named(objects, "DaemonSet", kNode);
  CHECK(pod(node)["containers"][0]["image"] == "icr.io/ibm/ibmcloud-block-storage-driver:2.5.26");
  CHECK(pod(node)["containers"][0]["name"] == "ibmcloud-block-storage-driver-container");
  CHECK(pod(node)["tolerations"] == json::parse(R"([{"operator": "Exists"}])"));
  CHECK(pod(node)["priorityClassName"] == "system-node-critical");
  CHECK((*node.document)["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == "10%");
  const DesiredObject& controller = object_named(objects, "Deployment", kController);
  CHECK(pod(controller)["containers"][0]["image"] ==
        "icr.io/ibm/ibmcloud-block-storage-plugin:2.5.26");
  CHECK(pod(controller)["containers"][0]["resources"] ==
        json::parse(R"({"requests": {"cpu": "50m", "memory": "100Mi"},
                        "limits": {"cpu": "300m", "memory": "300Mi"}})"));
  CHECK_FALSE(pod(controller).contains("imagePullSecrets"));
}

TEST_CASE("every object is labelled and hashed, and no class is made the default") {
  for (const DesiredObject& object : rendered()) {
    INFO(object.ref.display());
    const json& metadata = (*object.document)["metadata"];
    CHECK(metadata["labels"][std::string(kManagedByLabel)] == "block-storage-operator");
    CHECK(metadata["labels"][std::string(kPartOfLabel)] == "ibmc-block");
    CHECK(metadata["labels"][std::string(kPluginLabel)] == "ibmc-block");
    CHECK(metadata["annotations"] == json({{std::string(kHashAnnotation), object.hash}}));
    CHECK(object.hash.size() == 16);
    CHECK(dump_json(*object.document).find("is-default-class") == std::string::npos);
    CHECK_FALSE(metadata.contains("ownerReferences"));
    json bare = *object.document;
    bare["metadata"].erase("annotations");
    CHECK(content_hash(bare) == object.hash);
  }
}

TEST_CASE("the hash is the start of SHA-256 over compact JSON") {
  // printf '{"a":1,"b":2}' | sha256sum
  CHECK(content_hash(json::parse(R"({"b": 2, "a": 1})")) == "43258cff783fe703");
}

TEST_CASE("rendering is stable, and only content changes a pod template") {
  const auto first = rendered();
  const auto second = rendered();
  REQUIRE(first.size() == second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(dump_json(*first[i].document) == dump_json(*second[i].document));
  }
  // A change that does not concern the pods must not restart them.
  const auto other =
      rendered(json::parse(R"({"node": {"updateStrategy": {"maxUnavailable": "1"}}})"));
  const DesiredObject& before = object_named(first, "DaemonSet", kNode);
  const DesiredObject& after = object_named(other, "DaemonSet", kNode);
  CHECK(before.hash != after.hash);
  CHECK((*before.document)["spec"]["template"] == (*after.document)["spec"]["template"]);
}
