// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "codec/kube_protobuf.h"
#include "codec/lines.h"

namespace bso::kube {

/// One event of a WATCH body, in either encoding.
struct WatchEvent {
  enum class Type { added, modified, deleted, bookmark, error, unknown };

  Type type = Type::unknown;
  std::string kind;
  std::string ns;
  std::string name;
  std::string resource_version;
  /// The object as an ObjectSink takes it: a raw protobuf message or a JSON text.
  std::string object;
  /// A bookmark with the annotation k8s.io/initial-events-end=true (KEP-3157): everything that
  /// existed when the watch began has been told.
  bool initial_events_end = false;
  /// With type `error`: the Status that the server sent. Otherwise: why the object cannot be read;
  /// the fields above then hold what could.
  std::optional<Error> fault;
};

/// Turns the bytes of a WATCH body into events, wherever they are cut. No more than one object of
/// at most `max_object_bytes` is held; a larger one becomes an event with a fault that names it if
/// its name is at its beginning.
class WatchDecoder {
 public:
  WatchDecoder(bool protobuf, std::size_t max_object_bytes);
  WatchDecoder(const WatchDecoder&) = delete;
  WatchDecoder& operator=(const WatchDecoder&) = delete;

  /// Appends the events that these bytes make whole. An error means that the body makes no sense
  /// from there on; the events before it have been appended.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<WatchEvent>& into);

 private:
  Result<void> take_frame(const codec::WatchFrame& frame);
  Result<void> take_line(std::string_view line);
  void take_oversize(std::size_t size, std::string_view start);
  [[nodiscard]] codec::Oversize oversize();

  bool protobuf_;
  std::size_t max_object_bytes_;
  std::vector<WatchEvent>* into_ = nullptr;  ///< during feed()
  std::variant<codec::ProtobufWatchReader, codec::LineReader> reader_;
};

}  // namespace bso::kube
