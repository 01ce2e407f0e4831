// SPDX-License-Identifier: Apache-2.0
// Protobuf from the API server: envelopes, LIST bodies, WATCH frames, Status, records.
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/decode.h"
#include "codec/kube_protobuf.h"
#include "codec/protobuf_wire.h"
#include "fuzz/fuzz.h"

namespace bso::fuzz {
namespace {

constexpr std::size_t kSmallLimit = 200;
constexpr std::size_t kLargeLimit = 1U << 20U;
constexpr std::size_t kMostSkipped = 10'000;

/// What a reader of a stream told, and how it ended.
struct Told {
  std::vector<std::string> items;
  std::vector<std::pair<std::size_t, std::string>> skipped;
  bool fed = true;
  bool ended_well = false;
  std::vector<std::string> meta;
  bool operator==(const Told&) const = default;
};

codec::Oversize noting(Told& told) {
  codec::Oversize oversize;
  oversize.on_skipped = [&told](std::size_t size, std::string_view start) {
    demand(start.size() <= std::min(size, codec::oversize_start_bytes), "the start is a start");
    told.skipped.emplace_back(size, start);
  };
  oversize.most = kMostSkipped;
  return oversize;
}

void feed(const Input& input, bool in_pieces, const std::function<bool(std::string_view)>& take) {
  if (in_pieces) {
    input.in_pieces(take);
  } else {
    take(input.bytes());
  }
}

Told read_list(const Input& input, bool in_pieces) {
  const std::size_t limit = input.flag(0) ? kSmallLimit : kLargeLimit;
  Told told;
  codec::ProtobufListReader reader(
      [&](std::string_view item) -> Result<void> {
        demand(item.size() <= limit, "no item beyond the limit is handed out");
        told.items.emplace_back(item);
        return {};
      },
      limit, input.flag(1) ? noting(told) : codec::Oversize{});
  feed(input, in_pieces, [&](std::string_view piece) {
    told.fed = reader.feed(piece).has_value();
    return told.fed;
  });
  if (!told.fed) demand(!reader.feed("x"), "an error of a list is final");
  told.ended_well = reader.finish().has_value();
  demand(told.fed || !told.ended_well, "a list that failed does not end well");
  if (told.ended_well) {
    told.meta = {reader.kind(), reader.resource_version(), reader.continue_token()};
  }
  return told;
}

Told read_watch(const Input& input, bool in_pieces) {
  const std::size_t limit = input.flag(0) ? kSmallLimit : kLargeLimit;
  Told told;
  codec::ProtobufWatchReader reader(
      [&](const codec::WatchFrame& frame) -> Result<void> {
        demand(!frame.type.empty(), "an event has a type");
        demand(frame.type.size() + frame.object.size() <= limit, "no frame beyond the limit");
        told.items.emplace_back(frame.type);
        told.items.emplace_back(frame.object);
        return {};
      },
      limit, input.flag(1) ? noting(told) : codec::Oversize{});
  feed(input, in_pieces, [&](std::string_view piece) {
    told.fed = reader.feed(piece).has_value();
    return told.fed;
  });
  if (!told.fed) demand(!reader.feed("x"), "an error of a watch is final");
  told.ended_well = told.fed && reader.at_boundary();
  return told;
}

/// What a reader holds is one object and the start of one that is being skipped; a string may have
/// room for twice as much.
template <class Reader>
void measure(const Input& input, Reader& reader) {
  constexpr std::size_t kMost =
      2 * std::max(kSmallLimit, codec::oversize_start_bytes) + 2 * 32 + 1024;
  HeapMeter heap;
  input.in_pieces([&](std::string_view piece) {
    const bool fed = reader.feed(piece).has_value();
    heap.look();
    return fed;
  });
  demand(heap.growth() <= kMost, "no more than one object is held");
}

void fuzz_list(const Input& input) {
  demand(read_list(input, false) == read_list(input, true), "a list's pieces do not matter");
  codec::Oversize passing;
  passing.on_skipped = [](std::size_t, std::string_view) {};
  codec::ProtobufListReader reader([](std::string_view) { return Result<void>(); }, kSmallLimit,
                                   std::move(passing));
  measure(input, reader);
}

void fuzz_watch(const Input& input) {
  demand(read_watch(input, false) == read_watch(input, true), "a watch's pieces do not matter");
  codec::Oversize passing;
  passing.on_skipped = [](std::size_t, std::string_view) {};
  codec::ProtobufWatchReader reader([](const codec::WatchFrame&) { return Result<void>(); },
                                    kSmallLimit, std::move(passing));
  measure(input, reader);
}

bool lies_in(std::string_view part, std::string_view whole) {
  const std::less_equal<> before;
  return part.empty() || (before(whole.data(), part.data()) &&
                          before(part.data() + part.size(), whole.data() + whole.size()));
}

bool is_part_of(const codec::ProtobufObjectKey& cut, const codec::ProtobufObjectKey& whole) {
  const auto same = [](std::string_view a, std::string_view b) { return a.empty() || a == b; };
  return same(cut.name, whole.name) && same(cut.ns, whole.ns) && same(cut.uid, whole.uid) &&
         same(cut.resource_version, whole.resource_version);
}

void fuzz_object(const Input& input) {
  const std::string_view bytes = input.bytes();
  if (const auto envelope = codec::open_envelope(bytes)) {
    demand(lies_in(envelope->raw, bytes) && lies_in(envelope->kind, bytes) &&
               lies_in(envelope->api_version, bytes),
           "an envelope's views point into it");
  }
  const auto key = codec::decode_object_key(bytes);
  const auto annotation = codec::decode_annotation(bytes, "k8s.io/initial-events-end");
  demand(key || key.error().kind == ErrorKind::protocol, "kind of error");
  demand(annotation.has_value() || annotation.error().kind == ErrorKind::protocol, "kind of error");

  const auto whole = codec::peek_object_key(bytes);
  const auto frame = codec::peek_frame(bytes);
  std::size_t end = 0;
  input.in_pieces([&](std::string_view piece) {
    end += piece.size();
    const auto start = bytes.substr(0, end);
    demand(is_part_of(codec::peek_object_key(start), whole), "a start tells nothing else");
    const auto cut = codec::peek_frame(start);
    demand(cut.type.empty() || cut.type == frame.type, "a start tells no other type");
    demand(is_part_of(cut.key, frame.key), "a frame's start tells nothing else");
    return true;
  });
}

void fuzz_header(const Input& input) {
  const auto whole = codec::peek_field(input.bytes());
  if (!whole || !*whole) return;
  demand((*whole)->number > 0 && (*whole)->size <= 20, "a header is in bounds");
  for (std::size_t size = 0; size < (*whole)->size; ++size) {
    const auto cut = codec::peek_field(input.bytes().substr(0, size));
    demand(cut && !*cut, "what may become a header is none yet");
  }
}

void fuzz_status(const Input& input) {
  const auto status = codec::decode_status(input.bytes());
  if (!status) return demand(status.error().kind == ErrorKind::protocol, "kind of error");
  demand(status->retry_after_seconds <= INT32_MAX, "a pause is not negative");
}

bool is_a_time(WallTime time) {
  using namespace std::chrono;
  return time >= WallTime{} && time < sys_days{year{10'000} / January / 1};
}

void check(const cluster::Pod& pod) {
  demand(is_a_time(pod.created) && is_a_time(pod.scheduled) && is_a_time(pod.deletion), "times");
}
void check(const cluster::Node& node) {
  demand(is_a_time(node.ready_since), "times");
  const auto by_text = [](const auto& a, const auto& b) { return a.view() < b.view(); };
  demand(std::is_sorted(node.volumes_in_use.begin(), node.volumes_in_use.end(), by_text) &&
             std::is_sorted(node.volumes_attached.begin(), node.volumes_attached.end(), by_text),
         "a node's volumes are sorted");
}
void check(const cluster::EventHint& hint) {
  demand(is_a_time(hint.last), "times");
  demand(hint.message.size() <= cluster::kMaxEventMessage, "messages are clipped");
}
template <class Record>
void check(const Record&) {}

template <class Record>
bool has_name(const Record& record) {
  return !record.name.empty();
}
bool has_name(const cluster::EventHint&) { return true; }  // it keeps none

template <class Decode>
void fuzz_record(std::string_view bytes, Decode decode) {
  const auto record = decode(bytes);
  if (!record) return demand(record.error().kind == ErrorKind::protocol, "kind of error");
  demand(has_name(*record), "a record has a name");
  check(*record);
  const auto again = decode(bytes);
  demand(again && *again == *record, "equal bytes give equal records");
  // Field 1000, a string that no release has: newer servers send more than is known here.
  const auto newer = decode(std::string(bytes) + "\xc2\x3e\x03new");
  demand(newer && *newer == *record, "an unknown field changes nothing");
}

void fuzz_records(const Input& input) {
  const std::size_t symbols = cluster::Symbol::pool_size();
  const std::string_view bytes = input.bytes();
  fuzz_record(bytes, cluster::decode_pod);
  fuzz_record(bytes, cluster::decode_claim);
  fuzz_record(bytes, cluster::decode_volume);
  fuzz_record(bytes, cluster::decode_attachment);
  fuzz_record(bytes, cluster::decode_node);
  fuzz_record(bytes, cluster::decode_event);
  using Kind = cluster::WorkloadKind;
  for (const auto kind :
       {Kind::deployment, Kind::replica_set, Kind::stateful_set, Kind::daemon_set, Kind::job}) {
    fuzz_record(bytes,
                [kind](std::string_view raw) { return cluster::decode_workload(kind, raw); });
  }
  demand(cluster::Symbol::pool_size() == symbols, "no symbol outlives its records");
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  switch (input.parser()) {
    case 'l':
      fuzz_list(input);
      break;
    case 'w':
      fuzz_watch(input);
      break;
    case 'o':
      fuzz_object(input);
      break;
    case 'h':
      fuzz_header(input);
      break;
    case 's':
      fuzz_status(input);
      break;
    default:
      fuzz_records(input);
  }
  return 0;
}
