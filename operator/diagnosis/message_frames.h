// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "diagnosis/message_phrases.h"

/// Only for the files that read messages.
namespace bso::diagnosis {

/// What a message of Kubernetes is by its first words.
enum class Form {
  driver,      ///< a stage of a volume failed, and the driver's or cloud's words say why
  controller,  ///< the attach-detach controller's own guard
  no_users,    ///< about one volume, but never about its users: node affinity, expanding, detaching
  not_attached,  ///< the kubelet waits for the attach-detach controller
  volumes,       ///< the kubelet's summary for all volumes of a pod
  scheduler,     ///< why nodes do not fit
  selinux,       ///< the SELinux warning controller
  other,         ///< sandboxes, quotas, images, probes: nothing about volumes
  bare           ///< no words of Kubernetes around it
};

struct Frame {
  Form form = Form::bare;
  Stage stage = Stage::unknown;
  std::string volume;         ///< as %q has it
  bool volume_whole = false;  ///< its closing quote is there
  std::string driver;         ///< of the unique name, which logs have
  std::string node;           ///< "from node", which logs have: the one that asks
  std::string_view text;      ///< what follows
};

/// Takes the first words off. `message` has no aggregation prefix and outlives the result.
[[nodiscard]] Frame read_frame(std::string_view message);

/// Where a message of Kubernetes begins in a text that has it somewhere, in one line and with plain
/// blanks; kNoMatch when none does.
[[nodiscard]] std::size_t frame_begin(std::string_view text);

/// Whether an event of this reason can be about volumes in use; "" can.
[[nodiscard]] bool is_volume_reason(std::string_view reason);

}  // namespace bso::diagnosis
