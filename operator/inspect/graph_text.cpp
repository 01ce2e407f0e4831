// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "diagnosis/sentence.h"
#include "inspect/graph.h"

namespace bso::inspect {
namespace {

std::string shown(std::string_view text) { return diagnosis::printable(text, 512); }

std::string_view paint_of(Standing standing) {
  switch (standing) {
    case Standing::holds:
      return "\033[32m";
    case Standing::blocked:
      return "\033[1;31m";
    case Standing::waits:
    case Standing::ended:
    case Standing::unplaced:
      break;
  }
  return "\033[33m";
}

std::string heading(const GraphVolume& volume) {
  if (volume.claim.empty()) {
    return fmt::format("inline volume {}  {}  {}\n", shown(volume.name), shown(volume.driver),
                       volume.rule);
  }
  auto text = fmt::format("PersistentVolumeClaim {}\n", shown(volume.claim));
  if (volume.name.empty()) return text + "`- not bound to a volume\n";
  return text + fmt::format("`- PersistentVolume {}  {}  {}\n", shown(volume.name),
                            shown(volume.driver), volume.rule);
}

std::string pod_line(const GraphPod& pod, bool colour) {
  const auto standing = fmt::format("{:<9}", to_string(pod.standing));
  return fmt::format(
      "{}  {}/{}{}{}",
      colour ? fmt::format("{}{}\033[0m", paint_of(pod.standing), standing) : standing,
      shown(pod.ns), shown(pod.name),
      pod.owner.empty() ? "" : fmt::format("  {}", shown(pod.owner)),
      pod.cause.empty() ? "" : fmt::format("  {}", pod.cause));
}

/// Nodes of the pods, and those where it is only attached.
std::map<std::string, std::vector<const GraphPod*>> by_node(const GraphVolume& volume) {
  std::map<std::string, std::vector<const GraphPod*>> nodes;
  for (const auto& node : volume.attached) nodes[node];
  for (const auto& pod : volume.pods) nodes[pod.node].push_back(&pod);
  return nodes;
}

std::string tree_of(const GraphVolume& volume, bool colour) {
  auto text = heading(volume);
  const auto nodes = by_node(volume);
  const std::string indent = volume.claim.empty() ? "" : "   ";
  std::size_t left = nodes.size() + (volume.others != 0 ? 1 : 0);
  for (const auto& [node, pods] : nodes) {
    const bool last = --left == 0;
    const bool attached = std::binary_search(volume.attached.begin(), volume.attached.end(), node);
    text += fmt::format("{}{} {}{}\n", indent, last ? "`-" : "|-",
                        node.empty() ? "on no node" : fmt::format("node {}", shown(node)),
                        attached ? "  (attached)" : "");
    for (std::size_t i = 0; i < pods.size(); ++i) {
      text += fmt::format("{}{}  {} {}\n", indent, last ? " " : "|",
                          i + 1 == pods.size() ? "`-" : "|-", pod_line(*pods[i], colour));
    }
  }
  if (volume.others != 0) {
    text += fmt::format("{}`- used by {} {} of other namespaces\n", indent, volume.others,
                        volume.others == 1 ? "pod" : "pods");
  }
  return text;
}

/// A string of the DOT language.
std::string dot_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : shown(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// A label of several lines.
std::string dot_label(const std::vector<std::string>& lines) {
  std::string result = "\"";
  for (const auto& line : lines) {
    if (line.empty()) continue;
    if (result.size() > 1) result += "\\n";
    const auto text = dot_string(line);
    result += text.substr(1, text.size() - 2);
  }
  return result + '"';
}

std::string dot_edge(const std::string& volume_id, const std::string& pod_id, const GraphPod& pod) {
  switch (pod.standing) {
    case Standing::holds:
      return fmt::format("  {} -> {} [label=\"holds\", color=\"#2e7d32\", penwidth=2];\n",
                         volume_id, pod_id);
    case Standing::blocked:
      return fmt::format("  {} -> {} [label={}, style=dashed, color=\"#c62828\"];\n", pod_id,
                         volume_id, dot_label({"blocked", pod.cause}));
    case Standing::ended:
      return fmt::format("  {} -> {} [label=\"ended\", style=dotted];\n", volume_id, pod_id);
    case Standing::waits:
    case Standing::unplaced:
      break;
  }
  return fmt::format("  {} -> {} [label=\"{}\", style=dashed];\n", pod_id, volume_id,
                     to_string(pod.standing));
}

}  // namespace

std::string graph_text(const std::vector<GraphVolume>& graph, bool colour) {
  std::string text;
  for (const auto& volume : graph) {
    if (!text.empty()) text += "\n";
    text += tree_of(volume, colour);
  }
  return text.empty() ? "No pod uses a volume that could be held by another one.\n" : text;
}

std::string graph_dot(const std::vector<GraphVolume>& graph) {
  std::string text =
      "digraph volumes {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=11];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  std::map<std::string, std::vector<const GraphPod*>> nodes;
  std::set<std::string> drawn;
  std::string edges;
  std::size_t number = 0;
  for (const auto& volume : graph) {
    const auto volume_id = fmt::format("v{}", ++number);
    text +=
        fmt::format("  {} [shape=cylinder, label={}{}];\n", volume_id,
                    dot_label({volume.claim.empty() ? std::string("inline volume") : volume.claim,
                               volume.name.empty() ? std::string("not bound") : volume.name,
                               volume.driver, volume.rule}),
                    volume.conflict() ? ", color=\"#c62828\"" : "");
    for (const auto& pod : volume.pods) {
      const auto pod_id = dot_string(fmt::format("{}/{}", pod.ns, pod.name));
      if (drawn.insert(pod_id).second) nodes[pod.node].push_back(&pod);
      edges += dot_edge(volume_id, pod_id, pod);
    }
    if (volume.others != 0) {
      text += fmt::format("  o{0} [shape=plaintext, label=\"{1} of other namespaces\"];\n", number,
                          volume.others);
      edges += fmt::format("  {} -> o{} [style=dotted];\n", volume_id, number);
    }
  }
  std::size_t cluster = 0;
  for (const auto& [node, pods] : nodes) {
    text +=
        fmt::format("  subgraph cluster_{} {{\n    label={};\n", ++cluster,
                    node.empty() ? "\"on no node\"" : dot_label({fmt::format("node {}", node)}));
    for (const auto* pod : pods) {
      text += fmt::format("    {} [shape=box, label={}];\n",
                          dot_string(fmt::format("{}/{}", pod->ns, pod->name)),
                          dot_label({fmt::format("{}/{}", pod->ns, pod->name), pod->owner}));
    }
    text += "  }\n";
  }
  return text + edges + "}\n";
}

}  // namespace bso::inspect
