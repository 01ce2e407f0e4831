// SPDX-License-Identifier: Apache-2.0
// Writes the inputs that the fuzzers begin with: fuzz_seeds DIRECTORY. They are what the unit tests
// know to be worth a look. The first four characters are those of fuzz::Input.
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "install/bundle.h"
#include "unit/cluster/proto_objects.h"
#include "unit/codec/protobuf_messages.h"

namespace {

using namespace bso;
using test::Proto;

class Corpus {
 public:
  Corpus(const std::filesystem::path& directory, std::string_view target)
      : directory_(directory / target) {
    std::filesystem::create_directories(directory_);
  }

  void add(std::string_view head, std::string_view bytes) {
    std::ofstream file(directory_ / fmt::format("seed-{:03}", count_++), std::ios::binary);
    file << head << bytes;
  }

 private:
  std::filesystem::path directory_;
  int count_ = 0;
};

/// An object with little more than metadata.
Proto object(std::string_view name, std::string_view version) {
  return Proto{}.with(1, Proto{}
                             .text(1, name)
                             .text(3, "shop")
                             .text(5, "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af")
                             .text(6, version)
                             .entry(12, "k8s.io/initial-events-end", "true"));
}

std::vector<std::string> records() {
  const auto claim = object("data", "1").str() + Proto{}
                                                     .with(2, Proto{}
                                                                  .text(1, "ReadWriteOnce")
                                                                  .text(3, "pvc-1")
                                                                  .text(5, "gold")
                                                                  .text(6, "Filesystem"))
                                                     .with(3, Proto{}.text(1, "Bound"))
                                                     .str();
  const auto volume =
      object("pvc-1", "2").str() +
      Proto{}
          .with(2, Proto{}
                       .with(2, Proto{}.with(22, Proto{}.text(1, "d.example").text(2, "handle")))
                       .text(3, "ReadWriteOnce")
                       .with(4, Proto{}.text(2, "shop").text(3, "data").text(4, "uid"))
                       .text(5, "Delete")
                       .text(6, "gold"))
          .str();
  const auto flex_volume =
      object("pvc-2", "3").str() +
      Proto{}
          .with(2, Proto{}.with(
                       2, Proto{}.with(12, Proto{}.text(1, "ibm/ibmc-block").entry(5, "a", "b"))))
          .str();
  const auto attachment =
      object("csi-1", "4").str() +
      Proto{}
          .with(2, Proto{}.text(1, "d.example").with(2, Proto{}.text(1, "pvc-1")).text(3, "node-a"))
          .with(3, Proto{}.number(1, 1).with(4, Proto{}.text(2, "no")))
          .str();
  const auto node =
      object("node-a", "5").str() +
      Proto{}
          .with(2, Proto{}.text(3, "ibm://x"))
          .with(3, Proto{}
                       .with(4, Proto{}
                                    .text(1, "Ready")
                                    .text(2, "True")
                                    .with(4, test::time_of(1'700'000'000)))
                       .text(9, "kubernetes.io/csi/d.example^handle")
                       .with(10, Proto{}.text(1, "kubernetes.io/csi/d.example^handle")))
          .str();
  const auto event =
      object("web-0.1", "6").str() +
      Proto{}
          .with(2, Proto{}.text(1, "Pod").text(2, "shop").text(3, "web-0").text(4, "uid"))
          .text(3, "FailedMount")
          .text(4, "MountVolume.SetUp failed for volume \"pvc-1\" : rpc error")
          .with(5, Proto{}.text(1, "kubelet").text(2, "node-a"))
          .with(7, test::time_of(1'700'000'000))
          .with(11, Proto{}.number(1, 3).with(2, test::time_of(1'700'000'100)))
          .text(14, "kubelet")
          .str();
  const auto percent = Proto{}.number(1, 1).text(3, "25%");
  const auto deployment =
      object("web", "7").str() +
      Proto{}
          .with(2, Proto{}.number(1, 3).with(
                       4, Proto{}
                              .text(1, "RollingUpdate")
                              .with(2, Proto{}.with(1, percent).with(2, Proto{}.number(2, 1)))))
          .str();
  return {test::full_pod().str(), claim, volume, flex_volume, attachment, node, event, deployment};
}

std::string status() {
  return Proto{}
      .text(2, "Failure")
      .text(3, "too old resource version: 1 (2)")
      .text(4, "Expired")
      .with(5, Proto{}
                   .with(4, Proto{}.text(1, "ResourceVersionTooLarge").text(2, "m").text(3, "f"))
                   .number(5, 7))
      .number(6, 410)
      .str();
}

std::string watch_body() {
  return test::framed(test::watch_event("ADDED", test::envelope("Pod", object("a", "1").str()))) +
         test::framed(
             test::watch_event("MODIFIED", test::envelope("Pod", object("b", "2").str(), false))) +
         test::framed(test::watch_event("BOOKMARK", test::envelope("Pod", object("", "3").str()))) +
         test::framed(test::watch_event("ERROR", test::envelope("Status", status())));
}

void wire(Corpus corpus) {
  for (const auto& record : records()) corpus.add("rAAA", record);
  const auto items = test::list_body({object("a", "1").str(), object("b", "2").str()});
  const auto big =
      test::list_body({object("a", "1").str() + Proto{}.text(2, std::string(5000, 'x')).str(),
                       object("b", "2").str()});
  for (const std::string_view head : {"lAAA", "lAAC", "lAAB", "l\x01\x07\x02"}) {
    corpus.add(head, test::envelope("PodList", items));
    corpus.add(head, test::envelope("PodList", big, false));
  }
  const auto oversize = test::framed(test::watch_event("DELETED", test::envelope("Pod", big)));
  for (const std::string_view head : {"wAAA", "wAAC", "wAAB", "w\x01\x07\x02"}) {
    corpus.add(head, watch_body());
    corpus.add(head, oversize + watch_body());
  }
  corpus.add("oAAA", test::envelope("Pod", object("a", "1").str()));
  corpus.add("oA\x02\x01", object("a", "1").str());
  corpus.add("oA\x02\x01",
             test::watch_event("ADDED", test::envelope("Pod", object("a", "1").str())));
  corpus.add("hAAA", "\xff\xff\xff\xff\x0f\x01");
  corpus.add("sAAA", status());
}

void watch(Corpus corpus) {
  corpus.add("pAAB", watch_body());
  corpus.add("p\x01\x07\x03", watch_body());
  const std::string pod =
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","resourceVersion":"7",)"
      R"("annotations":{"k8s.io/initial-events-end":"true"},"managedFields":[]}})";
  std::string body;
  for (const std::string_view type : {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "NEW"}) {
    body += fmt::format("{{\"type\":\"{}\",\"object\":{}}}\r\n", type, pod);
  }
  const std::string failure =
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"m","reason":"Conflict",)"
      R"("details":{"retryAfterSeconds":5,"causes":[{"reason":"FieldManagerConflict",)"
      R"("message":"conflict with \"kubectl\" using apps/v1","field":".spec"}]},"code":409})";
  body += "{\"type\":\"ERROR\",\"object\":" + failure + "}\n";
  corpus.add("jAAA", body);
  corpus.add("j\x05\x01\x02", body);
  corpus.add("l\x05\x01\x02", "one\r\n\ntwo\n" + std::string(500, 'x') + "\nthree");
  corpus.add("lAAB", std::string(5000, 'x') + "\n");
  corpus.add("dAAA", R"({"a":{"b":[1,-2.5e3,"\u00e9\ud83d\ude00"],"c":true}})"
                     "\n"
                     R"({"a":{"b":[],"d":{"e":"f"}}})");
  corpus.add("aAAA", "application/json\n" + failure);
  corpus.add("aAAB", "application/vnd.kubernetes.protobuf\n" + test::envelope("Status", status()));
  corpus.add("aAAA", "text/html\n<html>\n Authorization: Bearer abc\xc3\xa9 </html>");
  corpus.add("u\x01\x02\x03", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xed\xa0\x80");
}

void kubeconfig(Corpus corpus) {
  const std::string certificate =
      codec::encode_base64("-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n");
  const std::string key =
      codec::encode_base64("-----BEGIN EC PRIVATE KEY-----\na2V5\n-----END EC PRIVATE KEY-----\n");
  const auto with = [](std::string_view cluster, std::string_view user) {
    return fmt::format(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
        "clusters:\n- name: c\n  cluster: {{{}}}\nusers:\n- name: u\n  user: {{{}}}\n"
        "contexts:\n- name: x\n  context: {{cluster: c, user: u, namespace: shop}}\n",
        cluster, user);
  };
  corpus.add("kAAA", with("server: 'https://host:6443/k8s'", "token: abc"));
  corpus.add("kAAA", with("server: 'https://[fd00::1]', certificate-authority-data: " +
                              certificate + ", proxy-url: 'socks5://u:p%20q@proxy'",
                          "client-certificate-data: " + certificate + ", client-key-data: " + key));
  corpus.add("kAAA", with("server: 'http://host', insecure-skip-tls-verify: true, "
                          "tls-server-name: n, disable-compression: true",
                          "username: u, password: 'p', as: a, as-uid: '1', as-groups: [g], "
                          "as-user-extra: {k: [v]}"));
  corpus.add("kAAA",
             with("server: 'https://host', extensions: [{name: client.authentication.k8s.io/exec, "
                  "extension: {a: b}}]",
                  "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get, args: [a], "
                  "env: [{name: N, value: V}], installHint: h, interactiveMode: Never, "
                  "provideClusterInfo: true}"));
  corpus.add("kAAA", with("server: 'https://host'", "auth-provider: {name: gcp}"));
  for (const std::string_view yaml :
       {"a: &x {k: 1}\nb: {<<: *x, l: 0777}\n---\n- yes\n- ~\n- 1_000\n- .5\n- 1e3\n",
        "%YAML 1.1\n---\na: 'it''s'\nb: \"\\u00e9\\n\"\nc: |-\n  x\n  y\nd: >\n  z\n...\n",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "? a\n: b\n!!str 1: !!int '2'\n", ",",
        "[[[[]]]]", "a: {b: [1, {c: d}], \"e\":f}\n# comment\n"}) {
    corpus.add("yAAA", yaml);
  }
  corpus.add("jAAA",
             R"({"a":[1.5,-0.0,1e400,18446744073709551615,"\u0085\u2028","y","<<"],"<<":{}})");
  corpus.add("jAAA", R"({"a":[1.5,-3,1e20,18446744073709551615,"é\n\t","no","~"],"b":{"c":null}})");
  corpus.add("uAAA", "HTTPS://Host.example.com:6443/a//");
  corpus.add("uAAA", "https://[fd00::1]:6443/k8s/");
  corpus.add("pAAA", "http://user:p%40ss@proxy:3128/");
  corpus.add("pAAA", "socks5://[::1]");
  corpus.add("bAAA", certificate);
  corpus.add("tAAA", "2026-05-04T03:12:09.123456Z");
  corpus.add("tAAA", "2024-02-29T23:59:60-11:30");
  corpus.add("xAAA",
             R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{)"
             R"("token":" t ","expirationTimestamp":"2026-05-04T03:12:09Z"}})");
  corpus.add("xAAA",
             R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{)"
             R"("clientCertificateData":"-----BEGIN CERTIFICATE-----\n","clientKeyData":)"
             R"("-----BEGIN PRIVATE KEY-----\n"}})");
}

/// Every message of the unit tests' catalogue, and files of events as `explain` reads them.
void catalogued_messages(Corpus& corpus) {
  std::ifstream lines(BSO_SOURCE_DIR "/tests/unit/diagnosis/catalogue.jsonl");
  std::string line;
  while (std::getline(lines, line)) {
    corpus.add("eAAA", line);
    if (const auto one = codec::parse_json(line)) {
      corpus.add("mAAA", codec::string_at(*one, {"message"}));
    }
  }
  corpus.add("eAAA",
             R"({"kind":"List","items":[
{"reason":"FailedMount","source":{"component":"kubelet"},"message":"already attached"},
{"reason":"r","reportingController":"c","note":"n"},7]})");
  corpus.add("eAAA",
             "  Warning  FailedMount  8s (x3 over 9s)  kubelet, n  MountVolume.SetUp failed for "
             "volume \"v\" : is already mounted\n8s   Warning   FailedMount   pod/a   text\n"
             "E0917 03:48:27.361412       1 a.go:301] Operation for \"x\" failed. Error: \"y\"\n"
             "{\"message\":\n{}\n");
}

void messages(Corpus corpus) {
  for (const std::string_view message :
       {"MountVolume.SetUp failed for volume \"pvc-1\" : mount command failed, status: Failure, "
        "reason: Error while mounting the volume &errors.errorString{s:\"RWO check has failed. "
        "DevicePath /var/data/kubelet/plugins/kubernetes.io/flexvolume/ibm/ibmc-block/mounts/pvc-1 "
        "is already mounted on mountpath /var/data/kubelet/pods/"
        "0e39f8c6-ab9b-11e9-bc03-7eb7daa184af/volumes/ibm~ibmc-block/pvc-1 \"}",
        "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) a, b and 2 "
        "pod(s) in different namespaces",
        "Waiting for detach for volume \"pvc-1\" Volume is already exclusively attached to one "
        "node and can't be attached to another",
        "AttachVolume.Attach failed for volume \"pvc-\\\"1\" : rpc error: code = "
        "FailedPrecondition desc = already attached to the node n-2%!!(MISSING)f(MISSING)",
        "MapVolume.MapPodDevice failed for volume \"v\" : device already mounted at "
        "[/var/lib/kubelet/pods/0123456789abcdef0123456789abcdef/volumeDevices/d~e/v]",
        "(combined from similar events): MountVolume.SetUp failed for volume \"v\" : volume uses "
        "the ReadWriteOncePod access mode and is already in use by another pod",
        "Unable to attach or mount volumes: unmounted volumes=[data]: timed out"}) {
    corpus.add("mAAA", message);
    corpus.add("m\x03\x01\x09", message);
  }
  catalogued_messages(corpus);
  std::string long_names = "\x17\x01";
  for (int i = 0; i < 20; ++i) long_names += "\n" + std::string(253, '\xff');
  corpus.add("vAAA", long_names);
  for (char cause = 0; cause < 13; ++cause) {
    for (char state = 0; state < 4; ++state) {
      corpus.add("vAAA", std::string{static_cast<char>(cause + 13), state} +
                             "AAAA\nshop\nweb-0\nnode-a\nDeployment\nweb\ndata\nclaim\npv\n"
                             "d.example\nnode-b\ncsi-1\nuid\nwords \xc3\xa9\x1b[0m\n"
                             "web-1\nnode-b\nReplicaSet\nweb\n1\nRunning\nweb-2\nnode-c");
    }
  }
}

void bundle(Corpus corpus) {
  std::map<std::string_view, std::string> folders;
  for (const auto& file : install::embedded_bundles()) {
    const auto name = file.path.substr(file.path.rfind('/') + 1);
    auto& whole = folders[file.path.substr(0, file.path.find('/'))];
    whole += fmt::format("{}{}\n{}", whole.empty() ? "" : "\n# ", name, file.text);
  }
  for (auto& [folder, whole] : folders) {
    // The comments in the files would begin files too.
    for (auto at = whole.find("\n#"); at != std::string::npos; at = whole.find("\n#", at)) {
      const auto end = whole.find('\n', at + 1);
      const bool begins_file = whole.find(".yaml\n", at) < end;
      if (begins_file) {
        at = end;
      } else {
        whole.erase(at, end - at);
      }
    }
    corpus.add("bAAA", whole);
  }
  const std::string small = R"(bundle.yaml
apiVersion: blockstorage.dev/v1alpha1
kind: Bundle
name: b
version: "1"
driver: {name: d, kind: CSI, provisioner: p, accessGranularity: single-node}
workloads: {controller: c, node: d}
images: {x: {repository: r.io/x}, z: {repository: r.io/z, tag: "2"}}
directories: {kubeletRootDir: {hostPaths: [h], env: [E]}}
storageClasses: {tiers: [{name: T, class: t, retainClass: u, parameters: {a: b}}]}

# m.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: c, labels: {a: b}, annotations: {c: d}}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      nodeSelector: {a: b}
      imagePullSecrets: [{name: s}]
      containers: [{name: x, resources: {requests: {cpu: "1"}}, env: [{name: E, value: v}]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: d}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      volumes: [{name: h, hostPath: {path: /x}}]
      containers: [{name: z}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: a}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: r}
subjects: [{kind: ServiceAccount, name: a}]
)";
  corpus.add("bAAA", small);
  // The same with what is no pod put in the shape of one.
  corpus.add("bAAA", small + "spec: {template: {metadata: {labels: {a: b}}, spec: {}}}\n");
  for (const std::string_view image :
       {"icr.io/ibm/driver:2.5.26", "localhost:5000/a__b/c-d.e", "[::1]:5000/x",
        "x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "X/y:z"}) {
    corpus.add("iAAA", image);
  }
  for (const std::string_view example :
       {"examples/blockstorageplugin-full.yaml", "examples/blockstorageplugin-minimal.yaml"}) {
    if (const auto text = read_file(std::string(BSO_SOURCE_DIR "/").append(example))) {
      corpus.add("sAAA", *text);
    }
  }
  corpus.add("oAAA",
             R"({"metadata":{"uid":"u","generation":2,"labels":{"app.kubernetes.io/managed-by":)"
             R"("block-storage-operator","blockstorage.dev/plugin":"p"},"annotations":{)"
             R"("blockstorage.dev/applied-hash":"x"}},"spec":{"replicas":1,"template":{"spec":{)"
             R"("containers":[{"name":"a","image":"b","resources":{"requests":{"cpu":"0.1"}}}]}}},)"
             R"("parameters":{"a":"b"},"status":{"readyReplicas":1,"inventory":[{"group":"apps",)"
             R"("kind":"DaemonSet","namespace":"n","name":"a","uid":"u","hash":"h"}]}})");
}

void dump(Corpus corpus) {
  for (const std::string_view name : {"ibmc-block.json", "gke-pd.json", "rollout-deadlock.yaml"}) {
    const auto path = fmt::format("{}/examples/dumps/{}", BSO_SOURCE_DIR, name);
    if (const auto text = read_file(path)) corpus.add("dAAA", *text);
  }
  // Small enough to be changed in every place; the pod has the name that is asked for.
  const std::string small =
      R"({"kind":"List","items":[{"kind":"Pod","metadata":{"name":"web-0","namespace":"shop",)"
      R"("uid":"u1","creationTimestamp":"2026-05-04T03:12:09Z","ownerReferences":[{"kind":)"
      R"("ReplicaSet","name":"web","uid":"r","controller":true}]},"spec":{"nodeName":"a","volumes":)"
      R"([{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]},"status":{"phase":"Pending"}},)"
      R"({"kind":"Pod","metadata":{"name":"web-1","namespace":"shop","uid":"u2"},"spec":{"nodeName":)"
      R"("b","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]},"status":{"phase":)"
      R"("Running","containerStatuses":[{"state":{"running":{}}}]}},{"kind":"PersistentVolumeClaim",)"
      R"("metadata":{"name":"c","namespace":"shop"},"spec":{"volumeName":"p","accessModes":)"
      R"(["ReadWriteOnce"]},"status":{"phase":"Bound"}},{"kind":"Event","metadata":{"name":"e"},)"
      R"("involvedObject":{"kind":"Pod","namespace":"shop","name":"web-0","uid":"u1"},"reason":)"
      R"("FailedMount","message":"MountVolume.SetUp failed for volume \"p\" : in use","source":)"
      R"({"component":"kubelet"},"lastTimestamp":"2026-05-04T03:13:09Z"}]})";
  corpus.add("dAAA", small);
  corpus.add("dAAB", small + "\n" + small);
  corpus.add("cAAA", small);
  corpus.add("dAAA",
             R"({"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"web-0",)"
             R"("namespace":"shop"},"status":{"conditions":[{"type":"PodScheduled","status":)"
             R"("False","message":"ReadWriteOncePod access mode"}]}}]})");
  corpus.add("dAAA",
             "kind: ConfigMap\nmetadata: {name: block-storage-operator-driver-rules}\ndata:\n"
             "  rules.yaml: |\n    drivers: {d.example: single-pod}\n    storageClasses:\n"
             "      gold: not-exclusive\n---\nkind: StorageClass\nmetadata: {name: s}\n"
             "provisioner: zfs.csi.openebs.io\nparameters: {shared: \"yes\"}\n---\n"
             "kind: CSIDriver\nmetadata: {name: d.example}\nspec: {attachRequired: false}\n");
  corpus.add("dAAA",
             "kind: Pod\nmetadata: {name: web-0, namespace: shop}\nspec: {nodeName: a}\n"
             "status:\n  containerStatuses:\n  - {name: c, image: i, state: {waiting: "
             "{reason: ImagePullBackOff, message: m}}}\n---\nkind: Node\n"
             "metadata: {name: a}\n");
  corpus.add("cAAA", R"([{"items":[1,"}",{"a":"\\\""}],"kind":"List"},[],{}])");
}

void http(Corpus corpus) {
  corpus.add("qAAA",
             "GET\x01/api/v1/pods?limit=1\x01\x01"
             "X-A\x01"
             "b");
  corpus.add("qAAC",
             "POST\x01/apis\x01"
             "application/json\x01"
             "Bearer t\x01"
             "group a\x01"
             "If-Match\x01"
             "\"1\"\x01"
             "X-B\x01"
             "c");
  corpus.add("qAAA",
             "G ET\x01/a b\x01t\r\nX: y\x01Host\x01"
             "c");
  corpus.add("pAAA", "shop\nweb-0/../\xc3\xa9?#");
  corpus.add("hAAB", "identity\nhttps://user:secret@login.example.com/path?query");
  corpus.add("hAAA", "gzip\n");
  for (const std::string_view pause :
       {"5", "120", "99999999999", "-1", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
    corpus.add("rAAA", pause);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path directory = arguments[1];
  wire(Corpus(directory, "wire"));
  watch(Corpus(directory, "watch"));
  kubeconfig(Corpus(directory, "kubeconfig"));
  messages(Corpus(directory, "messages"));
  bundle(Corpus(directory, "bundle"));
  dump(Corpus(directory, "dump"));
  http(Corpus(directory, "http"));
  return 0;
}
