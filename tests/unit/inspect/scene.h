// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "inspect/snapshot.h"

namespace bso::test {

using nlohmann::json;

/// Objects as a server hands them out, with what the tests need and no more.
inline json object_json(const std::string& kind, const std::string& ns, const std::string& name) {
  return {{"kind", kind},
          {"metadata",
           {{"name", name},
            {"namespace", ns},
            {"uid", "uid-" + ns + "-" + name},
            {"creationTimestamp", "2026-05-04T03:00:00Z"}}}};
}

inline json pod_json(const std::string& name, const std::string& node, bool running,
                     const std::string& ns = "shop", const std::string& claim = "data") {
  auto pod = object_json("Pod", ns, name);
  pod["spec"] = {{"nodeName", node}};
  if (!claim.empty()) {
    pod["spec"]["volumes"] =
        json::array({{{"name", "v"}, {"persistentVolumeClaim", {{"claimName", claim}}}}});
  }
  pod["status"] = {
      {"phase", running ? "Running" : "Pending"},
      {"conditions", json::array({{{"type", "Ready"}, {"status", running ? "True" : "False"}}})},
      {"containerStatuses", json::array()}};
  if (running) {
    pod["status"]["containerStatuses"].push_back(
        {{"name", "c"}, {"state", {{"running", {{"startedAt", "2026-05-04T03:00:09Z"}}}}}});
  }
  return pod;
}

inline json claim_json(const std::string& pv = "pv-1", const std::string& ns = "shop",
                       const std::string& name = "data") {
  auto claim = object_json("PersistentVolumeClaim", ns, name);
  claim["spec"] = {{"volumeName", pv}, {"accessModes", json::array({"ReadWriteOnce"})}};
  claim["status"] = {{"phase", "Bound"}};
  return claim;
}

inline json volume_json(const std::string& driver, const std::string& name = "pv-1",
                        const std::string& ns = "shop", const std::string& claim = "data") {
  json volume{{"kind", "PersistentVolume"}, {"metadata", {{"name", name}, {"uid", "uid-" + name}}}};
  volume["spec"] = {{"accessModes", json::array({"ReadWriteOnce"})},
                    {"claimRef", {{"namespace", ns}, {"name", claim}}}};
  if (driver.find('/') == std::string::npos) {
    volume["spec"]["csi"] = {{"driver", driver}, {"volumeHandle", "disk"}};
  } else {
    volume["spec"]["flexVolume"] = {{"driver", driver}};
  }
  return volume;
}

inline json node_json(const std::string& name, const std::string& beat = "2026-05-04T03:10:00Z") {
  return {{"kind", "Node"},
          {"metadata", {{"name", name}}},
          {"status",
           {{"conditions", json::array({{{"type", "Ready"},
                                         {"status", "True"},
                                         {"lastHeartbeatTime", beat},
                                         {"lastTransitionTime", "2026-05-04T01:00:00Z"}}})}}}};
}

inline json event_json(const std::string& pod, const std::string& reason,
                       const std::string& message) {
  auto event = object_json("Event", "shop", pod + "." + reason);
  event["involvedObject"] = {
      {"kind", "Pod"}, {"namespace", "shop"}, {"name", pod}, {"uid", "uid-shop-" + pod}};
  event["reason"] = reason;
  event["message"] = message;
  event["type"] = "Warning";
  event["source"] = {{"component", "kubelet"}};
  event["lastTimestamp"] = "2026-05-04T03:09:00Z";
  return event;
}

inline void take(inspect::Snapshot& snapshot, const std::vector<json>& objects) {
  for (const auto& object : objects) {
    const auto taken = snapshot.take(object);
    INFO((taken ? std::string() : taken.error().message));
    REQUIRE(taken);
  }
  snapshot.complete();
}

}  // namespace bso::test
