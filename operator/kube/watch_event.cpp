// SPDX-License-Identifier: Apache-2.0
#include "kube/watch_event.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "kube/status_error.h"

namespace bso::kube {
namespace {

/// apimachinery pkg/apis/meta/v1/types.go, InitialEventsAnnotationKey.
constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";

/// Sets the type, and the fault of one that is not known.
void set_type(WatchEvent& event, std::string_view type) {
  using Type = WatchEvent::Type;
  event.type = type == "ADDED"      ? Type::added
               : type == "MODIFIED" ? Type::modified
               : type == "DELETED"  ? Type::deleted
               : type == "BOOKMARK" ? Type::bookmark
               : type == "ERROR"    ? Type::error
                                    : Type::unknown;
  if (event.type == Type::unknown) {
    event.fault = protocol_error(fmt::format("unknown type {}", type.substr(0, 40)));
  }
}

Result<void> read_frame_object(std::string_view bytes, WatchEvent& event) {
  const auto envelope = codec::open_envelope(bytes);
  if (!envelope) return fail(envelope.error());
  event.kind = envelope->kind;
  event.object = envelope->raw;
  const auto key = codec::decode_object_key(envelope->raw);
  if (!key) return fail(key.error());
  event.ns = key->ns;
  event.name = key->name;
  event.resource_version = key->resource_version;
  if (event.type != WatchEvent::Type::bookmark) return {};
  const auto end = codec::decode_annotation(envelope->raw, kInitialEventsEnd);
  if (!end) return fail(end.error());
  event.initial_events_end = *end == "true";
  return {};
}

Result<void> read_line_object(const nlohmann::json& object, WatchEvent& event) {
  if (!object.is_object()) return fail(protocol_error("what is told of is no object"));
  event.kind = codec::string_at(object, {"kind"});
  event.ns = codec::string_at(object, {"metadata", "namespace"});
  event.name = codec::string_at(object, {"metadata", "name"});
  event.resource_version = codec::string_at(object, {"metadata", "resourceVersion"});
  event.object = codec::dump_json(object);
  event.initial_events_end =
      event.type == WatchEvent::Type::bookmark &&
      codec::string_at(object, {"metadata", "annotations", kInitialEventsEnd}) == "true";
  return {};
}

}  // namespace

WatchDecoder::WatchDecoder(bool protobuf, std::size_t max_object_bytes)
    : protobuf_(protobuf),
      max_object_bytes_(max_object_bytes),
      reader_(
          std::in_place_type<codec::LineReader>,
          [this](std::string_view line) { return take_line(line); }, max_object_bytes, oversize()) {
  if (!protobuf) return;
  reader_.emplace<codec::ProtobufWatchReader>(
      [this](const codec::WatchFrame& frame) { return take_frame(frame); }, max_object_bytes,
      oversize());
}

codec::Oversize WatchDecoder::oversize() {
  codec::Oversize oversize;
  oversize.on_skipped = [this](std::size_t size, std::string_view start) {
    take_oversize(size, start);
  };
  return oversize;
}

Result<void> WatchDecoder::feed(std::string_view bytes, std::vector<WatchEvent>& into) {
  into_ = &into;
  auto fed = std::visit([bytes](auto& reader) { return reader.feed(bytes); }, reader_);
  into_ = nullptr;
  return fed;
}

Result<void> WatchDecoder::take_frame(const codec::WatchFrame& frame) {
  WatchEvent event;
  set_type(event, frame.type);
  if (event.type == WatchEvent::Type::error) {
    event.fault = error_from_watch_status(frame.object, true);
  } else if (auto read = read_frame_object(frame.object, event); !read && !event.fault) {
    event.fault = std::move(read.error());
  }
  into_->push_back(std::move(event));
  return {};
}

Result<void> WatchDecoder::take_line(std::string_view line) {
  const auto document = codec::parse_json(line);
  if (!document) return fail(document.error());
  const auto* found = codec::find(*document, {"object"});
  const auto object = found == nullptr ? nlohmann::json() : *found;
  WatchEvent event;
  set_type(event, codec::string_at(*document, {"type"}));
  if (event.type == WatchEvent::Type::error) {
    event.fault = error_from_watch_status(codec::dump_json(object), false);
  } else if (auto read = read_line_object(object, event); !read && !event.fault) {
    event.fault = std::move(read.error());
  }
  into_->push_back(std::move(event));
  return {};
}

void WatchDecoder::take_oversize(std::size_t size, std::string_view start) {
  WatchEvent event;
  if (protobuf_) {
    const auto frame = codec::peek_frame(start);
    set_type(event, frame.type);
    event.ns = frame.key.ns;
    event.name = frame.key.name;
  } else if (start.starts_with(R"({"type":"DELETED")")) {
    event.type = WatchEvent::Type::deleted;  // the one type that matters without its object
  }
  event.fault = protocol_error(
      fmt::format("it has {} bytes, beyond the limit of {}", size, max_object_bytes_));
  into_->push_back(std::move(event));
}

}  // namespace bso::kube
