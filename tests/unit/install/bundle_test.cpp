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

// The shipped bundle with one change in one file.
std::string error_with(std::string_view file, std::string_view from, std::string_view to) {
  std::vector<std::string> texts;
  std::vector<BundleFile> files;
  for (const BundleFile& shipped_file : embedded_bundles()) {
    texts.emplace_back(shipped_file.text);
  }
  std::size_t index = 0;
  for (const BundleFile& shipped_file : embedded_bundles()) {
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
  REQUIRE(shipped().size() == 1);
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
  CHECK(bundle_names(shipped()) == "ibmc-block");
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
           {"rbac.yaml", "kind: ServiceAccount\n", "kind: Secret\n", "known are: ServiceAccount"},
           {"rbac.yaml", "apiVersion: v1\n", "apiVersion: v2\n", "a bundle cannot hold"},
           {"rbac.yaml", "  name: ibmcloud-block-storage-plugin\n", "  namespace: x\n", "metadata"},
           {"node.yaml", "name: ibmcloud-block-storage-driver\n",
            "name: ibmcloud-block-storage-driver\n  namespace: x\n", "metadata.namespace"},
           {"node.yaml", "- name: ibmcloud-block-storage-driver-container",
            "- name: ibmcloud-block-storage-driver-container\n          image: x",
            "names an image"},
           {"node.yaml", "- name: ibmcloud-block-storage-driver-container",
            "- name: ibmcloud-block-storage-plugin-container", "twice"},
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

TEST_CASE("a folder needs its bundle.yaml and its own name") {
  const std::vector<BundleFile> without{{"x/node.yaml", "a: 1"}};
  CHECK(load_bundles(without).error().message.find("there is no bundle.yaml") != std::string::npos);
  CHECK_FALSE(load_bundle({}).has_value());
  std::vector<std::string> paths;
  for (const BundleFile& file : embedded_bundles()) {
    paths.push_back("other/" + std::string(file.path.substr(file.path.find('/') + 1)));
  }
  std::vector<BundleFile> renamed;
  std::size_t index = 0;
  for (const BundleFile& file : embedded_bundles()) {
    renamed.push_back({paths[index++], file.text});
  }
  CHECK(load_bundles(renamed).error().message.find("is not the folder's name") !=
        std::string::npos);
}

TEST_CASE("the operator may grant all that the bundle's role grants") {
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
  for (const auto& manifest : shipped().front().manifests) {
    if (bso::codec::string_at(*manifest, {"kind"}) != "ClusterRole") {
      continue;
    }
    for (const json& rule : manifest->at("rules")) {
      for (const json& verb : rule["verbs"]) {
        const bool granted = std::any_of(held.begin(), held.end(), [&](const json& own) {
          return own.contains("apiGroups") && contains(own["apiGroups"], rule["apiGroups"][0]) &&
                 contains(own["resources"], rule["resources"][0]) && contains(own["verbs"], verb) &&
                 (!own.contains("resourceNames") ||
                  (rule.contains("resourceNames") &&
                   own["resourceNames"] == rule["resourceNames"]));
        });
        INFO(rule.dump() << " " << verb);
        CHECK(granted);
      }
    }
  }
}
