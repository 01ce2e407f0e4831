// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_paths.h"

#include <algorithm>
#include <array>

namespace bso::diagnosis {

namespace {

constexpr std::string_view kPodsPart = "/pods/";
constexpr std::size_t kMaxPaths = 16;
/// More than any part of a path may have, and no driver's name is longer.
constexpr std::size_t kMaxName = 512;
/// How many times a text may begin what is looked for.
constexpr std::size_t kMaxTries = 64;
bool is_hex_digits(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == kNoMatch;
}

/// 8-4-4-4-12 hexadecimal digits, or the 32 of a static pod's configuration hash.
bool is_pod_uid(std::string_view text) {
  if (text.size() == 32) return is_hex_digits(text);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex_digits(text.substr(i, 1))) return false;
  }
  return true;
}

/// Takes what stands before the next character of `ends`, or all; false when there is no such one.
bool take_until(std::string_view& text, std::string_view ends, std::string_view& taken) {
  const auto end = text.find_first_of(ends);
  taken = text.substr(0, end);
  text.remove_prefix(taken.size());
  return end != kNoMatch;
}

/// A pod's directory at "/pods/"; false when it is not the kubelet's form.
struct PathParts {
  std::string_view uid;
  std::string_view plugin;
  std::string_view volume;
  bool ends = false;  ///< something follows the volume's name
};

bool read_path(std::string_view text, PathParts& parts) {
  auto rest = text.substr(kPodsPart.size()).substr(0, kMaxName);
  std::string_view kind;
  if (!take_until(rest, "/", parts.uid) || !is_pod_uid(parts.uid)) return false;
  rest.remove_prefix(1);
  if (!take_until(rest, "/", kind) || (kind != "volumes" && kind != "volumeDevices")) return false;
  rest.remove_prefix(1);
  if (!take_until(rest, "/", parts.plugin)) return false;
  rest.remove_prefix(1);
  // The last part ends where no volume's name goes on: a slash, a quote, a bracket, a space.
  parts.ends = take_until(rest, "/ \"'],;:)}%", parts.volume);
  return true;
}

/// Where the path begins that has `at` in it; 0 when it is longer than a path may be.
std::size_t path_begin(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongestRoot = 256;
  const auto from = at > kLongestRoot ? at - kLongestRoot : 0;
  const auto gap = text.substr(from, at - from).find_last_of(" \"'[({,;=");
  return gap == kNoMatch ? from : from + gap + 1;
}

/// "... already mounted on mountpath ", "... more than one place: {{": what stands before a path
/// says that the volume is mounted there.
bool says_mounted(std::string_view before) {
  constexpr std::size_t kReach = 96;
  if (before.size() > kReach) before.remove_prefix(before.size() - kReach);
  constexpr std::array<std::string_view, 6> kCues{"already",           "still",     "in use",
                                                  "mounted elsewhere", "currently", "busy"};
  std::size_t cue_end = 0;
  for (const auto cue : kCues) {
    const auto at = before.rfind(cue);
    if (at != kNoMatch) cue_end = std::max(cue_end, at + cue.size());
  }
  if (cue_end == 0) return false;
  auto between = before.substr(cue_end);
  for (const std::string_view turn :
       {" or ", ", ", ". ", "; ", "cannot", "can't", "not ", " to mount", "target", "argument"}) {
    if (between.find(turn) != kNoMatch) return false;
  }
  while (!between.empty() && std::string_view{" \"'[({:="}.find(between.back()) != kNoMatch) {
    between.remove_suffix(1);
  }
  constexpr std::array<std::string_view, 9> kLeads{
      " on", " at", " by", " in", "mountpath", "mountpoint", "mount point", "place", "path"};
  return std::any_of(kLeads.begin(), kLeads.end(),
                     [between](std::string_view lead) { return between.ends_with(lead); });
}

/// A directory is the kubelet's own, and not one that was put together to look like it.
bool is_plain(std::string_view path) {
  const auto pods = path.find(kPodsPart);
  return path.starts_with('/') || path.substr(0, pods).find(":/") == 1  // "C:/"
             ? path.find("/../") == kNoMatch && path.find(kPodsPart, pods + 1) == kNoMatch
             : false;
}

/// The part after `lead`, up to a slash.
std::string_view part_after(std::string_view text, std::string_view lead, std::string_view& rest) {
  const auto at = text.find(lead);
  if (at == kNoMatch) return {};
  rest = text.substr(at + lead.size()).substr(0, kMaxName);
  std::string_view part;
  if (!take_until(rest, "/ \"'", part)) return {};
  return part;
}

bool is_driver_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

/// "vendor~driver", the directory of a plug-in; "" for the one that all CSI drivers share.
std::string plugin_name(std::string_view directory) {
  const auto tilde = directory.find('~');
  if (tilde == kNoMatch || directory == "kubernetes.io~csi") return {};
  const auto vendor = directory.substr(0, tilde);
  const auto driver = directory.substr(tilde + 1);
  if (!is_driver_name(vendor) || !is_driver_name(driver)) return {};
  std::string name{vendor};
  name.push_back('/');
  name.append(driver);
  return name;
}

}  // namespace

FoundPaths pod_paths(const PlainText& text, std::string_view volume) {
  const std::string_view raw = text.raw;
  FoundPaths found;
  std::size_t holders_end = kNoMatch;
  const auto arguments = text.lower.find("mounting arguments: ");
  PodPath argument;
  std::size_t tries = 0;
  for (auto at = raw.find(kPodsPart); at != kNoMatch && found.all.size() < kMaxPaths;
       at = raw.find(kPodsPart, at + 1)) {
    PathParts parts;
    if (!read_path(raw.substr(at), parts)) continue;
    if (++tries > kMaxTries) break;
    PodPath path{std::string{parts.uid}, std::string{parts.volume}};
    const auto begin = path_begin(raw, at);
    const auto end = std::min(raw.find_first_of(" \"',;])}", at), raw.size());
    // In a list, what is said of the first is said of all.
    const bool goes_on =
        holders_end != kNoMatch && begin > holders_end &&
        raw.substr(holders_end, begin - holders_end).find_first_not_of(" ,\"'") == kNoMatch;
    const bool fits = !parts.volume.empty() && (volume.empty() || parts.volume == volume) &&
                      (parts.ends || !text.cut) && is_plain(raw.substr(begin, end - begin));
    auto whole = raw.substr(begin, end - begin);
    if (whole.ends_with('.')) whole.remove_suffix(1);
    // mount(8): "mount: <where>: <device> already mounted on <where>."
    // So is the argument of mount that the kubelet tells of ("Mounting arguments: ...").
    const bool target =
        path == argument || raw.find("mount: " + std::string{whole} + ": ") != kNoMatch;
    found.own_target = found.own_target || target;
    const bool mounted = goes_on || says_mounted(std::string_view{text.lower}.substr(0, begin));
    if (mounted) holders_end = end;
    if (!mounted && arguments < begin) argument = path;
    if (mounted && fits && !target && found.holder.uid.empty()) found.holder = path;
    if (std::find(found.all.begin(), found.all.end(), path) == found.all.end()) {
      found.all.push_back(std::move(path));
    }
  }
  return found;
}

std::string driver_in(const PlainText& text) {
  const std::string_view raw = text.raw;
  std::string_view rest;
  // csi/<driver>/<sha256 of the handle>/globalmount; older ones have csi/pv/<volume>/globalmount.
  constexpr std::size_t kDigest = 64;
  const auto csi = part_after(raw, "/plugins/kubernetes.io/csi/", rest);
  if (csi != "pv" && is_driver_name(csi) && rest.size() > kDigest &&
      is_hex_digits(rest.substr(1, kDigest))) {
    return std::string{csi};
  }
  const auto vendor = part_after(raw, "/plugins/kubernetes.io/flexvolume/", rest);
  if (is_driver_name(vendor) && !rest.empty()) {
    rest.remove_prefix(1);
    std::string_view driver;
    if (take_until(rest, "/", driver) && is_driver_name(driver)) {
      return std::string{vendor}.append("/").append(driver);
    }
  }
  const auto named = part_after(raw, "driver name ", rest);
  if (is_driver_name(named) && rest.starts_with(" not found in the list")) {
    return std::string{named};
  }
  std::size_t tries = 0;
  for (auto at = raw.find(kPodsPart); at != kNoMatch && tries < kMaxTries;
       at = raw.find(kPodsPart, at + 1), ++tries) {
    PathParts parts;
    if (!read_path(raw.substr(at), parts)) continue;
    auto plugin = plugin_name(parts.plugin);
    if (!plugin.empty()) return plugin;
  }
  return {};
}

}  // namespace bso::diagnosis
