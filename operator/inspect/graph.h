// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "inspect/snapshot.h"

namespace bso::inspect {

/// How a pod stands to a volume.
enum class Standing {
  holds,
  waits,    ///< has not mounted it; nobody is known to be in the way
  blocked,  ///< waits, and somebody has it
  ended,    ///< has ended or is going; its mount may not be gone yet
  unplaced  ///< is on no node yet
};
[[nodiscard]] std::string_view to_string(Standing standing);

struct GraphPod {
  std::string ns;
  std::string name;
  std::string node;
  std::string owner;  ///< "Deployment/web", the topmost; "" for a bare pod
  Standing standing = Standing::waits;
  std::string cause;  ///< blocked: by the name it has in the operator's detail
};

/// A volume and who uses it.
struct GraphVolume {
  std::string claim;  ///< "ns/name"; "" for an inline volume
  std::string name;   ///< of the PersistentVolume; "" when the claim is not bound
  std::string driver;
  std::string rule;                   ///< "SinglePod (built-in table)"
  std::vector<std::string> attached;  ///< nodes that a VolumeAttachment names, sorted
  std::vector<GraphPod> pods;         ///< who holds before who waits, then by node and name
  std::size_t others = 0;             ///< pods of namespaces that were not asked for
  [[nodiscard]] bool conflict() const;
};

/// The volumes that the pods of a namespace ("" is all) use, or only those of the pod `name`: those
/// with a conflict first, then by claim. Pods of other namespaces are counted and not named.
[[nodiscard]] std::vector<GraphVolume> graph_of(const Snapshot& snapshot, const std::string& ns,
                                                const std::string& name, WallTime now);

/// A tree for people: claim, volume, node, pods. ASCII but for what `colour` adds.
[[nodiscard]] std::string graph_text(const std::vector<GraphVolume>& graph, bool colour);

/// The same for Graphviz. Every name is quoted, whatever is in it.
[[nodiscard]] std::string graph_dot(const std::vector<GraphVolume>& graph);

}  // namespace bso::inspect
