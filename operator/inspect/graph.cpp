// SPDX-License-Identifier: Apache-2.0
#include "inspect/graph.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "diagnosis/diagnose.h"

namespace bso::inspect {
namespace {

using cluster::Pod;
using cluster::PodVolume;

/// What tells one volume from another: pods of one claim meet here.
std::string key_of(const cluster::View& view, const Pod& pod, const PodVolume& volume) {
  if (const auto* bound = view.volume_of(pod, volume)) return fmt::format("pv {}", bound->name);
  if (!volume.claim.empty()) return fmt::format("claim {}/{}", pod.ns.view(), volume.claim.view());
  // Without a disk that can be named the volume is this pod's own.
  if (volume.disk.empty()) {
    return fmt::format("pod {}/{}/{}", pod.ns.view(), pod.name, volume.name.view());
  }
  return fmt::format("disk {} {}", volume.driver.view(), volume.disk.view());
}

Standing standing_of(const Pod& pod) {
  if (pod.node.empty() && !pod.ended()) return Standing::unplaced;
  if (pod.ended() || (pod.deleting && !pod.any_running)) return Standing::ended;
  return pod.volumes_mounted() ? Standing::holds : Standing::waits;
}

GraphVolume volume_of(const Snapshot& snapshot, const Pod& pod, const PodVolume& volume) {
  const auto& view = snapshot.view();
  GraphVolume made;
  if (!volume.claim.empty()) {
    made.claim = fmt::format("{}/{}", pod.ns.view(), volume.claim.view());
  }
  diagnosis::Semantics semantics;
  const auto* bound = view.volume_of(pod, volume);
  if (bound != nullptr) {
    made.name = bound->name;
    made.driver = bound->driver.str();
    semantics = diagnosis::semantics_of(*bound, snapshot.overrides());
    for (const auto* attachment : view.attachments(*bound)) {
      made.attached.push_back(attachment->node.str());
    }
    std::sort(made.attached.begin(), made.attached.end());
  } else if (volume.claim.empty()) {
    made.name = volume.name.str();
    made.driver = volume.driver.str();
    semantics = diagnosis::semantics_of_inline(volume, snapshot.overrides());
  } else {
    return made;
  }
  made.rule = fmt::format("{} ({})", to_string(semantics.granularity), to_string(semantics.source));
  return made;
}

GraphPod pod_of(const Snapshot& snapshot, const Pod& pod, const PodVolume& volume, WallTime now) {
  GraphPod made;
  made.ns = pod.ns.str();
  made.name = pod.name;
  made.node = pod.node.str();
  const auto owner = snapshot.view().ownership(pod).top;
  if (!owner.empty()) made.owner = fmt::format("{}/{}", owner.kind.view(), owner.name.view());
  made.standing = standing_of(pod);
  if (made.standing != Standing::waits && !pod.kept_from_nodes()) return made;
  const auto verdict = snapshot.verdict(pod, now);
  // It may wait for another of its volumes; which ones are held beside the worst is not told.
  if (verdict && verdict->volume == volume.name.view()) {
    made.standing = Standing::blocked;
    made.cause = to_string(verdict->cause);
  }
  return made;
}

int order(Standing standing) {
  switch (standing) {
    case Standing::holds:
      return 0;
    case Standing::ended:
      return 1;
    case Standing::blocked:
      return 2;
    case Standing::waits:
      return 3;
    case Standing::unplaced:
      break;
  }
  return 4;
}

}  // namespace

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::holds:
      return "holds";
    case Standing::waits:
      return "waits";
    case Standing::blocked:
      return "blocked";
    case Standing::ended:
      return "ended";
    case Standing::unplaced:
      break;
  }
  return "unplaced";
}

bool GraphVolume::conflict() const {
  return std::any_of(pods.begin(), pods.end(),
                     [](const GraphPod& pod) { return pod.standing == Standing::blocked; });
}

std::vector<GraphVolume> graph_of(const Snapshot& snapshot, const std::string& ns,
                                  const std::string& name, WallTime now) {
  const auto& view = snapshot.view();
  const auto names = view.names<Pod>();
  std::map<std::string, GraphVolume> volumes;
  const auto in_scope = [&](std::string_view pod_ns) { return ns.empty() || ns == pod_ns; };
  for (const auto& [pod_ns, pod_name] : names) {
    if (!in_scope(pod_ns) || (!name.empty() && pod_name != name)) continue;
    const auto* pod = view.pod(pod_ns, pod_name);
    if (pod == nullptr) continue;
    for (const auto& volume : pod->volumes) {
      const auto [at, fresh] = volumes.try_emplace(key_of(view, *pod, volume));
      if (!fresh) continue;
      at->second = volume_of(snapshot, *pod, volume);
      auto users = view.users(*pod, volume);
      if (users.empty()) users.push_back(pod);
      for (const auto* user : users) {
        if (!in_scope(user->ns.view())) {
          ++at->second.others;
          continue;
        }
        // The volume has another name in each pod.
        for (const auto& of_user : user->volumes) {
          if (key_of(view, *user, of_user) != at->first) continue;
          at->second.pods.push_back(pod_of(snapshot, *user, of_user, now));
          break;
        }
      }
    }
  }
  std::vector<GraphVolume> graph;
  for (auto& [key, volume] : volumes) {
    std::sort(volume.pods.begin(), volume.pods.end(), [](const GraphPod& a, const GraphPod& b) {
      return std::tuple(a.node, order(a.standing), a.ns, a.name) <
             std::tuple(b.node, order(b.standing), b.ns, b.name);
    });
    graph.push_back(std::move(volume));
  }
  std::sort(graph.begin(), graph.end(), [](const GraphVolume& a, const GraphVolume& b) {
    return std::tuple(!a.conflict(), std::tie(a.claim, a.name)) <
           std::tuple(!b.conflict(), std::tie(b.claim, b.name));
  });
  return graph;
}

}  // namespace bso::inspect
