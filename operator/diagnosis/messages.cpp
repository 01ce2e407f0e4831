// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/messages.h"

#include <algorithm>
#include <array>

namespace bso::diagnosis {

namespace {

constexpr std::string_view kAggregated = "(combined from similar events): ";

enum class Speaker { controller, driver };

struct Format {
  std::string_view prefix;  ///< up to the quoted volume name
  Speaker speaker;
};

/// pkg/volume/util/operationexecutor: GenerateErrorDetailed gives "<prefix> for volume <%q>
/// <text>"; the prefixes are in operation_generator.go, the first two in attachdetach/reconciler.go
/// (reportMultiAttachError; "Waiting for detach" replaces "Multi-Attach error" in 2026's releases).
constexpr std::array kFormats{
    Format{"Multi-Attach error for volume ", Speaker::controller},
    Format{"Waiting for detach for volume ", Speaker::controller},
    Format{"AttachVolume.Attach failed for volume ", Speaker::driver},
    Format{"MountVolume.WaitForAttach failed for volume ", Speaker::driver},
    Format{"MountVolume.MountDevice failed for volume ", Speaker::driver},
    Format{"MountVolume.SetUp failed for volume ", Speaker::driver},
    Format{"MapVolume.WaitForAttach failed for volume ", Speaker::driver},
    Format{"MapVolume.SetUpDevice failed for volume ", Speaker::driver},
    Format{"MapVolume.MapPodDevice failed for volume ", Speaker::driver},
    Format{"MapVolume.MapBlockVolume failed for volume ", Speaker::driver},
};

/// Reads a %q string at the start of `text` and takes it off; false when there is none. A text that
/// was cut inside the quotes gives what is left of the name.
bool take_quoted(std::string_view& text, std::string& value) {
  if (!text.starts_with('"')) return false;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value.push_back(text[at]);
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return true;
}

struct Keyword {
  std::string_view words;  ///< lower case
  Conflict conflict;
};

/// How drivers and clouds say that somebody else has the volume, most telling first. Each is tied
/// to a message seen in the sources of the drivers named.
constexpr std::array kKeywords{
    // kubelet operation_generator.go (1.22 and later)
    Keyword{"volume uses the readwriteoncepod access mode", Conflict::read_write_once_pod},
    // NetApp Trident core/node/mount.go, csi-driver-host-path nodeserver.go
    Keyword{"single_node_single_writer access mode and is already mounted",
            Conflict::read_write_once_pod},
    Keyword{"rwo check has failed", Conflict::refused_for_pod},       // ibm/ibmc-block
    Keyword{"device already mounted at", Conflict::refused_for_pod},  // OpenEBS LVM and ZFS
    Keyword{"is already mounted", Conflict::in_use},                  // FlexVolume scripts, jiva
    Keyword{"already mounted in more than one place", Conflict::in_use},  // vSphere raw block
    Keyword{"mounted elsewhere", Conflict::in_use},                       // vSphere, Mayastor
    Keyword{"still mounted on node", Conflict::in_use},                   // OpenEBS cStor
    Keyword{"already attached", Conflict::in_use},  // EBS, Azure, Linode, Scaleway, Alibaba...
    Keyword{"is existed and is attached", Conflict::in_use},         // Longhorn FlexVolume
    Keyword{"attached to different node", Conflict::in_use},         // Longhorn
    Keyword{"attached to a different", Conflict::in_use},            // Cinder in-tree, Vultr
    Keyword{"attached on another node", Conflict::in_use},           // Portworx
    Keyword{"attached to another", Conflict::in_use},                // OCI, KubeVirt
    Keyword{"attached to the wrong droplet", Conflict::in_use},      // DigitalOcean
    Keyword{"volume is attached", Conflict::in_use},                 // Hetzner
    Keyword{"already being used by", Conflict::in_use},              // GCE
    Keyword{"still being used", Conflict::in_use},                   // RBD
    Keyword{"already owned by vm", Conflict::in_use},                // Azure API
    Keyword{"resource 'volume' is in use", Conflict::in_use},        // vSphere
    Keyword{"already published to node", Conflict::in_use},          // GCE PD
    Keyword{"already mapped to different hosts", Conflict::in_use},  // IBM Spectrum
    Keyword{"non-shareable attachment", Conflict::in_use},           // OCI
    Keyword{"is locked by other nodes", Conflict::in_use},           // RBD in-tree
    Keyword{"is owned by different node", Conflict::in_use},         // OpenEBS LVM and ZFS
};

std::string lower_case(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Conflict driver_conflict(std::string_view text) {
  const auto lower = lower_case(text);
  for (const auto& keyword : kKeywords) {
    if (lower.find(keyword.words) != std::string::npos) return keyword.conflict;
  }
  return Conflict::none;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// 8-4-4-4-12 hexadecimal digits, or the 32 of a static pod's configuration hash.
bool is_pod_uid(std::string_view text) {
  if (text.size() == 32) return is_hex(text);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text.substr(i, 1))) return false;
  }
  return true;
}

/// Takes what stands before the next character of `ends`, or all; false when there is no such one.
bool take_until(std::string_view& text, std::string_view ends, std::string_view& taken) {
  const auto end = text.find_first_of(ends);
  taken = text.substr(0, end);
  text.remove_prefix(taken.size());
  return end != std::string_view::npos;
}

std::vector<PodPath> find_pod_paths(std::string_view text) {
  constexpr std::string_view kPods = "/pods/";
  constexpr std::size_t kMaxPaths = 16;
  constexpr std::size_t kMaxName = 512;  // more than any path component may have
  std::vector<PodPath> paths;
  for (auto at = text.find(kPods); at != std::string_view::npos && paths.size() < kMaxPaths;
       at = text.find(kPods, at + 1)) {
    auto rest = text.substr(at + kPods.size()).substr(0, kMaxName);
    std::string_view uid;
    std::string_view kind;
    std::string_view plugin;
    std::string_view volume;
    if (!take_until(rest, "/", uid) || !is_pod_uid(uid)) continue;
    rest.remove_prefix(1);
    if (!take_until(rest, "/", kind) || (kind != "volumes" && kind != "volumeDevices")) continue;
    rest.remove_prefix(1);
    if (!take_until(rest, "/", plugin)) continue;
    rest.remove_prefix(1);
    // The last component ends where no volume name goes on: a slash, a quote, a bracket, a space.
    take_until(rest, "/ \t\r\n\"'\\],;)}", volume);
    PodPath path{std::string{uid}, std::string{volume}};
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(std::move(path));
    }
  }
  return paths;
}

/// "Volume is already used by pod(s) a, b and 2 pod(s) in different namespaces", or only the count.
void read_users(std::string_view text, ParsedMessage& parsed) {
  constexpr std::string_view kNamed = "Volume is already used by pod(s) ";
  constexpr std::string_view kCounted = "Volume is already used by ";
  parsed.pods_elsewhere = text.find("in different namespaces") != std::string_view::npos;
  if (text.starts_with(kNamed)) {
    text.remove_prefix(kNamed.size());
    text = text.substr(0, text.find(" and "));
    while (!text.empty()) {
      const auto end = text.find(", ");
      parsed.pods.emplace_back(text.substr(0, end));
      text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 2);
    }
    parsed.conflict = Conflict::used_by_pods;
  } else if (text.starts_with(kCounted)) {
    parsed.conflict = Conflict::used_by_pods;
  } else if (text.starts_with("Volume is already exclusively attached to one node")) {
    parsed.conflict = Conflict::attached_elsewhere;
  }
}

}  // namespace

ParsedMessage parse_message(std::string_view message) {
  ParsedMessage parsed;
  while (message.starts_with(kAggregated)) message.remove_prefix(kAggregated.size());
  const auto format = std::find_if(kFormats.begin(), kFormats.end(), [message](const Format& one) {
    return message.starts_with(one.prefix);
  });
  if (format == kFormats.end()) return parsed;
  message.remove_prefix(format->prefix.size());
  if (!take_quoted(message, parsed.volume)) return parsed;
  // The suffix is " <text>" from the controller and " : <text>" around an error.
  message.remove_prefix(std::min(message.find_first_not_of(" :"), message.size()));
  parsed.text = message;
  if (format->speaker == Speaker::controller) {
    read_users(message, parsed);
    return parsed;
  }
  parsed.conflict = driver_conflict(message);
  if (parsed.conflict == Conflict::none) return parsed;
  parsed.paths = find_pod_paths(message);
  // A driver's refusal that names pods by their directories says the same in any words.
  if (parsed.conflict == Conflict::in_use && !parsed.paths.empty()) {
    parsed.conflict = Conflict::refused_for_pod;
  }
  return parsed;
}

std::vector<std::string_view> name_tokens(std::string_view text) {
  constexpr std::string_view kNameCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  constexpr std::size_t kMaxTokens = 256;
  std::vector<std::string_view> tokens;
  while (tokens.size() < kMaxTokens) {
    const auto begin = text.find_first_of(kNameCharacters);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const auto length = std::min(text.find_first_not_of(kNameCharacters), text.size());
    auto token = text.substr(0, length);
    text.remove_prefix(length);
    while (token.ends_with('.') || token.ends_with('-')) token.remove_suffix(1);
    if (token.empty() || std::find(tokens.begin(), tokens.end(), token) != tokens.end()) continue;
    tokens.push_back(token);
  }
  return tokens;
}

}  // namespace bso::diagnosis
