// SPDX-License-Identifier: Apache-2.0
// The kubelet's and the drivers' words, files of them, and what is written of them.
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/explain_reader.h"
#include "cli/explain_view.h"
#include "codec/json.h"
#include "diagnosis/message_around.h"
#include "diagnosis/message_frames.h"
#include "diagnosis/messages.h"
#include "diagnosis/sentence.h"
#include "fuzz/fuzz.h"

namespace bso::fuzz {
namespace {

using diagnosis::Conflict;
using diagnosis::ParsedMessage;

bool same(const ParsedMessage& a, const ParsedMessage& b) {
  return a.conflict == b.conflict && a.volume == b.volume && a.pods == b.pods &&
         a.pods_elsewhere == b.pods_elsewhere && a.paths == b.paths && a.text == b.text &&
         a.kind == b.kind && a.is_conflict == b.is_conflict && a.volume_whole == b.volume_whole &&
         a.holder_uid == b.holder_uid && a.holder_node == b.holder_node &&
         a.wanted_node == b.wanted_node && a.driver == b.driver;
}

bool is_uid(std::string_view uid) { return uid.size() == 32 || uid.size() == 36; }

/// Names nobody who is not in the message. Where the message is escaped or mangled, its words are
/// not there as they are read.
void check_names(const ParsedMessage& parsed, std::string_view message) {
  const bool as_written = message.find('\\') == message.npos && message.find("%!") == message.npos;
  const auto is_there = [&](std::string_view name) {
    return !as_written || message.find(name) != message.npos;
  };
  std::size_t names = 0;
  for (const auto& pod : parsed.pods) {
    demand(is_there(pod), "a pod is named in the message");
    names += pod.size();
  }
  demand(names <= message.size(), "each pod is named once");
  demand(parsed.paths.size() <= 16, "paths are bounded");
  for (const auto& path : parsed.paths) {
    demand(is_uid(path.uid), "a path has a UID");
    demand(is_there(path.uid) && is_there(path.volume), "a path is in the message");
  }
  demand(parsed.holder_uid.empty() || is_uid(parsed.holder_uid), "a holder's UID is one");
  demand(is_there(parsed.holder_uid), "a holder's UID is in the message");
  demand(is_there(parsed.holder_node), "a holding node is in the message");
  demand(is_there(parsed.wanted_node), "a wanted node is in the message");
}

void check(const ParsedMessage& parsed, std::string_view message) {
  // Of one with odd blanks, or out of a log, as it is read.
  demand(message.find('"') != message.npos || message.ends_with(parsed.text) ||
             diagnosis::with_plain_blanks(message).ends_with(parsed.text) ||
             diagnosis::without_surroundings(message).ends_with(parsed.text),
         "the text is the end of the message");
  demand(parsed.volume.size() <= message.size(), "a name is no longer than its message");
  check_names(parsed, message);
  const bool is_conflict = parsed.is_conflict == true;
  demand(is_conflict || (parsed.pods.empty() && parsed.paths.empty() && parsed.holder_uid.empty() &&
                         parsed.holder_node.empty()),
         "holders have a reason");
  demand(is_conflict || parsed.conflict == Conflict::none, "evidence is of a conflict");
  demand((parsed.kind == diagnosis::Kind::none) == (parsed.is_conflict == false),
         "what is something else has no kind");
}

/// A parser that looks at a byte more than a bounded number of times would not come to an end
/// with this (libFuzzer's -timeout).
void parse_long(std::string_view message) {
  constexpr std::size_t kLong = 1U << 18U;
  if (message.empty()) return;
  std::string text;
  while (text.size() < kLong) text.append(message);
  static_cast<void>(diagnosis::parse_message(text));
  static_cast<void>(diagnosis::name_tokens(text));
}

void fuzz_message(const Input& input) {
  const auto message = input.bytes();
  const auto parsed = diagnosis::parse_message(message);
  check(parsed, message);
  const auto aggregated = "(combined from similar events): " + std::string(message);
  demand(same(diagnosis::parse_message(aggregated), parsed), "aggregation changes nothing");

  // In a line of a log the message itself may be what was cut off.
  const bool begins = diagnosis::read_frame(message).form != diagnosis::Form::bare;
  std::size_t end = 0;
  input.in_pieces([&](std::string_view piece) {
    end += piece.size();
    const auto cut = diagnosis::parse_message(message.substr(0, end));
    check(cut, message.substr(0, end));
    demand(!begins || parsed.text.empty() || parsed.volume.starts_with(cut.volume),
           "a cut message names no other volume");
    return true;
  });

  const auto tokens = diagnosis::name_tokens(message);
  demand(tokens.size() <= 256, "tokens are bounded");
  for (const auto token : tokens) {
    demand(!token.empty() && message.find(token) != message.npos, "a token is in the text");
    demand(std::count(tokens.begin(), tokens.end(), token) == 1, "a token is there once");
  }
  if (std::hash<std::string_view>{}(message) % 256 == 0) parse_long(message);
}

/// A verdict whose every text is somebody else's. Names are as long as the API lets them be, and
/// there is a holder, without which most causes are none.
diagnosis::Verdict verdict_of(const Input& input) {
  std::string_view rest = input.bytes();
  constexpr std::size_t kMostName = 253;
  const auto next = [&rest] { return std::string(take_part(rest, "\n").substr(0, kMostName)); };
  diagnosis::Verdict verdict;
  const auto kinds = next();
  const auto pick = [&kinds](std::size_t at, int count) {
    return at < kinds.size() ? static_cast<unsigned char>(kinds[at]) % count : 0;
  };
  verdict.cause = static_cast<diagnosis::Cause>(pick(0, 17));
  verdict.state = static_cast<diagnosis::State>(pick(1, 4));
  verdict.confidence = static_cast<diagnosis::Confidence>(pick(2, 3));
  verdict.overdue = pick(3, 2) == 1;
  if (pick(4, 2) == 1) verdict.more_volumes.emplace_back();
  verdict.holders_elsewhere = pick(5, 2) == 1;
  verdict.ns = next();
  verdict.pod = next();
  verdict.node = next();
  verdict.owner = {next(), next()};
  verdict.volume = next();
  verdict.claim = next();
  verdict.pv = next();
  verdict.driver = next();
  verdict.holder_node = next();
  verdict.attachment = next();
  verdict.vanished_uid = next();
  verdict.text = take_part(rest, "\n");
  do {
    diagnosis::Holder holder;
    holder.pod = next();
    holder.node = next();
    holder.owner = {next(), next()};
    holder.revision = next();
    holder.phase = next();
    holder.terminating = holder.pod.size() % 2 == 1;
    verdict.holders.push_back(std::move(holder));
  } while (!rest.empty());
  verdict.evidence = {verdict.text, verdict.pod};
  return verdict;
}

void fuzz_verdict(const Input& input) {
  constexpr std::size_t kMostNote = 1024;  // events.k8s.io/v1
  const auto verdict = verdict_of(input);
  demand(is_printable_ascii(diagnosis::sentence(verdict)), "a sentence is one line of ASCII");
  const auto detail = diagnosis::detail(verdict);
  demand(detail.size() <= diagnosis::kMaxDetail, "a detail is bounded");
  const auto document = codec::parse_json(detail);
  demand(document && document->is_object(), "a detail is JSON");
  if (const auto notice = diagnosis::notice(verdict, WallTime{})) {
    demand(notice->note.size() <= kMostNote && !notice->reason.empty(), "a notice fits its event");
    demand(is_printable_ascii(notice->note), "a note is one line of ASCII");
  }
  const auto shown = diagnosis::printable(verdict.text, 100);
  demand(shown.size() <= 100 && is_printable_ascii(shown), "printable text is printable");
}

void fuzz_explain(const Input& input) {
  constexpr std::size_t kFields = 8;
  const auto read = cli::read_events(input.bytes());
  std::size_t number = 0;
  for (const auto& event : read.events) {
    demand(event.number >= number && event.number > 0, "lines are counted");
    number = event.number;
  }
  for (const auto& unread : read.unread) demand(!unread.why.empty(), "a fault has its reason");
  const auto explained = cli::explain(read.events);
  demand(explained.size() == read.events.size(), "each message is explained");
  for (const auto& one : explained) {
    const auto line = cli::explained_json(one.parsed);
    demand(line.find('\n') + 1 == line.size(), "an explanation is one line");
    const auto document = codec::parse_json(line);
    demand(document && document->size() == kFields, "an explanation has its fields");
  }
  auto text = cli::explained_text(explained, "LINE");
  std::replace(text.begin(), text.end(), '\n', ' ');
  demand(is_printable_ascii(text), "a table is printable");
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  if (input.parser() == 'v') {
    fuzz_verdict(input);
  } else if (input.parser() == 'e') {
    fuzz_explain(input);
  } else {
    fuzz_message(input);
  }
  return 0;
}
