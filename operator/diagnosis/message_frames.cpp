// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_frames.h"

#include <algorithm>
#include <array>

#include "diagnosis/message_text.h"

namespace bso::diagnosis {

namespace {

constexpr std::string_view kForVolume = " for volume ";
struct Start {
  std::string_view words;  ///< up to " for volume "
  Form form;
  Stage stage;
};

/// pkg/volume/util/operationexecutor: GenerateError gives "<prefix> for volume <%q> <suffix>"; the
/// prefixes are in operation_generator.go. The first two are of attachdetach/reconciler.go
/// (reportMultiAttachError); "Waiting for detach" replaces "Multi-Attach error" in 2026's releases.
constexpr std::array kVolumeStarts{
    Start{"Multi-Attach error", Form::controller, Stage::attach},
    Start{"Waiting for detach", Form::controller, Stage::attach},
    Start{"AttachVolume.Attach failed", Form::driver, Stage::attach},
    Start{"AttachVolume.MarkVolumeAsAttached failed", Form::driver, Stage::attach},
    Start{"MountVolume.WaitForAttach failed", Form::driver, Stage::node},
    Start{"MountVolume.GetDeviceMountPath failed", Form::driver, Stage::node},
    Start{"MountVolume.MountDevice failed", Form::driver, Stage::node},
    Start{"MountVolume.MountDevice failed while expanding volume", Form::driver, Stage::node},
    Start{"MountVolume.SetUp failed", Form::driver, Stage::node},
    Start{"MountVolume.Setup failed while expanding volume", Form::driver, Stage::node},
    Start{"MountVolume.MarkVolumeAsMounted failed", Form::driver, Stage::node},
    Start{"MapVolume.WaitForAttach failed", Form::driver, Stage::node},
    Start{"MapVolume.SetUpDevice failed", Form::driver, Stage::node},
    Start{"MapVolume.MapDevice failed", Form::driver, Stage::node},
    Start{"MapVolume.MapPodDevice failed", Form::driver, Stage::node},
    Start{"MapVolume.MapBlockVolume failed", Form::driver, Stage::node},
    Start{"MapVolume.MarkVolumeAsMounted failed", Form::driver, Stage::node},
};

/// Stages that end before anybody could be in the way, or after.
constexpr std::array<std::string_view, 9> kOtherStages{
    "AttachVolume.", "MountVolume.",  "MapVolume.",       "DetachVolume.",   "UnmountVolume.",
    "UnmapVolume.",  "UnmountDevice", "NodeExpandVolume", "Volume resizing "};

/// Those of them that name a volume, as they stand within a line of a log.
constexpr std::array<std::string_view, 6> kOtherFailures{
    "DetachVolume.Detach failed", "UnmountVolume.TearDown failed",
    "UnmountDevice failed",       "UnmapVolume.TearDownDevice failed",
    "NodeExpandVolume failed",    "MountVolume.NodeAffinity check failed"};

struct Opening {
  std::string_view words;
  Form form;
  bool in_lines = false;  ///< looked for within the line of a log, too
};

/// pkg/kubelet/kubelet.go and volume_manager.go; pkg/scheduler; selinuxwarning/selinux_warning_
/// controller.go; the rest is nobody's volume.
constexpr std::array kOpenings{
    Opening{"Volume not attached according to node status", Form::not_attached, true},
    Opening{"Volume has not been added to the list of VolumesInUse", Form::not_attached, true},
    Opening{"Unable to attach or mount volumes: ", Form::volumes, true},
    Opening{"Unable to mount volumes for pod ", Form::volumes, true},
    Opening{"unmounted volumes=", Form::volumes},
    Opening{"No nodes are available that match", Form::scheduler},
    Opening{"no nodes available to schedule", Form::scheduler},
    Opening{"pod has unbound ", Form::scheduler},
    Opening{"persistentvolumeclaim ", Form::scheduler},
    Opening{"running PreBind plugin ", Form::scheduler},
    Opening{"SELinuxLabel ", Form::selinux, true},
    Opening{"SELinuxChangePolicy ", Form::selinux},
    Opening{"Failed to create pod sandbox", Form::other, true},
    Opening{"Failed create pod sandbox", Form::other, true},
    Opening{"Pod sandbox changed", Form::other},
    Opening{"Error creating: ", Form::other},
    Opening{"Back-off ", Form::other},
    Opening{"Failed to pull image", Form::other},
    Opening{"Readiness probe ", Form::other},
    Opening{"Liveness probe ", Form::other},
    Opening{"Startup probe ", Form::other},
    Opening{"Internal error occurred: ", Form::other},
    Opening{"error killing pod", Form::other},
    Opening{"failed to provision volume ", Form::other},
    Opening{"persistentvolume ", Form::other},  // "... is still attached to node" when deleting
    Opening{"waiting for a volume to be created", Form::other},
    Opening{"resize volume ", Form::other},
};

constexpr std::array<std::string_view, 7> kVolumeReasons{
    "FailedAttachVolume", "FailedMount",          "FailedMapVolume",
    "FailedScheduling",   "SELinuxLabelConflict", "SELinuxChangePolicyConflict",
    "CloneSourceInUse"};

bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

/// "0/3 nodes are available: ..."
bool is_count_of_nodes(std::string_view text) {
  constexpr std::size_t kDigits = 16;
  const auto at = text.find_first_not_of("0123456789/");
  return at != kNoMatch && at > 0 && at < kDigits &&
         text.substr(at).starts_with(" nodes are available");
}

/// "kubernetes.io/csi/<driver>^<handle>" or "<plug-in>/<volume>" (pkg/volume/util/util.go).
std::string driver_of(std::string_view unique_name) {
  if (take(unique_name, "kubernetes.io/csi/")) {
    return std::string{unique_name.substr(0, unique_name.find('^'))};
  }
  take(unique_name, "flexvolume-");
  const auto slash = unique_name.find('/');
  const auto end = slash == kNoMatch ? kNoMatch : unique_name.find('/', slash + 1);
  return end == kNoMatch ? std::string{} : std::string{unique_name.substr(0, end)};
}

/// What GenerateErrorDetailed, which logs use, puts behind the volume's name.
void read_details(std::string_view& text, Frame& frame) {
  std::string value;
  const auto quoted = [&](std::string_view start) {
    value.clear();
    auto rest = text;
    if (!take(rest, start) || take_quoted(rest, value) != Quoted::whole) return false;
    text = rest;
    return true;
  };
  if (quoted(" (UniqueName: ")) {
    frame.driver = driver_of(value);
    take(text, ")");
  }
  if (quoted(" from node ") || quoted(" on node ")) frame.node = value;
  take(text, " with");
  if (quoted(" pod ") && quoted(" (UID: ")) take(text, ")");
}

/// A name as people write it, with single quotes or none.
void take_bare_name(std::string_view& text, Frame& frame) {
  const bool quoted = take(text, "'");
  const auto end = text.find_first_of(quoted ? "'" : " :");
  frame.volume = text.substr(0, end);
  frame.volume_whole = end != kNoMatch;
  text.remove_prefix(std::min(frame.volume.size() + (quoted ? 1 : 0), text.size()));
}

/// The name and what follows.
void read_volume(std::string_view text, Frame& frame) {
  const auto quoted = take_quoted(text, frame.volume);
  frame.volume_whole = quoted == Quoted::whole;
  if (quoted == Quoted::none) take_bare_name(text, frame);
  read_details(text, frame);
  // The suffix is " <text>" from the controller and " : <text>" around an error.
  text.remove_prefix(std::min(text.find_first_not_of(" :"), text.size()));
  frame.text = text;
}

}  // namespace

Frame read_frame(std::string_view message) {
  Frame frame;
  frame.text = message;
  // Up to 1.9: "Failed to attach volume %q on node %q with: %v".
  if (auto rest = message; take(rest, "Failed to attach volume ")) {
    frame.form = Form::driver;
    frame.stage = Stage::attach;
    frame.text = {};
    read_volume(rest, frame);
    return frame;
  }
  for (const auto& start : kVolumeStarts) {
    auto rest = message;
    if (!take(rest, start.words) || !take(rest, kForVolume)) continue;
    if (rest.starts_with('\\')) return frame;  // escaped by what quotes it
    frame.form = start.form;
    frame.stage = start.stage;
    frame.text = {};
    read_volume(rest, frame);
    return frame;
  }
  // As people shorten them.
  for (const auto& start : kVolumeStarts) {
    auto rest = message;
    if (start.form != Form::driver || !take(rest, start.words) || !take(rest, ": ")) continue;
    frame.form = start.form;
    frame.stage = start.stage;
    frame.text = rest;
    return frame;
  }
  for (const auto stage : kOtherStages) {
    if (!message.starts_with(stage)) continue;
    constexpr std::size_t kLongestStage = 96;
    frame.form = Form::no_users;
    const auto at = message.substr(0, kLongestStage).find(kForVolume);
    if (at != kNoMatch) read_volume(message.substr(at + kForVolume.size()), frame);
    return frame;
  }
  for (const auto& opening : kOpenings) {
    if (!message.starts_with(opening.words)) continue;
    frame.form = opening.form;
    return frame;
  }
  if (is_count_of_nodes(message)) frame.form = Form::scheduler;
  return frame;
}

std::size_t frame_begin(std::string_view text) {
  auto first = kNoMatch;
  const auto look_for = [&](std::string_view words, std::string_view follows) {
    constexpr std::size_t kMaxTries = 16;
    std::size_t tries = 0;
    for (auto at = text.find(words); at < first && tries < kMaxTries;
         at = text.find(words, at + 1), ++tries) {
      if (text.substr(at + words.size()).starts_with(follows)) first = at;
    }
  };
  for (const auto& start : kVolumeStarts) look_for(start.words, kForVolume);
  for (const auto& opening : kOpenings) {
    if (opening.in_lines) look_for(opening.words, {});
  }
  for (const auto words : kOtherFailures) look_for(words, kForVolume);
  // "0/3 nodes are available": the count stands before what can be looked for.
  if (auto at = text.find(" nodes are available"); at < first) {
    while (at > 0 && std::string_view{"0123456789/"}.find(text[at - 1]) != kNoMatch) --at;
    if (is_count_of_nodes(text.substr(at))) first = at;
  }
  return first;
}

bool is_volume_reason(std::string_view reason) {
  return reason.empty() ||
         std::find(kVolumeReasons.begin(), kVolumeReasons.end(), reason) != kVolumeReasons.end();
}

}  // namespace bso::diagnosis
