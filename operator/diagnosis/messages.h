// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bso::diagnosis {

/// What an event says about a volume.
enum class Conflict {
  none,                 ///< nothing about other users: time-outs, secrets, networks, quotas
  used_by_pods,         ///< the attach-detach controller names the pods that hold it elsewhere
  attached_elsewhere,   ///< the attach-detach controller: attached to another node, no pod known
  refused_for_pod,      ///< the node's driver: already mounted for another pod, by path
  read_write_once_pod,  ///< the kubelet or a driver: the one pod that may use it is another one
  in_use                ///< a driver: in use, attached or mounted elsewhere
};

/// A directory that the kubelet keeps for a pod's volume:
/// <root>/pods/<uid>/volumes/<plugin>/<volume> (pkg/kubelet/kubelet_getters.go).
struct PodPath {
  std::string uid;     ///< a pod's UID, or the configuration hash of a static pod
  std::string volume;  ///< name of the PersistentVolume, or the pod's own for an inline volume
  bool operator==(const PodPath&) const = default;
};

struct ParsedMessage {
  Conflict conflict = Conflict::none;
  std::string volume;             ///< as the event quotes it; "" when it names none
  std::vector<std::string> pods;  ///< names, in the waiting pod's namespace
  bool pods_elsewhere = false;    ///< it counts pods in other namespaces
  std::vector<PodPath> paths;     ///< other pods' and the waiting pod's own, in order
  std::string text;               ///< the driver's or controller's words after the prefix
};

/// Reads the message of an event whose reason is FailedMount, FailedMapVolume or
/// FailedAttachVolume. Takes any bytes, looks at each a bounded number of times. The text may be
/// aggregated ("(combined from similar events): "), cut off anywhere, quoted by %q or %#v, or
/// mangled by a second formatting ("%!!(MISSING)f(MISSING)", Kubernetes up to 1.20).
[[nodiscard]] ParsedMessage parse_message(std::string_view message);

/// Words that could be the name of a node, in order and each once: what is left between characters
/// that no object name has.
[[nodiscard]] std::vector<std::string_view> name_tokens(std::string_view text);

}  // namespace bso::diagnosis
