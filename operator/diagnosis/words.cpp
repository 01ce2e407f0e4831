// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/words.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace bso::diagnosis {

namespace {

/// What stands before the machine's name, in lower case.
struct Naming {
  std::string_view before;
  bool comparable;
};

/// From the sources of the drivers named.
constexpr std::array kNamings{
    Naming{"is already being used by ", true},                  // GCE: an instance's path
    Naming{"already attached to the node ", true},              // Longhorn
    Naming{"attached to different node ", true},                // Longhorn
    Naming{"already attached to node(", true},                  // Azure: a resource ID
    Naming{"already owned by vm ", true},                       // Azure: a resource ID
    Naming{"attached to a different instance (", true},         // Cinder in-tree
    Naming{"attached to a different compute: ", true},          // Cinder in-tree
    Naming{"attached to the wrong droplet (", true},            // DigitalOcean
    Naming{"already attached to linode ", true},                // Linode
    Naming{"already attached to a different node id: ", true},  // Vultr
    Naming{"already attached to another node ", true},          // Scaleway, ibm/ibmc-block
    Naming{"already attached to instance ", true},              // Alibaba
    Naming{"already published to node ", true},                 // GCE PD
    Naming{"still mounted on node: ", true},                    // OpenEBS cStor
    Naming{"still mounted on node ", true},                     // OpenEBS cStor
    Naming{"already mapped to different hosts ", false},        // IBM Spectrum: the array's names
};
/// OCI names its attachment first.
constexpr std::string_view kAttachmentFirst = "non-shareable attachment ";
constexpr std::string_view kToInstance = " to instance ";

/// One word, out of its quotes or brackets.
std::string word_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" '\"([{\\"), text.size()));
  text = text.substr(0, text.find_first_of(" \t\r\n'\")]},;\\"));
  while (text.ends_with('.') || text.ends_with(':')) text.remove_suffix(1);
  constexpr std::size_t kMaxId = 512;
  return std::string{text.substr(0, kMaxId)};
}

/// Whether `whole` is `part` or ends with it where a part of an ID may begin.
bool ends_with_part(std::string_view whole, std::string_view part) {
  if (part.empty() || !whole.ends_with(part)) return false;
  if (whole.size() == part.size()) return true;
  constexpr std::string_view kSeparators = "/.:";
  return part.starts_with('/') ||
         kSeparators.find(whole[whole.size() - part.size() - 1]) != std::string_view::npos;
}

}  // namespace

std::optional<ParsedMessage> parse_selinux_conflict(std::string_view message) {
  constexpr std::string_view kConflict = "conflicting SELinux labels of volume ";
  const auto at = message.find(kConflict);
  if (at == std::string_view::npos) return std::nullopt;
  ParsedMessage parsed;
  parsed.conflict = Conflict::in_use;
  parsed.text = message.substr(at);
  const auto rest = message.substr(at + kConflict.size());
  parsed.volume = rest.substr(0, rest.find_first_of(": "));
  return parsed;
}

bool says_busy(std::string_view message) {
  const auto text = lower_case(message);
  const auto has = [&text](std::string_view words) {
    return text.find(words) != std::string::npos;
  };
  if (has("an operation with the given volume") && has("already exists")) return true;
  return has("deadlineexceeded") || has("context deadline exceeded") ||
         has("attachdetachment timeout for volume");
}

NamedMachine named_machine(std::string_view text) {
  const auto lower = lower_case(text);
  for (const auto& naming : kNamings) {
    const auto at = lower.find(naming.before);
    if (at == std::string::npos) continue;
    return {word_at(text.substr(at + naming.before.size())), naming.comparable};
  }
  const auto first = lower.find(kAttachmentFirst);
  if (first == std::string::npos) return {};
  const auto at = lower.find(kToInstance, first);
  if (at == std::string::npos) return {};
  return {word_at(text.substr(at + kToInstance.size())), true};
}

MachineMatch find_machine(const cluster::View& view, const NamedMachine& machine) {
  MachineMatch match;
  if (machine.id.empty() || view.node_count() == 0) return match;
  const auto id = lower_case(machine.id);
  const auto slash = id.rfind('/');
  auto last = slash == std::string::npos ? id : id.substr(slash + 1);
  // Machines of a scale set are numbered: the last part of one's path is that of many others.
  const bool numbered =
      slash != std::string::npos && last.find_first_not_of("0123456789") == std::string::npos;
  if (numbered) last.clear();
  bool several = false;
  bool all_have_ids = true;
  for (const auto& [ns, name] : view.names<cluster::Node>()) {
    const auto* node = view.node(name);
    const auto provider_id = lower_case(node->provider_id);
    all_have_ids = all_have_ids && !provider_id.empty();
    if (ends_with_part(provider_id, id)) return {node, false};
    if (lower_case(name) != last && !ends_with_part(provider_id, last)) continue;
    several = several || match.node != nullptr;
    match.node = node;
  }
  // Where nodes have no provider IDs, a name of the cloud's says nothing.
  match.none = match.node == nullptr && machine.comparable && all_have_ids;
  if (several) match.node = nullptr;
  return match;
}

}  // namespace bso::diagnosis
