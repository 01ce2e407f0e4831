// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "codec/kube_protobuf.h"
#include "codec/protobuf_wire.h"

namespace bso::codec {
namespace {

constexpr std::size_t length_bytes = 4;

}  // namespace

ProtobufWatchReader::ProtobufWatchReader(OnFrame on_frame, std::size_t max_frame_bytes,
                                         Oversize oversize)
    : on_frame_(std::move(on_frame)),
      max_frame_bytes_(max_frame_bytes),
      oversize_(std::move(oversize)) {}

/// What the frame at the start of the window takes, its length included; as far as that is known.
Result<std::size_t> ProtobufWatchReader::frame_bytes(std::string_view window) const {
  if (window.size() < length_bytes) return length_bytes;
  std::size_t length = 0;
  for (const char c : window.substr(0, length_bytes)) {
    length = (length << 8U) | static_cast<unsigned char>(c);
  }
  const std::size_t limit = oversize_.on_skipped ? oversize_.most : max_frame_bytes_;
  if (length > limit) {
    return fail(bad_protobuf(
        fmt::format("a watch frame of {} bytes is beyond the limit of {} bytes; it starts with {}",
                    length, limit, describe_start(window))));
  }
  return length_bytes + length;
}

bool ProtobufWatchReader::is_oversize(std::size_t whole) const {
  return whole > length_bytes + max_frame_bytes_;
}

Result<void> ProtobufWatchReader::feed(std::string_view bytes) {
  if (failed_) return fail(bad_protobuf("the watch has failed before"));
  auto taken = take(bytes);
  if (!taken) {
    failed_ = true;
    buffer_.clear();
  }
  return taken;
}

Result<void> ProtobufWatchReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_left_ > 0) {
      step_over(bytes);
      continue;
    }
    const bool fresh = buffer_.empty();
    auto whole = frame_bytes(fresh ? bytes : buffer_);
    if (!whole) return fail(std::move(whole).error());
    if (is_oversize(*whole)) {
      skip_whole_ = *whole;
      skip_left_ = *whole - buffer_.size();
      continue;
    }
    if (fresh && bytes.size() >= *whole) {
      if (auto done = hand_out(bytes.substr(0, *whole)); !done) return done;
      bytes.remove_prefix(*whole);
      continue;
    }
    const std::size_t missing = std::min(*whole - buffer_.size(), bytes.size());
    buffer_.append(bytes.substr(0, missing));
    bytes.remove_prefix(missing);
    // The length itself may just have become known.
    whole = frame_bytes(buffer_);
    if (!whole) return fail(std::move(whole).error());
    if (is_oversize(*whole) || buffer_.size() < *whole) continue;
    auto done = hand_out(buffer_);
    buffer_.clear();
    if (!done) return done;
  }
  return {};
}

/// Lets bytes of a frame beyond the limit pass, keeping only its start.
void ProtobufWatchReader::step_over(std::string_view& bytes) {
  const std::string_view part = bytes.substr(0, skip_left_);
  constexpr std::size_t kept = length_bytes + oversize_start_bytes;
  if (buffer_.size() < kept) buffer_.append(part.substr(0, kept - buffer_.size()));
  bytes.remove_prefix(part.size());
  skip_left_ -= part.size();
  if (skip_left_ > 0) return;
  oversize_.on_skipped(skip_whole_ - length_bytes, std::string_view(buffer_).substr(length_bytes));
  buffer_.clear();
}

Result<void> ProtobufWatchReader::hand_out(std::string_view frame) {
  WatchFrame event;
  std::string_view extension;
  auto walked =
      for_each_field(frame.substr(length_bytes), "WatchEvent", [&](protozero::pbf_reader& field) {
        switch (field.tag_and_type()) {
          case bytes_field(1):
            event.type = read_bytes(field);
            return true;
          case bytes_field(2):
            extension = read_bytes(field);
            return true;
          default:
            return false;
        }
      });
  if (!walked) return walked;
  walked = for_each_field(extension, "RawExtension", [&](protozero::pbf_reader& field) {
    if (field.tag_and_type() != bytes_field(1)) return false;
    event.object = read_bytes(field);
    return true;
  });
  if (!walked) return walked;
  if (event.type.empty()) return fail(bad_protobuf("a watch event without a type"));
  return on_frame_(event);
}

}  // namespace bso::codec
