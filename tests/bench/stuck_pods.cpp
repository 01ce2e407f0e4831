// SPDX-License-Identifier: Apache-2.0
#include "bench/stuck_pods.h"

#include <fmt/format.h>

namespace bso::bench {
namespace {

using test::Json;

std::string collection(const std::string& ns, const char* plural) {
  return fmt::format("/api/v1/namespaces/{}/{}", ns, plural);
}

void make_claim(const test::Api& api, const std::string& ns, const std::string& claim) {
  const auto volume = fmt::format("pvc-{}-{}", ns, claim);
  const Json modes{"ReadWriteOnce"};
  const auto claims = collection(ns, "persistentvolumeclaims");
  const auto made = api.create(claims, {{"metadata", {{"name", claim}}},
                                        {"spec",
                                         {{"accessModes", modes},
                                          {"storageClassName", ""},
                                          {"volumeName", volume},
                                          {"resources", {{"requests", {{"storage", "20Gi"}}}}}}}});
  api.create("/api/v1/persistentvolumes",
             {{"metadata", {{"name", volume}}},
              {"spec",
               {{"accessModes", modes},
                {"capacity", {{"storage", "20Gi"}}},
                {"flexVolume", {{"driver", "ibm/ibmc-block"}, {"fsType", "ext4"}}},
                {"claimRef",
                 {{"apiVersion", "v1"},
                  {"kind", "PersistentVolumeClaim"},
                  {"namespace", ns},
                  {"name", claim},
                  {"uid", made.at("metadata").at("uid")}}}}}});
  api.merge("/api/v1/persistentvolumes/" + volume + "/status", {{"status", {{"phase", "Bound"}}}});
  api.merge(claims + "/" + claim + "/status",
            {{"status", {{"phase", "Bound"}, {"accessModes", modes}}}});
}

void make_pod(const test::Api& api, const std::string& ns, const std::string& name,
              const std::string& node, const std::string& claim, bool running) {
  const auto pods = collection(ns, "pods");
  const Json state = running ? Json{{"running", {{"startedAt", "2024-03-01T08:30:00Z"}}}}
                             : Json{{"waiting", {{"reason", "ContainerCreating"}}}};
  api.create(
      pods,
      {{"metadata", {{"name", name}}},
       {"spec",
        {{"nodeName", node},
         {"containers", {{{"name", "main"}, {"image", "registry.example.com/app:1"}}}},
         {"volumes", {{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", claim}}}}}}}}});
  api.merge(pods + "/" + name + "/status", {{"status",
                                             {{"phase", running ? "Running" : "Pending"},
                                              {"containerStatuses",
                                               {{{"name", "main"},
                                                 {"image", "registry.example.com/app:1"},
                                                 {"imageID", ""},
                                                 {"ready", running},
                                                 {"restartCount", 0},
                                                 {"state", state}}}}}}});
}

}  // namespace

std::vector<StuckPod> make_stuck_pods(const test::Api& api, const Etcd& etcd, const std::string& ns,
                                      std::size_t claims, std::size_t each) {
  api.create("/api/v1/namespaces", {{"metadata", {{"name", ns}}}});
  std::vector<StuckPod> made;
  for (std::size_t i = 0; i < claims; ++i) {
    const auto claim = fmt::format("data-{}", i);
    make_claim(api, ns, claim);
    make_pod(api, ns, fmt::format("holder-{}", i), "node-holding", claim, true);
    for (std::size_t j = 0; j < each; ++j) {
      const auto name = fmt::format("waiting-{}-{}", i, j);
      make_pod(api, ns, name, "node-waiting", claim, false);
      const auto key = fmt::format("{}/{}", ns, name);
      const auto stored = "/registry/pods/" + key;
      made.push_back({key, collection(ns, "pods") + "/" + name, {stored, etcd.get(stored)}});
    }
  }
  return made;
}

}  // namespace bso::bench
