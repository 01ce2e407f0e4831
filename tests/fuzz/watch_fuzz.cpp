// SPDX-License-Identifier: Apache-2.0
// WATCH bodies in either encoding, lines, JSON documents, answers that report an error, leases.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/kube_protobuf.h"
#include "codec/lines.h"
#include "codec/utf8.h"
#include "fuzz/fuzz.h"
#include "kube/document_store.h"
#include "kube/excerpt.h"
#include "kube/status_error.h"
#include "kube/watch_event.h"
#include "transport/transport.h"

namespace bso::fuzz {
namespace {

using Type = kube::WatchEvent::Type;

constexpr std::size_t kSmallLimit = 200;
constexpr std::size_t kLargeLimit = 1U << 20U;

bool same_error(const std::optional<Error>& a, const std::optional<Error>& b) {
  if (!a || !b) return !a && !b;
  return a->kind == b->kind && a->message == b->message && a->code == b->code &&
         a->reason == b->reason && a->retry_after == b->retry_after;
}

bool same_event(const kube::WatchEvent& a, const kube::WatchEvent& b) {
  return a.type == b.type && a.kind == b.kind && a.ns == b.ns && a.name == b.name &&
         a.resource_version == b.resource_version && a.object == b.object &&
         a.initial_events_end == b.initial_events_end && same_error(a.fault, b.fault);
}

void check_status_error(const Error& error) {
  demand(error.kind == ErrorKind::status || error.kind == ErrorKind::protocol, "kind of error");
  demand(!error.message.empty(), "an error says something");
  if (error.retry_after) {
    demand(error.retry_after->count() >= 0 && *error.retry_after <= transport::longest_retry_after,
           "no server silences us for long");
  }
  static_cast<void>(kube::is_expired(error));
  static_cast<void>(kube::is_too_large_resource_version(error));
  const bool conflicts = !kube::field_conflicts(error).empty();
  demand(!(conflicts && kube::is_stale(error)), "a conflict is of one sort");
}

void check_event(const kube::WatchEvent& event, bool protobuf) {
  if (event.type == Type::error) {
    demand(event.fault.has_value(), "an ERROR event has its error");
    check_status_error(*event.fault);
    demand(event.resource_version.empty(), "an ERROR event has no version");
    return;
  }
  demand(event.type != Type::unknown || event.fault, "an unknown type is a fault");
  demand(!event.initial_events_end || event.type == Type::bookmark, "only a bookmark ends a list");
  if (event.fault) {
    demand(!event.initial_events_end || event.type == Type::bookmark, "no end by a fault");
    demand(event.fault->kind == ErrorKind::protocol, "a fault is the server's");
  }
  if (event.object.empty() || event.fault) {
    // What was not read whole has no version that a watch could go on from.
    demand(event.object.size() > 0 || event.resource_version.empty(), "no version of no object");
    return;
  }
  if (protobuf) {
    const auto key = codec::decode_object_key(event.object);
    demand(key && key->name == event.name && key->ns == event.ns &&
               key->resource_version == event.resource_version,
           "an event is named after its object");
    return;
  }
  const auto document = kube::decode_document(event.object);
  demand(document.has_value() == !event.name.empty(), "an object with a name is a document");
  if (!document) return;
  demand(document->name == event.name && document->ns == event.ns &&
             document->resource_version == event.resource_version,
         "an event is named after its object");
}

struct Watched {
  std::vector<kube::WatchEvent> events;
  bool fed = true;
};

Watched watch(const Input& input, bool protobuf, bool in_pieces) {
  Watched watched;
  kube::WatchDecoder decoder(protobuf, input.flag(0) ? kSmallLimit : kLargeLimit);
  const auto take = [&](std::string_view piece) {
    watched.fed = decoder.feed(piece, watched.events).has_value();
    return watched.fed;
  };
  if (in_pieces) {
    input.in_pieces(take);
  } else {
    take(input.bytes());
  }
  if (!watched.fed) {
    const std::size_t count = watched.events.size();
    demand(!decoder.feed("{}\n", watched.events) && watched.events.size() == count,
           "no event comes after an error");
  }
  return watched;
}

void fuzz_watch(const Input& input, bool protobuf) {
  const auto whole = watch(input, protobuf, false);
  const auto pieces = watch(input, protobuf, true);
  demand(
      whole.fed == pieces.fed && whole.events.size() == pieces.events.size() &&
          std::equal(whole.events.begin(), whole.events.end(), pieces.events.begin(), same_event),
      "a watch's pieces do not matter");
  for (const auto& event : whole.events) check_event(event, protobuf);
}

struct Lines {
  std::vector<std::string> lines;
  std::vector<std::pair<std::size_t, std::string>> skipped;
  bool fed = true;
  bool operator==(const Lines&) const = default;
};

Lines read_lines(const Input& input, bool in_pieces) {
  Lines read;
  codec::Oversize oversize;
  if (input.flag(1)) {
    oversize.on_skipped = [&read](std::size_t size, std::string_view start) {
      demand(size > kSmallLimit, "what fits is not skipped");
      read.skipped.emplace_back(size, start);
    };
    oversize.most = 3000;
  }
  codec::LineReader reader(
      [&read](std::string_view line) -> Result<void> {
        demand(!line.empty() && line.size() <= kSmallLimit, "a line is within the limit");
        demand(line.find('\n') == line.npos, "a line is one line");
        read.lines.emplace_back(line);
        return {};
      },
      kSmallLimit, std::move(oversize));
  const auto take = [&](std::string_view piece) {
    read.fed = reader.feed(piece).has_value();
    return read.fed;
  };
  if (in_pieces) {
    input.in_pieces(take);
  } else {
    take(input.bytes());
  }
  if (read.fed) {
    read.fed = reader.finish().has_value();
  } else {
    demand(!reader.feed("x\n"), "an error of a line is final");
  }
  return read;
}

void fuzz_lines(const Input& input) {
  demand(read_lines(input, false) == read_lines(input, true), "a line's pieces do not matter");

  constexpr std::size_t kMost = 2 * std::max(kSmallLimit, codec::oversize_start_bytes) + 1024;
  codec::Oversize passing;
  passing.on_skipped = [](std::size_t, std::string_view) {};
  codec::LineReader reader([](std::string_view) { return Result<void>(); }, kSmallLimit,
                           std::move(passing));
  HeapMeter heap;
  input.in_pieces([&](std::string_view piece) {
    const bool fed = reader.feed(piece).has_value();
    heap.look();
    return fed;
  });
  demand(heap.growth() <= kMost, "no more than one line is held");
}

bool has_null(const nlohmann::json& value) {
  return value.is_null() ||
         (value.is_structured() && std::any_of(value.begin(), value.end(), has_null));
}

void fuzz_json(const Input& input) {
  std::string_view rest = input.bytes();
  const auto text = take_part(rest, "\n");
  const auto document = codec::parse_json(text);
  if (!document) {
    demand(document.error().kind == ErrorKind::protocol, "kind of error");
    return;
  }
  const auto printed = codec::dump_json(*document);
  const auto again = codec::parse_json(printed);
  demand(again && *again == *document, "what is printed is read as it was");
  demand(codec::dump_json(*again) == printed, "equal documents give equal bytes");

  const auto other = codec::parse_json(rest);
  if (!other || !document->is_object() || !other->is_object() || has_null(*other)) return;
  auto patched = *document;
  patched.merge_patch(codec::merge_patch(*document, *other));
  demand(patched == *other, "a merge patch leads where it should");
}

void fuzz_answer(const Input& input) {
  std::string_view rest = input.bytes();
  const auto content_type = take_part(rest, "\n");
  const int http_status = 400 + static_cast<int>(content_type.size() % 200);
  const auto error = kube::error_from_response(http_status, content_type, rest, std::nullopt);
  check_status_error(error);
  demand(error.kind == ErrorKind::status && !error.reason.empty() && error.code != 0,
         "an unsuccessful answer has a code and a reason");
  const auto foreign = kube::error_from_foreign_body(http_status, content_type, rest);
  demand(foreign.message.size() < 1000, "a foreign text is quoted in short");
  check_status_error(kube::error_from_watch_status(rest, input.flag(0)));

  const auto shown = kube::excerpt(rest, 100);
  demand(shown.size() <= 100 + std::string_view("...").size(), "an excerpt is short");
  demand(codec::is_utf8(shown), "an excerpt is UTF-8");
  demand(std::none_of(shown.begin(), shown.end(),
                      [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }),
         "an excerpt has no control characters");
}

void fuzz_utf8(const Input& input) {
  const auto bytes = input.bytes();
  const auto valid = codec::valid_utf8_bytes(bytes);
  demand(valid <= bytes.size() && codec::is_utf8(bytes.substr(0, valid)), "what is valid is valid");
  const auto text = bytes.substr(0, valid);
  input.in_pieces([&](std::string_view piece) {
    const auto prefix = codec::utf8_prefix(text, piece.size());
    demand(prefix.size() <= piece.size() && prefix.size() + 3 >= std::min(piece.size(), valid) &&
               codec::is_utf8(prefix),
           "a prefix cuts no character");
    return true;
  });
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  switch (input.parser()) {
    case 'p':
      fuzz_watch(input, true);
      break;
    case 'l':
      fuzz_lines(input);
      break;
    case 'd':
      fuzz_json(input);
      break;
    case 'a':
      fuzz_answer(input);
      break;
    case 'u':
      fuzz_utf8(input);
      break;
    default:
      fuzz_watch(input, false);
  }
  return 0;
}
