// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_kubernetes.h"

#include <algorithm>

#include "diagnosis/message_phrases.h"
#include "diagnosis/message_text.h"

namespace bso::diagnosis {

namespace {

/// RFC 1123 names, and namespace/name as the controller's log has it.
bool is_pod_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-./") ==
                              std::string_view::npos;
}

/// "a, b and 2 pod(s) in different namespaces"; in logs "shop/a, shop/b on node n-1".
void read_pods(std::string_view text, bool cut, ParsedMessage& parsed) {
  const auto end = std::min(text.find(" and "), text.find(" on node "));
  const bool ends = end != kNoMatch;
  text = text.substr(0, end);
  while (!text.empty()) {
    const auto comma = text.find(", ");
    const auto name = text.substr(0, comma);
    const bool whole = ends || !cut || comma != kNoMatch;
    if (whole && is_pod_name(name)) parsed.pods.emplace_back(name);
    text = comma == kNoMatch ? std::string_view{} : text.substr(comma + 2);
  }
}

}  // namespace

void recognise(ParsedMessage& parsed, Kind kind, std::optional<bool> is_conflict) {
  parsed.kind = kind;
  parsed.is_conflict = is_conflict;
}

/// attachdetach/reconciler.go reportMultiAttachError.
void read_controller(std::string_view text, ParsedMessage& parsed) {
  constexpr std::string_view kNamed = "Volume is already used by pod(s) ";
  constexpr std::string_view kLogged = "Volume is already used by pods ";
  constexpr std::string_view kCounted = "Volume is already used by ";
  recognise(parsed, Kind::multi_attach, true);
  const auto plain = plain_text(text);
  const std::string_view words = plain.raw;
  parsed.pods_elsewhere = words.find("in different namespaces") != kNoMatch;
  if (words.starts_with("Volume is already exclusively attached to one node")) {
    parsed.conflict = Conflict::attached_elsewhere;
    return;
  }
  if (!words.starts_with(kCounted)) return;
  parsed.conflict = Conflict::used_by_pods;
  for (const auto start : {kNamed, kLogged}) {
    if (words.starts_with(start)) read_pods(words.substr(start.size()), plain.cut, parsed);
  }
  const auto on_node = words.find(" on node ");
  if (words.starts_with(kLogged) && on_node != kNoMatch && !plain.cut) {
    const auto node = words.substr(on_node + std::string_view{" on node "}.size());
    if (is_pod_name(node)) parsed.holder_node = node;
  }
}

/// "unmounted volumes=[...], unattached volumes=[...]: <error>". The lists are in no order, and up
/// to 1.20 wrong (volume_manager.go getUnattachedVolumes): only the error is read.
void read_volumes(std::string_view message, ParsedMessage& parsed) {
  const auto plain = plain_text(message);
  const std::string_view lower = plain.lower;
  recognise(parsed, Kind::ambiguous, std::nullopt);
  // Up to 1.15 the time-out stands before the lists.
  const auto list = lower.rfind("volumes=[");
  const auto error = lower.find("]: ", list == kNoMatch ? 0 : list);
  if (error == kNoMatch) return;
  const auto reading = read_phrases(lower.substr(error), Stage::unknown);
  const bool told =
      reading.kind == Kind::selinux || reading.kind == Kind::rwop || reading.weight == Weight::slow;
  if (told) {
    recognise(parsed, reading.kind, reading.conflict);
  } else {
    recognise(parsed, Kind::none, false);
  }
  // "conflicting SELinux labels of volume %s: %q and %q"
  constexpr std::string_view kLabels = "selinux labels of volume ";
  const auto labels = lower.find(kLabels, error);
  if (reading.kind != Kind::selinux || labels == kNoMatch) return;
  const auto name = std::string_view{plain.raw}.substr(labels + kLabels.size());
  const auto end = name.find(": ");
  if (end == kNoMatch || !is_pod_name(name.substr(0, end))) return;
  parsed.volume = name.substr(0, end);
  parsed.volume_whole = true;
}

void read_scheduler(std::string_view message, ParsedMessage& parsed) {
  const auto lower = plain_text(message).lower;
  if (lower.find("readwriteoncepod access mode") != std::string::npos) {
    recognise(parsed, Kind::rwop, true);
  } else if (lower.find("had no available disk") != std::string::npos ||
             lower.find("nodiskconflict") != std::string::npos) {
    // volumerestrictions/volume_restrictions.go: an inline disk that a pod on the node has.
    recognise(parsed, Kind::device_busy, true);
  }
}

/// `SELinuxLabel "<label>" conflicts with pod <name> that uses the same volume as this pod ...`
void read_selinux(std::string_view message, ParsedMessage& parsed) {
  constexpr std::string_view kWith = " conflicts with pod ";
  const auto plain = plain_text(message);
  const std::string_view words = plain.raw;
  const auto at = words.find(kWith);
  if (at == kNoMatch) return;
  recognise(parsed, Kind::selinux, true);
  const auto name = words.substr(at + kWith.size());
  const auto end = name.find(" that uses");
  if (end != kNoMatch && is_pod_name(name.substr(0, end))) {
    parsed.pods.emplace_back(name.substr(0, end));
  }
}

}  // namespace bso::diagnosis
