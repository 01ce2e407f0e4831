// SPDX-License-Identifier: Apache-2.0
#include "install/replacement.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "install/uninstall.h"

namespace bso::install {
namespace {

bool is_controller_kind(const ObjectRef& ref) {
  return ref.kind == "Deployment" || ref.kind == "StatefulSet";
}

/// Found, and of the newest template on every node.
bool runs_everywhere(std::span<const ObservedObject> observed, const std::string& name) {
  const auto node = std::find_if(observed.begin(), observed.end(), [&](const ObservedObject& item) {
    return item.ref.kind == "DaemonSet" && item.ref.name == name;
  });
  if (node == observed.end() || !node->exists) {
    return false;
  }
  // Before its controller has looked at it all the numbers are zero.
  return node->observed_generation > 0 && node->observed_generation >= node->generation &&
         node->updated >= node->desired && node->available >= node->desired;
}

}  // namespace

std::vector<InventoryEntry> may_go_now(std::vector<InventoryEntry> gone,
                                       std::span<const ObservedObject> observed,
                                       const Bundle& bundle) {
  gone = deletion_order(std::move(gone));
  const auto node = std::find_if(gone.begin(), gone.end(), [](const InventoryEntry& entry) {
    return entry.ref.kind == "DaemonSet";
  });
  if (node != gone.end() && !runs_everywhere(observed, bundle.node)) {
    gone.erase(node, gone.end());
  }
  return gone;
}

nlohmann::json old_components(std::span<const DesiredObject> desired,
                              std::span<const ObservedObject> observed, const Bundle& bundle) {
  nlohmann::json components = nlohmann::json::array();
  if (desired.empty()) {
    return components;
  }
  for (const ObservedObject& found : observed) {
    const bool wanted =
        std::any_of(desired.begin(), desired.end(),
                    [&](const DesiredObject& object) { return object.ref.same_object(found.ref); });
    if (wanted || !is_workload(found.ref.kind) || !may_delete(found)) {
      continue;
    }
    components.push_back(
        {{"kind", found.ref.kind},
         {"name", found.ref.name},
         {"namespace", found.ref.ns},
         {"state", found.available > 0 ? "Available" : "Failed"},
         {"desired", found.desired},
         {"ready", found.ready},
         {"message",
          found.ref.kind == "DaemonSet"
              ? fmt::format("Of an older version; it goes once DaemonSet {} runs on every node.",
                            bundle.node)
              : "Of an older version; it goes before its successor comes."}});
  }
  return components;
}

bool waits_for_old_controller(const ObjectRef& wanted, std::span<const InventoryEntry> gone,
                              std::span<const ObservedObject> observed, const Bundle& bundle) {
  if (wanted.kind != bundle.controller_kind || wanted.name != bundle.controller) {
    return false;
  }
  return std::any_of(gone.begin(), gone.end(), [&](const InventoryEntry& entry) {
    const ObservedObject* found = find_observed(observed, entry.ref);
    return is_controller_kind(entry.ref) && found != nullptr && may_delete(*found);
  });
}

}  // namespace bso::install
