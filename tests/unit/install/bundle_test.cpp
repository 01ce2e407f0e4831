// SPDX-License-Identifier: Apache-2.0
#include "install/bundle.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "codec/yaml.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

std::vector<BundleFile> files_of(const std::string& bundle) {
  std::vector<BundleFile> files;
  for (const BundleFile& file : embedded_bundles()) {
    if (file.path.starts_with(bundle + "/")) {
      files.push_back(file);
    }
  }
  return files;
}

// The shipped bundle ibmc-block with one change in one file.
std::string error_with(std::string_view file, std::string_view from, std::string_view to) {
  std::vector<std::string> texts;
  std::vector<BundleFile> files;
  const auto shipped_files = files_of("ibmc-block");
  for (const BundleFile& shipped_file : shipped_files) {
    texts.emplace_back(shipped_file.text);
  }
  std::size_t index = 0;
  for (const BundleFile& shipped_file : shipped_files) {
    std::string& text = texts[index++];
    if (shipped_file.path.ends_with(file)) {
      const std::size_t at = text.find(from);
      INFO(from);
      REQUIRE(at != std::string::npos);
      text.replace(at, from.size(), to);
    }
    files.push_back({shipped_file.path, text});
  }
  const auto bundle = load_bundle(files);
  return bundle ? "" : bundle.error().message;
}

}  // namespace

TEST_CASE("the shipped bundle ibmc-block loads") {
  REQUIRE(shipped().size() == 2);
  const Bundle& bundle = shipped().front();
  CHECK(bundle.name == "ibmc-block");
  CHECK(bundle.version == "2.5.26");
  CHECK(bundle.driver == "ibm/ibmc-block");
  CHECK(bundle.driver_kind == "FlexVolume");
  CHECK(bundle.provisioner == "ibm.io/ibmc-block");
  CHECK(bundle.access_granularity == "single-pod");
  CHECK(bundle.controller == kController);
  CHECK(bundle.node == kNode);
  CHECK(bundle.images.size() == 2);
  CHECK(bundle.classes.tiers.size() == 4);
  CHECK(bundle.manifests.size() == 5);
  CHECK(find_bundle(shipped(), "ibmc-block") == &bundle);
  CHECK(find_bundle(shipped(), "other") == nullptr);
  CHECK(bundle_names(shipped()) == "ibmc-block, ibm-vpc-block");
}

TEST_CASE("the embedded files are those of the repository") {
  for (const BundleFile& file : embedded_bundles()) {
    INFO(file.path);
    CHECK(read_file("operator/bundles/" + std::string(file.path)) == file.text);
  }
}

TEST_CASE("a faulty bundle is refused with file and field") {
  struct Row {
    std::string file, from, to, message;
  };
  for (const Row& row : std::vector<Row>{
           {"bundle.yaml", "kind: Bundle", "kind: Bndle", "kind"},
           {"bundle.yaml", "version: 2.5.26", "version: 2", "version"},
           {"bundle.yaml", "version: 2.5.26", "vesion: 2.5.26", "vesion"},
           {"bundle.yaml", "kind: FlexVolume", "kind: Flex", "driver.kind"},
           {"bundle.yaml", "accessGranularity: single-pod", "accessGranularity: pod",
            "single-node"},
           {"bundle.yaml", "controller: ibmcloud-block-storage-plugin", "controller: x",
            "workloads.controller"},
           {"bundle.yaml", "node: ibmcloud-block-storage-driver", "node: x", "workloads.node"},
           {"bundle.yaml", "icr.io/ibm/ibmcloud-block-storage-plugin", "icr.io/IBM/x", "images."},
           {"bundle.yaml", "icr.io/ibm/ibmcloud-block-storage-plugin", "icr.io/ibm/x:1", "no tag"},
           {"bundle.yaml", "ibmcloud-block-storage-plugin-container:", "other:", "has no image"},
           {"bundle.yaml", "[flexvolume-dir]", "[flexvolume]", "no pod has a hostPath volume"},
           {"bundle.yaml", "[KUBELET_ROOT_DIR]", "[KUBELET]", "no container has a variable"},
           {"bundle.yaml", "class: ibmc-block-gold", "class: Gold", "tiers[2]"},
           {"bundle.yaml", "iopsPerGB: \"4\"", "iopsPerGB: 4", "parameters[iopsPerGB]"},
           {"rbac.yaml", "kind: ServiceAccount\n", "kind: Secret\n", "known are: CSIDriver"},
           {"rbac.yaml", "apiVersion: v1\n", "apiVersion: v2\n", "a bundle cannot hold"},
           {"rbac.yaml", "  name: ibmcloud-block-storage-plugin\n", "  namespace: x\n", "metadata"},
           {"node.yaml", "name: ibmcloud-block-storage-driver\n",
            "name: ibmcloud-block-storage-driver\n  namespace: x\n", "metadata.namespace"},
           {"node.yaml", "- name: ibmcloud-block-storage-driver-container",
            "- name: ibmcloud-block-storage-driver-container\n          image: x",
            "names an image"},
           {"node.yaml", "- name: ibmcloud-block-storage-driver-container",
            "- name: ibmcloud-block-storage-plugin-container", "no workload has such a container"},
           {"node.yaml", "containers:", "cntainers:", "containers is missing"},
           {"node.yaml", "kind: DaemonSet", "kind: [", "node.yaml"},
       }) {
    INFO(row.from << " -> " << row.to);
    const std::string message = error_with(row.file, row.from, row.to);
    INFO(message);
    CHECK(message.find(row.message) != std::string::npos);
    CHECK(message.find("ibmc-block/") == 0);
  }
}

TEST_CASE("a bundle that loads can be rendered, whatever shape its manifests have") {
  const std::string head = R"(
apiVersion: blockstorage.dev/v1alpha1
kind: Bundle
name: b
version: "1"
driver: {name: d, kind: CSI, provisioner: p, accessGranularity: single-node}
workloads: {controller: c, node: d}
images: {x: {repository: r.io/x}, z: {repository: r.io/z}}
directories: {kubeletRootDir: {hostPaths: [h], env: [E]}}
)";
  const std::string manifests = R"(
apiVersion: v1
kind: ServiceAccount
metadata: {name: a}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d, labels: {}}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      volumes: [{name: h, hostPath: {path: /v}}]
      nodeSelector: {}
      imagePullSecrets: []
      containers: [{name: z, resources: {requests: {}, limits: {}}, env: [{name: E}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: c, annotations: {}}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      volumes: [{name: h, hostPath: {}}]
      containers: [{name: x, env: [{name: F}]}]
)";
  const json settings = {
      {"metadata", {{"name", "p"}}},
      {"spec",
       {{"driver", {{"name", "b"}}},
        {"images", {{"pullSecrets", {{{"name", "s"}}}}}},
        {"node",
         {{"nodeSelector", {{"a", "b"}}},
          {"resources", {{"z", {{"requests", {{"cpu", "1"}}}, {"limits", {{"cpu", "1"}}}}}}}}},
        {"storageClasses", {{"presets", {{"tiers", json::array()}}}}}}}};
  const auto error_of = [&](const std::string& text) -> std::string {
    const std::vector<BundleFile> files{{"b/bundle.yaml", head}, {"b/m.yaml", text}};
    const auto bundle = load_bundle(files);
    if (!bundle) {
      return bundle.error().message;
    }
    const auto parsed = parse_spec(settings, std::vector{*bundle});
    REQUIRE(parsed.spec);
    for (const auto& object : render(*bundle, *parsed.spec, {})) {
      CHECK(object.document->at("apiVersion") == object.ref.api_version());
    }
    return "";
  };
  CHECK(error_of(manifests) == "");

  struct Row {
    std::string from, to, message;
  };
  for (const Row& row : std::vector<Row>{
           {"{name: a}", "{name: a}\nspec: {template: {spec: {}}}", ""},
           {"{name: a}", "{name: a}\nspec: {template: {metadata: {labels: x}}}", "labels"},
           {"{name: a}", "{name: a, labels: [x]}", "metadata.labels"},
           {"{name: a}", "{name: a, labels: null}", ""},
           {"labels: {}", "labels: x", "metadata.labels"},
           {"annotations: {}", "annotations: 1", "metadata.annotations"},
           {"nodeSelector: {}", "nodeSelector: x", "nodeSelector"},
           {"imagePullSecrets: []", "imagePullSecrets: {}", "imagePullSecrets"},
           {"imagePullSecrets: []", "imagePullSecrets: null", ""},
           {"hostPath: {}", "hostPath: /v", "hostPath"},
           {"hostPath: {}", "secret: x", "secret"},
           {"volumes: [{name: h, hostPath: {}}]", "volumes: x", "volumes"},
           {"volumes: [{name: h, hostPath: {}}]", "volumes: [x]", "volumes"},
           {"requests: {}", "requests: x", "requests"},
           {"limits: {}", "limits: [x]", "limits"},
           {"resources: {requests: {}, limits: {}}", "resources: x", "resources"},
           {"resources: {requests: {}, limits: {}}", "resources: null", ""},
           {"env: [{name: F}]", "env: F", "env"},
           {"env: [{name: F}]", "env: [F]", "env"},
           {"apiVersion: v1", "apiVersion: xv1", "a bundle cannot hold"},
           {"apiVersion: apps/v1", "apiVersion: apps/xv1", "a bundle cannot hold"},
       }) {
    INFO(row.from << " -> " << row.to);
    std::string text = manifests;
    text.replace(text.find(row.from), row.from.size(), row.to);
    const std::string message = error_of(text);
    INFO(message);
    CHECK(message.empty() == row.message.empty());
    CHECK(message.find(row.message) != std::string::npos);
  }
}

TEST_CASE("a folder needs its bundle.yaml and its own name") {
  const std::vector<BundleFile> without{{"x/node.yaml", "a: 1"}};
  CHECK(load_bundles(without).error().message.find("there is no bundle.yaml") != std::string::npos);
  CHECK_FALSE(load_bundle({}).has_value());
  std::vector<std::string> paths;
  const auto shipped_files = files_of("ibmc-block");
  for (const BundleFile& file : shipped_files) {
    paths.push_back("other/" + std::string(file.path.substr(file.path.find('/') + 1)));
  }
  std::vector<BundleFile> renamed;
  std::size_t index = 0;
  for (const BundleFile& file : shipped_files) {
    renamed.push_back({paths[index++], file.text});
  }
  CHECK(load_bundles(renamed).error().message.find("is not the folder's name") !=
        std::string::npos);
}

TEST_CASE("the operator may grant all that the roles of its bundles grant", "[row-26]") {
  // Kubernetes lets nobody grant rights they do not hold, so manifests/ has to hold each of them.
  const auto documents = bso::codec::yaml_to_json(read_file("manifests/10-rbac.yaml"));
  REQUIRE(documents.has_value());
  json held = json::array();
  for (const json& document : *documents) {
    if (bso::codec::string_at(document, {"kind"}) == "ClusterRole") {
      for (const json& rule : document["rules"]) {
        held.push_back(rule);
      }
    }
  }
  const auto contains = [](const json& list, const json& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  const auto check = [&](const json& rule) {
    REQUIRE(rule["apiGroups"].size() == 1);
    REQUIRE(rule["resources"].size() == 1);
    for (const json& verb : rule["verbs"]) {
      const bool granted = std::any_of(held.begin(), held.end(), [&](const json& own) {
        return own.contains("apiGroups") && contains(own["apiGroups"], rule["apiGroups"][0]) &&
               contains(own["resources"], rule["resources"][0]) && contains(own["verbs"], verb) &&
               (!own.contains("resourceNames") ||
                (rule.contains("resourceNames") && own["resourceNames"] == rule["resourceNames"]));
      });
      INFO(rule.dump() << " " << verb);
      CHECK(granted);
    }
  };
  for (const Bundle& bundle : shipped()) {
    for (const auto& manifest : bundle.manifests) {
      const std::string kind = bso::codec::string_at(*manifest, {"kind"});
      if (kind == "ClusterRole" || kind == "Role") {
        for (const json& rule : manifest->at("rules")) {
          check(rule);
        }
      }
    }
  }
}

TEST_CASE("the operator holds the rights on every kind that a bundle may contain", "[row-26]") {
  const auto documents = bso::codec::yaml_to_json(read_file("manifests/10-rbac.yaml"));
  REQUIRE(documents.has_value());
  for (const KindInfo& kind : known_kinds()) {
    INFO(kind.kind);
    const json wanted = {"get", "list", "watch", "create", "patch", "delete"};
    bool held = false;
    for (const json& document : *documents) {
      if (bso::codec::string_at(document, {"metadata", "name"}) != "block-storage-operator" ||
          bso::codec::string_at(document, {"kind"}) != "ClusterRole") {
        continue;
      }
      for (const json& rule : document["rules"]) {
        const auto& groups = rule["apiGroups"];
        const auto& resources = rule["resources"];
        held = held || (std::find(groups.begin(), groups.end(), kind.group) != groups.end() &&
                        std::find(resources.begin(), resources.end(), kind.plural) !=
                            resources.end() &&
                        rule["verbs"] == wanted);
      }
    }
    CHECK(held);
  }
}
