// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/view.h"
#include "diagnosis/messages.h"

/// What parse_message() leaves to be found in an event's text. Only for the files that make the
/// verdict.
namespace bso::diagnosis {

/// "conflicting SELinux labels of volume pvc-1: "a" and "b"" (kubernetes 1.25 and later,
/// pkg/kubelet/volumemanager/cache/desired_state_of_world.go), which the kubelet reports within
/// "Unable to attach or mount volumes". `text` begins there.
[[nodiscard]] std::optional<ParsedMessage> parse_selinux_conflict(std::string_view message);

/// An attacher that still works on an earlier request, or does not answer: "An operation with the
/// given Volume ID ... already exists" (the CSI specification's Aborted), "DeadlineExceeded",
/// "attachdetachment timeout for volume" (pkg/volume/csi/csi_attacher.go).
[[nodiscard]] bool says_busy(std::string_view message);

/// The machine that a driver says has the disk, as it names it: without quotes and brackets, a path
/// in full. "" when none is named, or only the one that wants it.
struct NamedMachine {
  std::string id;
  /// It is one by which this API knows its nodes: their names or provider IDs. Else that no node
  /// has it proves nothing.
  bool comparable = false;
};
[[nodiscard]] NamedMachine named_machine(std::string_view text);

/// The node with this name, or with this at the end of its provider ID; nullptr when there is none
/// or more than one.
struct MachineMatch {
  const cluster::Node* node = nullptr;
  bool none = false;  ///< surely no node of this cluster
};
[[nodiscard]] MachineMatch find_machine(const cluster::View& view, const NamedMachine& machine);

}  // namespace bso::diagnosis
