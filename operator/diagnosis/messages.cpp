// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/messages.h"

#include <algorithm>
#include <array>

#include "diagnosis/message_around.h"
#include "diagnosis/message_frames.h"
#include "diagnosis/message_kubernetes.h"
#include "diagnosis/message_names.h"
#include "diagnosis/message_paths.h"
#include "diagnosis/message_phrases.h"
#include "diagnosis/message_text.h"

namespace bso::diagnosis {

namespace {

/// Holders are named by what says "conflict", and by nothing else.
void read_names(const PlainText& plain, const Names& names, ParsedMessage& parsed) {
  parsed.wanted_node = names.wanted_node;
  if (parsed.is_conflict != true) return;
  if (parsed.kind == Kind::attached_elsewhere && !names.holder_node.empty() &&
      names.holder_node == names.wanted_node) {
    // It is where it should be; why it does not go on is not said.
    recognise(parsed, Kind::ambiguous, std::nullopt);
    return;
  }
  parsed.holder_node = names.holder_node;
  parsed.pods = names.holder_pods;
  const auto paths = pod_paths(plain, parsed.volume_whole ? parsed.volume : "");
  parsed.paths = paths.all;
  parsed.holder_uid = paths.holder.uid;
  if (parsed.volume.empty() && !paths.holder.uid.empty()) {
    parsed.volume = paths.holder.volume;
    parsed.volume_whole = true;
  }
}

/// What kind it is where only general words, or none that are known, are left.
void read_general(const Reading& reading, const Names& names, bool mounted_for_pod, Stage stage,
                  ParsedMessage& parsed) {
  if (reading.weight == Weight::look_alike || reading.weight == Weight::specific) return;
  // Rook of old attaches to pods, wherever they run.
  const bool mounted_by_pod = names.held && !names.holder_pods.empty() && !names.attached_to_pod;
  if (mounted_for_pod || names.other_pod || mounted_by_pod) {
    recognise(parsed, Kind::single_pod_mount, true);
  } else if (names.held || (names.in_use && stage != Stage::node) ||
             (names.placed && stage == Stage::attach)) {
    recognise(parsed, Kind::attached_elsewhere, true);
  } else if (parsed.kind == Kind::none && (names.in_use || names.attached)) {
    recognise(parsed, names.in_use ? Kind::device_busy : Kind::ambiguous, std::nullopt);
  }
}

bool says_attach_failed(std::string_view lower) {
  constexpr std::array<std::string_view, 5> kWords{
      "failed to attach", "could not attach", "cannot attach", "can't attach", "unable to attach"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [lower](std::string_view words) { return lower.find(words) != kNoMatch; });
}

/// Some drivers attach when they are asked to mount, and say so.
Stage stage_in(std::string_view lower, Stage asked) {
  return asked == Stage::node && says_attach_failed(lower) ? Stage::attach : asked;
}

void read_driver(std::string_view text, Stage asked, ParsedMessage& parsed) {
  const auto plain = plain_text(text);
  const auto stage = stage_in(plain.lower, asked);
  const auto reading = read_phrases(plain.lower, stage);
  recognise(parsed, reading.kind, reading.conflict);
  const auto names = names_of(plain);
  const auto paths = pod_paths(plain, parsed.volume_whole ? parsed.volume : "");
  const bool mounted_for_pod = !paths.holder.uid.empty();
  read_general(reading, names, mounted_for_pod, stage, parsed);
  // It is mounted where it was to be, or where a node has it for all its pods: of somebody else
  // nothing is said.
  const bool staged =
      reading.weight == Weight::general && plain.lower.find("/globalmount") != std::string::npos;
  if ((paths.own_target || staged) && !mounted_for_pod && parsed.kind == Kind::device_busy) {
    recognise(parsed, Kind::device_busy, std::nullopt);
  }
  if (parsed.kind != Kind::none) read_names(plain, names, parsed);
  parsed.known = reading.weight != Weight::none || parsed.kind != Kind::none;
  if (parsed.driver.empty()) parsed.driver = driver_in(plain);
  if (parsed.driver.empty() && parsed.is_conflict != false) parsed.driver = reading.driver;
}

/// What a driver's words are worth as evidence.
Conflict evidence_of(const ParsedMessage& parsed) {
  if (parsed.is_conflict != true) return Conflict::none;
  switch (parsed.kind) {
    case Kind::rwop:
      return Conflict::read_write_once_pod;
    case Kind::single_pod_mount:
      return parsed.driver == "csi.vsphere.vmware.com" && parsed.paths.empty()
                 ? Conflict::in_use
                 : Conflict::refused_for_pod;
    case Kind::attached_elsewhere:
    case Kind::device_busy:
    case Kind::dangling_attachment:
    case Kind::outside_cluster:
      return parsed.paths.empty() ? Conflict::in_use : Conflict::refused_for_pod;
    default:
      return Conflict::none;
  }
}

/// Words without any of Kubernetes' own count only when they speak of what can be held.
bool speaks_of_volumes(std::string_view text) {
  const auto lower = plain_text(text).lower;
  constexpr std::array<std::string_view, 16> kThings{
      "volume", "disk",       "device", "mount", "attach",
      "rbd ",   "image",      " pv ",   "rwo ",  "target",
      "lun ",   "filesystem", "drbd",   "zpool", "reservation conf",
      "lvm"};
  constexpr std::array<std::string_view, 12> kDeeds{
      "unregister", "forbidden", "delet",     "detach failed", "not removing", "resiz",
      "expand",     "umount",    "provision", "unpublish",     "unstage",      "skip detach"};
  const auto has = [&lower](std::string_view word) {
    return lower.find(word) != std::string::npos;
  };
  return std::any_of(kThings.begin(), kThings.end(), has) &&
         std::none_of(kDeeds.begin(), kDeeds.end(), has);
}

/// A line of a log that its writer takes for no trouble: klog's "I0507 08:07:06.447456 ...", or
/// level=info of logfmt and JSON. A failure that it quotes is one all the same.
bool is_information(std::string_view message) {
  constexpr std::size_t kHeader = 256;
  constexpr std::size_t kDate = 4;
  constexpr std::string_view kDigits = "0123456789";
  const auto lower = plain_text(message).lower;
  constexpr std::array<std::string_view, 11> kTroubles{"error",  "fail",     "warning",   "unable",
                                                       "cannot", "can't",    "could not", "refus",
                                                       "reject", "conflict", "dangling"};
  const bool trouble = std::any_of(kTroubles.begin(), kTroubles.end(), [&](auto word) {
    return lower.find(word) != std::string::npos;
  });
  if (trouble) return false;
  const auto header = std::string_view{lower}.substr(0, kHeader);
  for (const std::string_view level : {"level=info", "level=debug", R"("level":"info")"}) {
    if (header.find(level) != kNoMatch) return true;
  }
  for (auto at = header.find('i'); at != kNoMatch; at = header.find('i', at + 1)) {
    const auto date = header.substr(at + 1, kDate + 1);
    if ((at == 0 || header[at - 1] == ' ') && date.size() == kDate + 1 && date.back() == ' ' &&
        date.substr(0, kDate).find_first_not_of(kDigits) == kNoMatch) {
      return true;
    }
  }
  return false;
}

/// What was being done when it failed, as far as words without a frame say.
Stage stage_of(std::string_view message, std::string_view reason) {
  if (reason == "FailedAttachVolume") return Stage::attach;
  if (reason == "FailedMount" || reason == "FailedMapVolume") return Stage::node;
  const auto lower = plain_text(message).lower;
  const auto has = [&lower](std::string_view word) {
    return lower.find(word) != std::string::npos;
  };
  constexpr std::array<std::string_view, 7> kAttach{
      "failedattachvolume", "attachvolume",  "controllerpublish", "error attaching",
      "cannot be attached", "attach volume", "failed to publish"};
  constexpr std::array<std::string_view, 8> kNode{"failedmount",     "nodestage",   "nodepublish",
                                                  "mountvolume",     "mountdevice", "mount failed",
                                                  "failed to mount", "mounting"};
  const bool attach = says_attach_failed(lower) || std::any_of(kAttach.begin(), kAttach.end(), has);
  const bool node = std::any_of(kNode.begin(), kNode.end(), has);
  if (attach == node) return Stage::unknown;
  return attach ? Stage::attach : Stage::node;
}

/// "Unable to mount volumes for pod <%q>: <error>", before the kubelet listed volumes (up to 1.3);
/// "" for the later forms.
std::string_view words_for_pod(std::string_view message) {
  const auto at = message.find(": ");
  if (!message.starts_with("Unable to mount volumes for pod ") || at == kNoMatch ||
      message.find("volumes=[") != kNoMatch) {
    return {};
  }
  return message.substr(at + 2);
}

bool is_about_volume(Form form) {
  return form == Form::controller || form == Form::driver || form == Form::no_users;
}

void read_form(const Frame& frame, std::string_view message, std::string_view reason,
               ParsedMessage& parsed) {
  switch (frame.form) {
    case Form::controller:
      read_controller(frame.text, parsed);
      break;
    case Form::driver:
      read_driver(frame.text, frame.stage, parsed);
      parsed.conflict = evidence_of(parsed);
      break;
    case Form::no_users:
    case Form::other:
      parsed.driver = driver_in(plain_text(frame.text));
      break;
    case Form::not_attached:
      recognise(parsed, Kind::ambiguous, std::nullopt);
      break;
    case Form::volumes:
      if (const auto words = words_for_pod(message); !words.empty()) {
        read_driver(words, Stage::node, parsed);
      } else {
        read_volumes(message, parsed);
      }
      break;
    case Form::scheduler:
      read_scheduler(message, parsed);
      break;
    case Form::selinux:
      read_selinux(message, parsed);
      break;
    case Form::bare:
      if (!reason.empty() || speaks_of_volumes(message)) {
        read_driver(message, stage_of(message, reason), parsed);
      }
      break;
  }
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::none:
      break;
    case Kind::ambiguous:
      return "ambiguous";
    case Kind::multi_attach:
      return "multi-attach";
    case Kind::attached_elsewhere:
      return "already-attached-other-node";
    case Kind::single_pod_mount:
      return "single-pod-mount";
    case Kind::rwop:
      return "rwop";
    case Kind::device_busy:
      return "device-busy";
    case Kind::selinux:
      return "selinux";
    case Kind::dangling_attachment:
      return "dangling-attachment";
    case Kind::outside_cluster:
      return "outside-cluster";
  }
  return "none";
}

ParsedMessage parse_message(std::string_view message, std::string_view reason) {
  // A full stop, a comma or a bracket; more is a sentence that only begins with a quotation.
  constexpr std::size_t kAfterQuotes = 2;
  ParsedMessage parsed;
  const auto whole = message;
  message = without_aggregation(message);
  // A whole message in the quotes of %q, as it stands in logs.
  std::string unquoted;
  auto behind = message;
  if (take_quoted(behind, unquoted) != Quoted::none && behind.size() <= kAfterQuotes) {
    message = without_aggregation(unquoted);
  }
  auto frame = read_frame(message);
  std::string within;
  // What begins as a message of Kubernetes is that one, whatever else it quotes.
  const bool bare = frame.form == Form::bare;
  if (bare || has_odd_blanks(message)) {
    within = bare ? without_surroundings(message) : with_plain_blanks(message);
    message = without_aggregation(within);
    frame = read_frame(message);
  }
  parsed.volume = frame.volume;
  parsed.volume_whole = frame.volume_whole;
  parsed.driver = frame.driver;
  if (is_about_volume(frame.form)) parsed.text = frame.text;
  if (frame.form == Form::bare && (!is_volume_reason(reason) || is_information(whole))) {
    return parsed;
  }
  read_form(frame, message, reason, parsed);
  // What has a blank in it is no node, and may have had more of them in the message.
  if (frame.node.find(' ') == kNoMatch && !frame.node.empty()) parsed.wanted_node = frame.node;
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
