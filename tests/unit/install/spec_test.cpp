// SPDX-License-Identifier: Apache-2.0
#include "install/spec.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

TEST_CASE("the shortest spec gets every default") {
  const PluginSpec spec = valid_spec();
  CHECK(spec.plugin == "ibmc-block");
  CHECK(spec.management == Management::managed);
  CHECK(spec.version == "2.5.26");
  CHECK(spec.ns == "kube-system");
  CHECK(spec.kubelet_root_dir == "/var/lib/kubelet");
  CHECK(spec.flex_volume_plugin_dir == "/usr/libexec/kubernetes/kubelet-plugins/volume/exec");
  CHECK(spec.images.pull_policy == "IfNotPresent");
  CHECK(spec.replicas == 1);
  CHECK(spec.max_unavailable == "10%");
  CHECK_FALSE(spec.node.tolerations.has_value());
  CHECK_FALSE(spec.classes.tiers.has_value());
  CHECK(spec.classes.retain_variants);
  CHECK(spec.classes.volume_binding_mode == "Immediate");
}

TEST_CASE("an empty list is not an absent one") {
  const PluginSpec spec = valid_spec(json::parse(R"({"node": {"tolerations": []},
                                 "storageClasses": {"presets": {"tiers": []}}})"));
  REQUIRE(spec.node.tolerations.has_value());
  CHECK(spec.node.tolerations->empty());
  CHECK(spec.classes.tiers == std::vector<std::string>{});
  CHECK(valid_spec(json::parse(R"({"node": {"tolerations": null}})")) == valid_spec());
}

TEST_CASE("what is wrong in a spec is said with field and remedy") {
  struct Row {
    std::string spec, field, words, reason;
  };
  const std::string invalid = "InvalidParameters";
  for (
      const Row& row : std::vector<Row>{
          {R"({"driver": {"name": "ceph"}})", "spec.driver.name", "Write one of: ibmc-block",
           invalid},
          {R"({"driver": {"name": null}})", "spec.driver.name", "it is missing", invalid},
          {R"({"driver": {"name": 7}})", "spec.driver.name", "in quotes", invalid},
          {R"({"driver": {"version": "latest!"}})", "spec.driver.version", "2.5.26", invalid},
          {R"({"driver": {"version": 2.5}})", "spec.driver.version", "in quotes", invalid},
          {R"({"driver": {"namespace": "Kube"}})", "spec.driver.namespace", "namespace", invalid},
          {R"({"driver": {"kubeletRootDir": "/var/"}})", "spec.driver.kubeletRootDir", "slash",
           invalid},
          {R"({"driver": {"flexVolumePluginDir": "/a/../b"}})", "spec.driver.flexVolumePluginDir",
           "absolute", invalid},
          {R"({"managementState": "Gone"})", "spec.managementState", "Unmanaged", invalid},
          {R"({"logLevel": "Loud"})", "spec.logLevel", "Trace", invalid},
          {R"({"driver": {"install": "Elsewhere"}})", "spec.driver.install", "External", invalid},
          {R"({"driver": {"csiDriverName": "a.example.com"}})", "spec.driver.csiDriverName",
           "install: External", invalid},
          {R"({"driver": {"install": "External", "csiDriverName": "a.example.com"}})",
           "spec.driver.csiDriverName", "no CSI driver", invalid},
          {R"({"driver": {"install": "External"}, "images": {"registry": "r.example.com"}})",
           "spec.images", "no effect", invalid},
          {R"({"driver": {"install": "External"}, "node": {"nodeSelector": {"a": "b"}}})",
           "spec.node", "no effect", invalid},
          {R"({"driver": {"install": "External", "version": "1.0.0"}})", "spec.driver.version",
           "no effect", invalid},
          {R"({"driver": {"install": "External"}, "logLevel": "Debug"})", "spec.logLevel",
           "no effect", invalid},
          {R"({"driver": {"install": "External", "credentialsSecretRef": {}}})",
           "spec.driver.credentialsSecretRef", "no effect", invalid},
          {R"({"driver": {"credentialsSecretRef": {"name": "A"}}})",
           "spec.driver.credentialsSecretRef.name", "name of a Secret", invalid},
          {R"({"driver": {"credentialsSecretRef": {"key": "a"}}})",
           "spec.driver.credentialsSecretRef.key", "no such field", invalid},
          {R"({"driver": {"credentialsSecretRef": {"onChange": "Wait"}}})",
           "spec.driver.credentialsSecretRef.onChange", "Ignore", invalid},
          {R"({"controller": {"priorityClassName": "High!"}})", "spec.controller.priorityClassName",
           "PriorityClass", invalid},
          {R"({"controller": {"affinity": []}})", "spec.controller.affinity", "an object", invalid},
          {R"({"node": {"podLabels": {"a b": "c"}}})", "spec.node.podLabels[a b]", "not a label",
           invalid},
          {R"({"node": {"podLabels": {"blockstorage.dev/plugin": "c"}}})",
           "spec.node.podLabels[blockstorage.dev/plugin]", "Take it out", invalid},
          {R"({"node": {"podAnnotations": {"a b": "c"}}})", "spec.node.podAnnotations[a b]",
           "annotation", invalid},
          {R"({"node": {"updateStrategy": {"type": "Recreate"}}})", "spec.node.updateStrategy.type",
           "OnDelete", invalid},
          {R"({"node": {"startupTaint": {"remove": true}}})", "spec.node.startupTaint.key",
           "Write its key", invalid},
          {R"({"node": {"startupTaint": {"remove": "yes"}}})", "spec.node.startupTaint.remove",
           "true or false", invalid},
          {R"({"storageClasses": {"policy": "Mine"}})", "spec.storageClasses.policy", "CreateOnly",
           invalid},
          {R"({"storageClasses": {"onImmutableChange": "Fail"}})",
           "spec.storageClasses.onImmutableChange", "Block", invalid},
          {R"({"storageClasses": {"onRemovedFromSpec": "Keep"}})",
           "spec.storageClasses.onRemovedFromSpec", "Orphan", invalid},
          {R"({"storageClasses": {"default": {"mode": "Enforce"}}})",
           "spec.storageClasses.default.className", "Enforce", invalid},
          {R"({"storageClasses": {"default": {"className": "other"}}})",
           "spec.storageClasses.default.className", "ibmc-block-gold", invalid},
          {R"({"storageClasses": {"default": {"className": "x"}, "classes": [{"name": "x", "policy": "Removed"}]}})",
           "spec.storageClasses.default.className", "none of the classes", invalid},
          {R"({"storageClasses": {"presets": {"zone": "dal13"}}})",
           "spec.storageClasses.presets.region", "region", invalid},
          {R"({"storageClasses": {"classes": ["x"]}})", "spec.storageClasses.classes[0]",
           "no object", invalid},
          {R"({"storageClasses": {"classes": [{"name": "X"}]}})",
           "spec.storageClasses.classes[0].name", "StorageClass", invalid},
          {R"({"storageClasses": {"classes": [{"name": "x"}, {"name": "x"}]}})",
           "spec.storageClasses.classes[1].name", "twice", invalid},
          {R"({"storageClasses": {"classes": [{"name": "x", "size": 1}]}})",
           "spec.storageClasses.classes[0].size", "no such field", invalid},
          {R"({"storageClasses": {"classes": [{"name": "x", "parameters": {"a": 1}}]}})",
           "spec.storageClasses.classes[0].parameters[a]", "in quotes", invalid},
          {R"({"storageClasses": {"classes": [{"name": "x", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}]}})",
           "spec.storageClasses.classes[0].annotations[storageclass.kubernetes.io/"
           "is-default-class]",
           "storageClasses.default", invalid},
          {R"({"storageClasses": {"classes": [{"name": "x", "labels": {"app.kubernetes.io/managed-by": "me"}}]}})",
           "spec.storageClasses.classes[0].labels[app.kubernetes.io/managed-by]", "itself",
           invalid},
          {R"({"upgrade": {"approval": "Later"}})", "spec.upgrade.approval", "Manual", invalid},
          {R"({"upgrade": {"approvedVersion": "a b"}})", "spec.upgrade.approvedVersion", "2.5.26",
           invalid},
          {R"({"upgrade": {"progressDeadlineSeconds": 5}})", "spec.upgrade.progressDeadlineSeconds",
           "60", invalid},
          {R"({"upgrade": {"onFailure": "Panic"}})", "spec.upgrade.onFailure", "Rollback", invalid},
          {R"({"reconcile": {"mode": "Dry"}})", "spec.reconcile.mode", "Plan", invalid},
          {R"({"reconcile": {"drift": "Fight"}})", "spec.reconcile.drift", "Report", invalid},
          {R"({"reconcile": {"adopt": "Maybe"}})", "spec.reconcile.adopt", "Never", invalid},
          {R"({"reconcile": {"resyncSeconds": 1}})", "spec.reconcile.resyncSeconds", "30", invalid},
          {R"({"deletion": {"whenVolumesExist": "Panic"}})", "spec.deletion.whenVolumesExist",
           "Orphan", invalid},
          {R"({"deletion": {"storageClasses": "Keep"}})", "spec.deletion.storageClasses", "Retain",
           invalid},
          {R"({"images": {"registry": "https://r.example.com"}})", "spec.images.registry",
           "without https://", invalid},
          {R"({"images": {"registry": "r.example.com/"}})", "spec.images.registry", "slash",
           invalid},
          {R"({"images": {"pullPolicy": "Sometimes"}})", "spec.images.pullPolicy", "IfNotPresent",
           invalid},
          {R"({"images": {"pullSecrets": [{"name": "A"}]}})", "spec.images.pullSecrets[0].name",
           "Secret", invalid},
          {R"({"images": {"pullSecrets": ["a"]}})", "spec.images.pullSecrets[0].name", "Secret",
           invalid},
          {R"({"images": {"pullSecrets": [{"name": "a"}, {"name": "a"}]}})",
           "spec.images.pullSecrets[1].name", "twice", invalid},
          {R"({"images": {"overrides": {"driver": "r.io/x:1"}}})", "spec.images.overrides[driver]",
           "ibmcloud-block-storage-driver-container, ibmcloud-block-storage-plugin-container",
           invalid},
          {R"({"images": {"overrides": {"ibmcloud-block-storage-driver-container": "r.io/X:1"}}})",
           "spec.images.overrides[ibmcloud-block-storage-driver-container]",
           "not an image reference", invalid},
          {R"({"controller": {"replicas": 6}})", "spec.controller.replicas", "0 to 5", invalid},
          {R"({"controller": {"replicas": -1}})", "spec.controller.replicas", "0 to 5", invalid},
          {R"({"controller": {"replicas": 18446744073709551615}})", "spec.controller.replicas",
           "0 to 5", invalid},
          {R"({"controller": {"replicas": "1"}})", "spec.controller.replicas", "whole number",
           invalid},
          {R"({"controller": {"nodeSelector": {"a b": "c"}}})", "spec.controller.nodeSelector[a b]",
           "label", invalid},
          {R"({"controller": {"nodeSelector": {"a": true}}})", "spec.controller.nodeSelector[a]",
           "in quotes", invalid},
          {R"({"controller": {"resources": {"x": {}}}})", "spec.controller.resources[x]",
           "no such container", invalid},
          {R"({"node": {"resources": {"ibmcloud-block-storage-driver-container":
               {"limits": {"cpu": "lots"}}}}})",
           "spec.node.resources[ibmcloud-block-storage-driver-container].limits[cpu]", "250m",
           invalid},
          {R"({"node": {"resources": {"ibmcloud-block-storage-driver-container": {"limit": {}}}}})",
           "spec.node.resources[ibmcloud-block-storage-driver-container].limit", "no such field",
           invalid},
          {R"({"node": {"tolerations": [{"operator": "Exist"}]}})",
           "spec.node.tolerations[0].operator", "Exists", invalid},
          {R"({"node": {"tolerations": [{"operator": "Exists"}, {"value": "x"}]}})",
           "spec.node.tolerations[1].operator", "without a key", invalid},
          {R"({"node": {"tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]}})",
           "spec.node.tolerations[0].value", "compares no value", invalid},
          {R"({"node": {"tolerations": [{"key": "a", "tolerationSeconds": 3}]}})",
           "spec.node.tolerations[0].effect", "NoExecute", invalid},
          {R"({"node": {"tolerations": {"key": "a"}}})", "spec.node.tolerations", "a list",
           invalid},
          {R"({"node": {"updateStrategy": {"maxUnavailable": 1}}})",
           "spec.node.updateStrategy.maxUnavailable", "in quotes", invalid},
          {R"({"node": {"updateStrategy": {"maxUnavailable": "0"}}})",
           "spec.node.updateStrategy.maxUnavailable", "in quotes", invalid},
          {R"({"storageClasses": {"presets": {"tiers": ["Gold", "Platinum"]}}})",
           "spec.storageClasses.presets.tiers[1]", "Bronze, Silver, Gold, Custom", "UnknownPreset"},
          {R"({"storageClasses": {"presets": {"tiers": [1]}}})",
           "spec.storageClasses.presets.tiers", "a list of texts", invalid},
          {R"({"storageClasses": {"presets": {"fsType": "ntfs"}}})",
           "spec.storageClasses.presets.fsType", "ext4, xfs", invalid},
          {R"({"storageClasses": {"presets": {"retainVariants": "yes"}}})",
           "spec.storageClasses.presets.retainVariants", "true or false", invalid},
      }) {
    INFO(row.spec);
    const ParsedSpec parsed = parse_spec(plugin(json::parse(row.spec)), shipped());
    CHECK_FALSE(parsed.spec.has_value());
    REQUIRE_FALSE(parsed.faults.empty());
    const SpecFault& fault = parsed.faults.front();
    INFO(fault.sentence());
    CHECK(fault.field == row.field);
    CHECK(fault.sentence().find(row.words) != std::string::npos);
    CHECK(fault.reason == row.reason);
  }
}

TEST_CASE("all faults are found at once") {
  const ParsedSpec parsed =
      parse_spec(plugin(json::parse(R"({"driver": {"namespace": "A"}, "images": {"registry": "A/"},
                             "controller": {"replicas": 9}})")),
                 shipped());
  CHECK(parsed.faults.size() == 3);
  CHECK(parsed.bundle == &shipped().front());
}

TEST_CASE("no shape of a document is a crash") {
  for (const char* text :
       {R"({})", R"([])", R"(null)", R"("x")", R"({"spec": 3})", R"({"spec": {"driver": []}})",
        R"({"spec": {"images": {"overrides": 1}}})",
        R"({"metadata": [], "spec": {"driver": {"name": "ibmc-block"}}})",
        R"({"spec": {"driver": {"name": "ibmc-block"}}, "status": "x"})"}) {
    INFO(text);
    const json document = json::parse(text);
    CHECK_FALSE(parse_spec(document, shipped()).faults.empty());
    CHECK(is_managed(document));
  }
}

TEST_CASE("a name too long for a label is refused") {
  json document = plugin();
  document["metadata"]["name"] = std::string(64, 'a');
  CHECK(parse_spec(document, shipped()).faults.front().field == "metadata.name");
}

TEST_CASE("driver and namespace are locked while something is installed") {
  json document = plugin(json::parse(R"({"driver": {"namespace": "storage"}})"));
  document["status"] = {{"lockedDriverName", "ibmc-block"}, {"lockedNamespace", "kube-system"}};
  ParsedSpec parsed = parse_spec(document, shipped());
  REQUIRE(parsed.faults.size() == 1);
  CHECK(parsed.faults.front().field == "spec.driver.namespace");
  CHECK(parsed.faults.front().reason == "ImmutableFieldChanged");

  document = plugin(json::parse(R"({"driver": {"name": "other"}})"));
  document["status"] = {{"lockedDriverName", "ibmc-block"}};
  parsed = parse_spec(document, shipped());
  CHECK(parsed.faults.front().reason == "ImmutableFieldChanged");
  // A deletion still needs to know whose volumes block it.
  CHECK(parsed.bundle == &shipped().front());
}
