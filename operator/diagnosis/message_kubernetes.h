// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "diagnosis/messages.h"

/// Only for the files that read messages.
namespace bso::diagnosis {

void recognise(ParsedMessage& parsed, Kind kind, std::optional<bool> is_conflict);

/// The attach-detach controller's words behind "Multi-Attach error for volume ...".
void read_controller(std::string_view text, ParsedMessage& parsed);
/// The kubelet's summary for all volumes of a pod, whole.
void read_volumes(std::string_view message, ParsedMessage& parsed);
/// Why nodes do not fit, whole.
void read_scheduler(std::string_view message, ParsedMessage& parsed);
/// The SELinux warning controller's message, whole.
void read_selinux(std::string_view message, ParsedMessage& parsed);

}  // namespace bso::diagnosis
