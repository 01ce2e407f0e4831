// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bso::diagnosis {

/// What an event says about a volume, as far as it is evidence for a verdict: only messages that
/// quote the volume's name give anything but `none`.
enum class Conflict {
  none,                 ///< nothing about other users: time-outs, secrets, networks, quotas
  used_by_pods,         ///< the attach-detach controller names the pods that hold it elsewhere
  attached_elsewhere,   ///< the attach-detach controller: attached to another node, no pod known
  refused_for_pod,      ///< the node's driver: already mounted for another pod, by path
  read_write_once_pod,  ///< the kubelet or a driver: the one pod that may use it is another one
  in_use                ///< a driver: in use, attached or mounted elsewhere
};

/// What a message was recognised as.
enum class Kind {
  none,                ///< nothing that keeps a volume from a pod because somebody else has it
  ambiguous,           ///< others may be in the way; the text does not say: time-outs, busy drivers
  multi_attach,        ///< the attach-detach controller's own guard
  attached_elsewhere,  ///< a driver or cloud: attached to another node or machine
  single_pod_mount,    ///< a node's driver: mounted for another pod on the same node
  rwop,                ///< ReadWriteOncePod: kubelet, scheduler or driver
  device_busy,         ///< the device or image is in use, by whom is not said
  selinux,             ///< mounted with another SELinux label
  dangling_attachment,  ///< an attachment stands that should be gone
  outside_cluster       ///< the text says that the holder is no node of the cluster
};

/// "multi-attach", "already-attached-other-node", "single-pod-mount", "rwop", "device-busy",
/// "selinux", "dangling-attachment", "outside-cluster", "none" or "ambiguous".
[[nodiscard]] std::string_view to_string(Kind kind);

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
  std::vector<std::string> pods;  ///< names, in the waiting pod's namespace; in logs with theirs
  bool pods_elsewhere = false;    ///< it counts pods in other namespaces
  std::vector<PodPath> paths;     ///< other pods' and the waiting pod's own, in order
  std::string text;               ///< the driver's or controller's words after the prefix

  Kind kind = Kind::none;
  /// Whether somebody else is in the way; nullopt when the text alone cannot tell.
  std::optional<bool> is_conflict = false;
  bool volume_whole = false;  ///< `volume` was not cut
  bool known = true;          ///< some of the words are in a table
  /// Whom the text names, never more than it says: "" when it names nobody, when several fit one
  /// field, when the name may be cut, and when the text is no conflict.
  std::string holder_uid;   ///< of a pod (or hash of a static one), by its directory
  std::string holder_node;  ///< or instance, as the driver or cloud calls it
  std::string wanted_node;  ///< the node or instance that was to have it
  std::string driver;       ///< by a directory, a unique name, or words that one driver uses
};

/// Reads the message of an event: of kubelet and attach-detach controller (reasons FailedMount,
/// FailedMapVolume, FailedAttachVolume), of the scheduler, of the SELinux warning controller, or a
/// driver's words alone, Kubernetes 1.12 to 1.36. Takes any bytes, looks at each a bounded number
/// of times. The text may be aggregated ("(combined from similar events): "), cut off anywhere,
/// quoted by %q or %#v, or mangled by a second formatting ("%!!(MISSING)f(MISSING)", Kubernetes up
/// to 1.20). Where each format comes from is said in message_frames.cpp and message_phrases.cpp.
/// A driver that is not known is read by what all have in common: the directory of a pod, the name
/// of a node where the sentence has one, and words for "somebody else has it".
/// `reason` is the event's; of one that is never about volumes in use nothing is read. "" is any.
[[nodiscard]] ParsedMessage parse_message(std::string_view message, std::string_view reason = {});

/// Words that could be the name of a node, in order and each once: what is left between characters
/// that no object name has.
[[nodiscard]] std::vector<std::string_view> name_tokens(std::string_view text);

}  // namespace bso::diagnosis
