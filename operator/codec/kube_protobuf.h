// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/oversize.h"

namespace bso::codec {

/// Kubernetes' protobuf framing (k8s.io/apimachinery, pkg/runtime/serializer/protobuf): four magic
/// bytes "k8s\0", then a runtime.Unknown {typeMeta=1 {apiVersion=1, kind=2}, raw=2}
/// (pkg/runtime/generated.proto). All errors of this header are of kind `protocol`.
struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;  ///< the message itself; points into the input
};

/// Opens one whole object. The views live as long as `bytes`.
[[nodiscard]] Result<Envelope> open_envelope(std::string_view bytes);

/// Decodes a LIST body while it arrives: each item is handed out as soon as its last byte is in,
/// and no more than one item is held; items that lie whole in what is fed are not copied. Reads
/// only items=2 and metadata=1 {resourceVersion=2, continue=3} of the list message; every
/// Kubernetes list type has these two fields (k8s.io/api .../generated.proto).
class ProtobufListReader {
 public:
  using OnItem = std::function<Result<void>(std::string_view item)>;

  ProtobufListReader(OnItem on_item, std::size_t max_item_bytes, Oversize oversize = {});

  /// More bytes of the body. An error, also one of `on_item`, is final.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  /// Call at the end of the body: an error when it ended inside something or before the list.
  [[nodiscard]] Result<void> finish();

  /// What the envelope calls the list, e.g. "PodList".
  [[nodiscard]] const std::string& kind() const { return kind_; }
  [[nodiscard]] const std::string& resource_version() const { return resource_version_; }
  [[nodiscard]] const std::string& continue_token() const { return continue_token_; }

 private:
  enum class Place { magic, envelope, list, failed };
  [[nodiscard]] Result<void> take(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> consume(std::string_view window);
  [[nodiscard]] Result<std::size_t> read_magic(std::string_view rest);
  [[nodiscard]] Result<std::size_t> read_envelope_field(std::string_view rest);
  [[nodiscard]] Result<std::size_t> read_list_field(std::string_view rest);
  [[nodiscard]] Result<std::size_t> step_over_item(std::string_view rest, std::size_t header,
                                                   std::uint64_t size);
  [[nodiscard]] Result<void> read_type_meta(std::string_view message);
  [[nodiscard]] Result<void> read_list_meta(std::string_view message);

  OnItem on_item_;
  std::size_t max_item_bytes_;
  Oversize oversize_;
  std::string kind_;
  std::string resource_version_;
  std::string continue_token_;

  Place place_ = Place::magic;
  bool saw_list_ = false;
  std::string buffer_;           ///< the start of an element that has not arrived whole
  std::size_t want_ = 0;         ///< bytes that buffer_ needs before another look makes sense
  std::uint64_t list_left_ = 0;  ///< bytes of the list message still to come
  std::uint64_t skip_left_ = 0;  ///< bytes of an unknown field still to be stepped over
};

/// One frame of a protobuf WATCH body: metav1.WatchEvent {type=1, object=2 RawExtension {raw=1}}.
struct WatchFrame {
  std::string_view type;    ///< ADDED, MODIFIED, DELETED, BOOKMARK, ERROR or something newer
  std::string_view object;  ///< an enveloped object; lives until the callback returns
};

/// Splits a protobuf WATCH body into frames (4-byte big-endian length before each;
/// pkg/util/framer of apimachinery).
class ProtobufWatchReader {
 public:
  using OnFrame = std::function<Result<void>(const WatchFrame& frame)>;

  ProtobufWatchReader(OnFrame on_frame, std::size_t max_frame_bytes, Oversize oversize = {});

  /// More bytes of the body. An error, also one of `on_frame`, is final.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  /// True when the stream stands between two frames.
  [[nodiscard]] bool at_boundary() const { return buffer_.empty() && skip_left_ == 0 && !failed_; }

 private:
  [[nodiscard]] Result<void> take(std::string_view bytes);
  [[nodiscard]] Result<std::size_t> frame_bytes(std::string_view window) const;
  [[nodiscard]] bool is_oversize(std::size_t whole) const;
  [[nodiscard]] Result<void> hand_out(std::string_view frame);
  void step_over(std::string_view& bytes);

  OnFrame on_frame_;
  std::size_t max_frame_bytes_;
  Oversize oversize_;
  std::string buffer_;          ///< the start of a frame that has not arrived whole
  std::size_t skip_left_ = 0;   ///< bytes still to come of a frame that is being skipped
  std::size_t skip_whole_ = 0;  ///< its size, the length included
  bool failed_ = false;
};

/// metav1.Status in protobuf, as the server answers when asked for protobuf
/// (pkg/apis/meta/v1/generated.proto: status=2, message=3, reason=4, details=5 {causes=4
/// {reason=1, message=2, field=3}, retryAfterSeconds=5}, code=6).
struct ProtobufStatus {
  std::string status;
  std::string message;
  std::string reason;
  int code = 0;
  std::uint32_t retry_after_seconds = 0;
  std::vector<StatusCause> causes;
};
[[nodiscard]] Result<ProtobufStatus> decode_status(std::string_view raw);

/// metav1.ObjectMeta fields that a reflector itself needs, from any object's raw message (metadata
/// is field 1 in every kind; in it name=1, namespace=3, uid=5, resourceVersion=6). What is absent
/// is empty: a bookmark has only a resourceVersion. The views live as long as `raw`.
struct ProtobufObjectKey {
  std::string_view name;
  std::string_view ns;
  std::string_view uid;
  std::string_view resource_version;
};
[[nodiscard]] Result<ProtobufObjectKey> decode_object_key(std::string_view raw);
/// The same from the beginning of a raw message: what stands whole in it.
[[nodiscard]] ProtobufObjectKey peek_object_key(std::string_view start);
/// The same from the beginning of a watch frame.
struct WatchFrameStart {
  std::string_view type;
  ProtobufObjectKey key;
};
[[nodiscard]] WatchFrameStart peek_frame(std::string_view start);

/// The value of an annotation (metadata=1 {annotations=12 map<string, string>}); "" when absent.
[[nodiscard]] Result<std::string> decode_annotation(std::string_view raw, std::string_view name);

}  // namespace bso::codec
