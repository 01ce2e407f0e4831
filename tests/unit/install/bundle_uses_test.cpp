// SPDX-License-Identifier: Apache-2.0
// What bundle.yaml says that a setting reaches, by a bundle of its own.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "install/render.h"
#include "install/status.h"
#include "unit/install/support.h"

using namespace bso::install;
using namespace bso::install::test;
using nlohmann::json;

namespace {

const std::string kHead = R"(apiVersion: blockstorage.dev/v1alpha1
kind: Bundle
name: b
version: "1"
driver: {name: d.example, kind: CSI, provisioner: p, accessGranularity: single-node}
workloads: {controller: c, node: nd}
images: {x: {repository: r.io/x}, prepare: {repository: r.io/prepare, tag: "7"}, z: {repository: r.io/z}}
directories:
  kubeletRootDir: {hostPaths: [root, below], mounts: [root], env: [SOCKET], arguments: [--path=]}
logLevels:
  x: {argument: --v=, Normal: "1", Debug: "5", Trace: "9"}
  z: {env: LEVEL, Normal: info, Debug: debug, Trace: trace}
credentials: {secret: account, env: [ACCOUNT], volumes: [auth], roles: [reader]}
gates:
- {kind: CSIDriver, name: d.example, field: spec.seLinuxMount, minimum: "1.25"}
- {kind: CSIDriver, name: d.example, field: spec.old, maximum: "1.22"}
- {kind: ConfigMap, name: late, minimum: "1.30"}
)";

const std::string kManifests = R"(apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: d.example}
spec: {attachRequired: true, seLinuxMount: true, old: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: late}
data: {a: b}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [secrets], resourceNames: [account, other], verbs: [get]}
- {apiGroups: [""], resources: [pods], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: a}, {kind: User, name: u}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: nd}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      volumes:
      - {name: root, hostPath: {path: /var/lib/kubelet}}
      - {name: below, hostPath: {path: /var/lib/kubelet/plugins/d}}
      - {name: auth, secret: {secretName: account}}
      initContainers: [{name: prepare, args: [--path=/var/lib/kubelet/x]}]
      containers:
      - name: z
        env: [{name: LEVEL, value: info}, {name: SOCKET, value: /var/lib/kubelet/s.sock},
              {name: ACCOUNT, value: account}]
        volumeMounts: [{name: root, mountPath: /var/lib/kubelet}, {name: below, mountPath: /csi}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: c}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      containers: [{name: x, args: [--v=1, --other]}]
)";

bso::Result<Bundle> load(const std::string& head, const std::string& manifests) {
  const std::vector<BundleFile> files{{"b/bundle.yaml", head}, {"b/m.yaml", manifests}};
  return load_bundle(files);
}

std::vector<DesiredObject> rendered_with(const json& spec, const ServerVersion& server = {}) {
  auto bundle = load(kHead, kManifests);
  INFO((bundle ? "" : bundle.error().message));
  REQUIRE(bundle.has_value());
  const std::vector<Bundle> bundles{*bundle};
  json document = plugin(spec);
  document["spec"]["driver"]["name"] = "b";
  const ParsedSpec parsed = parse_spec(document, bundles);
  INFO((parsed.faults.empty() ? "" : parsed.faults.front().sentence()));
  REQUIRE(parsed.spec.has_value());
  return render(bundles.front(), *parsed.spec, server);
}

const json& pod_of(const std::vector<DesiredObject>& objects, std::string_view kind,
                   std::string_view name) {
  return (*object_named(objects, kind, name).document)["spec"]["template"]["spec"];
}

}  // namespace

TEST_CASE("a directory is replaced at the beginning of every place that a bundle names",
          "[row-29]") {
  const auto objects = rendered_with(json::parse(R"({"driver": {"kubeletRootDir": "/data/k"}})"));
  const json& pod = pod_of(objects, "DaemonSet", "nd");
  CHECK(pod["volumes"][0]["hostPath"]["path"] == "/data/k");
  CHECK(pod["volumes"][1]["hostPath"]["path"] == "/data/k/plugins/d");
  CHECK(pod["initContainers"][0]["args"] == json::parse(R"(["--path=/data/k/x"])"));
  CHECK(pod["containers"][0]["env"][1]["value"] == "/data/k/s.sock");
  CHECK(pod["containers"][0]["volumeMounts"][0]["mountPath"] == "/data/k");
  CHECK(pod["containers"][0]["volumeMounts"][1]["mountPath"] == "/csi");
}

TEST_CASE("spec.logLevel reaches a container by its argument or its variable") {
  const auto levels = [](const char* level) {
    const auto objects = rendered_with({{"logLevel", level}});
    return std::pair{
        pod_of(objects, "StatefulSet", "c")["containers"][0]["args"].dump(),
        pod_of(objects, "DaemonSet", "nd")["containers"][0]["env"][0]["value"].get<std::string>()};
  };
  CHECK(levels("Normal") == std::pair{std::string(R"(["--v=1","--other"])"), std::string("info")});
  CHECK(levels("Debug") == std::pair{std::string(R"(["--v=5","--other"])"), std::string("debug")});
  CHECK(levels("Trace") == std::pair{std::string(R"(["--v=9","--other"])"), std::string("trace")});
}

TEST_CASE("the Secret's name reaches variables, volumes and roles") {
  const auto objects =
      rendered_with(json::parse(R"({"driver": {"credentialsSecretRef": {"name": "mine"}}})"));
  const json& pod = pod_of(objects, "DaemonSet", "nd");
  CHECK(pod["containers"][0]["env"][2]["value"] == "mine");
  CHECK(pod["volumes"][2]["secret"]["secretName"] == "mine");
  const json& role = *object_named(objects, "Role", "reader").document;
  CHECK(role["rules"][0]["resourceNames"] == json::parse(R"(["mine", "other"])"));
  const auto without = rendered_with(json::object());
  const json& as_is = *object_named(without, "Role", "reader").document;
  CHECK(as_is["rules"][0]["resourceNames"] == json::parse(R"(["account", "other"])"));
}

TEST_CASE("init containers get images, and a StatefulSet may be the controller") {
  const auto objects = rendered_with(
      json::parse(R"({"controller": {"replicas": 3}, "images": {"registry": "m.io"}})"));
  CHECK(pod_of(objects, "DaemonSet", "nd")["initContainers"][0]["image"] == "m.io/prepare:7");
  CHECK((*object_named(objects, "StatefulSet", "c").document)["spec"]["replicas"] == 3);
  const json& binding = *object_named(objects, "RoleBinding", "reader").document;
  CHECK(binding["metadata"]["namespace"] == "kube-system");
  CHECK(binding["subjects"][0]["namespace"] == "kube-system");
  CHECK_FALSE(binding["subjects"][1].contains("namespace"));
}

TEST_CASE("pods of a StatefulSet count as available when a server before 1.22 says only ready") {
  const auto objects = rendered_with(json::object());
  const DesiredObject& controller = object_named(objects, "StatefulSet", "c");
  json document = *controller.document;
  document["status"] = {{"readyReplicas", 1}, {"updatedReplicas", 1}};
  CHECK(observe(controller.ref, &document, &controller, "p").available == 1);
  document["status"]["availableReplicas"] = 0;
  CHECK(observe(controller.ref, &document, &controller, "p").available == 0);
}

TEST_CASE("what a server does not know is not sent to it") {
  const auto driver_for = [](int minor) {
    const auto objects = rendered_with(json::object(), {.minor = minor});
    json spec = (*object_named(objects, "CSIDriver", "d.example").document)["spec"];
    spec["late"] = std::any_of(objects.begin(), objects.end(), [](const DesiredObject& object) {
      return object.ref.kind == "ConfigMap";
    });
    return spec;
  };
  CHECK(driver_for(20) == json::parse(R"({"attachRequired": true, "old": 1, "late": false})"));
  CHECK(driver_for(22) == driver_for(20));
  CHECK(driver_for(23) == json::parse(R"({"attachRequired": true, "late": false})"));
  CHECK(driver_for(25) ==
        json::parse(R"({"attachRequired": true, "seLinuxMount": true, "late": false})"));
  CHECK(driver_for(30)["late"] == true);
}

TEST_CASE("a bundle that points at what is not there is refused") {
  struct Row {
    std::string from, to, message;
  };
  for (const Row& row : std::vector<Row>{
           {"hostPaths: [root, below]", "hostPaths: [roof]", "hostPath volume named roof"},
           {"mounts: [root]", "mounts: [roof]", "mounts a volume named roof"},
           {"env: [SOCKET]", "env: [SOCK]", "variable named SOCK"},
           {"arguments: [--path=]", "arguments: [--way=]", "begins with --way="},
           {"arguments: [--path=]", "arguments: [\"\"]", "begins with"},
           {"x: {argument: --v=,", "x: {argument: --w=,", "logLevels.x"},
           {"x: {argument: --v=,", "x: {argument: --v=, env: V,", "logLevels.x"},
           {"x: {argument: --v=,", "x: {", "logLevels.x"},
           {"x: {argument", "w: {argument", "logLevels.w"},
           {"env: LEVEL,", "env: LEVLE,", "logLevels.z"},
           {"Normal: info, ", "", "a level has no value"},
           {"Trace: \"9\"", "Trace: 9", "logLevels.x.Trace"},
           {"secret: account, ", "", "credentials"},
           {"secret: account, env: [ACCOUNT], volumes: [auth], roles: [reader]", "secret: account",
            "credentials"},
           {"env: [ACCOUNT]", "env: [CONTO]", "variable named CONTO"},
           {"volumes: [auth]", "volumes: [root]", "made of a Secret named root"},
           {"roles: [reader]", "roles: [writer]", "writer"},
           {"secret: account", "secret: acount", "credentials.roles"},
           {"minimum: \"1.25\"", "minimum: 1.25", "gates[0].minimum"},
           {"minimum: \"1.25\"", "minimum: \"25\"", "gates[0].minimum"},
           {", minimum: \"1.30\"", "", "no version is named"},
           {"name: late, minimum", "name: early, minimum", "there is no ConfigMap early"},
           {"field: spec.old", "field: spec.older", "has no field spec.older"},
           {"field: spec.old", "field: metadata.name", "every object needs it"},
           {"kind: ConfigMap, name: late", "kind: StatefulSet, name: c", "the same for every"},
           {"driver: {name: d.example", "driver: {name: e.example", "that of the CSIDriver"},
           {"controller: c", "controller: d", "one Deployment or one StatefulSet d"}}) {
    std::string head = kHead;
    const std::size_t at = head.find(row.from);
    INFO(row.from << " -> " << row.to);
    REQUIRE(at != std::string::npos);
    head.replace(at, row.from.size(), row.to);
    const auto bundle = load(head, kManifests);
    REQUIRE_FALSE(bundle.has_value());
    INFO(bundle.error().message);
    CHECK(bundle.error().message.find(row.message) != std::string::npos);
  }
}

TEST_CASE("a bundle without a controller is one of a driver that makes no volumes") {
  const std::string without =
      kManifests.substr(0, kManifests.find("---\napiVersion: apps/v1\nkind: StatefulSet"));
  std::string head = kHead;
  head.replace(head.find("controller: c, "), 15, "");
  head.replace(head.find("x: {repository: r.io/x}, "), 25, "");
  const std::size_t level = head.find("  x: {argument");
  head.erase(level, head.find('\n', level) + 1 - level);
  const auto bundle = load(head, without);
  INFO((bundle ? "" : bundle.error().message));
  REQUIRE(bundle.has_value());
  const std::vector<Bundle> bundles{*bundle};
  json document = plugin();
  document["spec"]["driver"]["name"] = "b";
  const ParsedSpec parsed = parse_spec(document, bundles);
  REQUIRE(parsed.spec.has_value());
  const auto desired = render(bundles.front(), *parsed.spec, {});
  const auto observed = all_running(desired);
  const auto status = compute_status({.plugin = document,
                                      .parsed = parsed,
                                      .desired = desired,
                                      .observed = observed,
                                      .operator_version = "0.1.0",
                                      .now = "2026-05-04T03:12:09Z"});
  CHECK((*status)["phase"] == "Ready");
  CHECK((*status)["components"].size() == 1);
}
