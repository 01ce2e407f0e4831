// SPDX-License-Identifier: Apache-2.0
#include "codec/kube_protobuf.h"

#include <algorithm>
#include <utility>

#include "codec/protobuf_wire.h"

namespace bso::codec {

Result<Envelope> open_envelope(std::string_view bytes) {
  if (!bytes.starts_with(kube_magic)) {
    return fail(bad_protobuf("expected an object that starts with \"k8s\\0\", found " +
                             describe_start(bytes)));
  }
  Envelope envelope;
  std::string_view type_meta;
  auto walked = for_each_field(bytes.substr(kube_magic.size()), "envelope",
                               [&](protozero::pbf_reader& field) {
                                 switch (field.tag_and_type()) {
                                   case bytes_field(1):
                                     type_meta = read_bytes(field);
                                     return true;
                                   case bytes_field(2):
                                     envelope.raw = read_bytes(field);
                                     return true;
                                   default:
                                     return false;
                                 }
                               });
  if (!walked) return fail(std::move(walked).error());
  walked = for_each_field(type_meta, "typeMeta", [&](protozero::pbf_reader& field) {
    switch (field.tag_and_type()) {
      case bytes_field(1):
        envelope.api_version = read_bytes(field);
        return true;
      case bytes_field(2):
        envelope.kind = read_bytes(field);
        return true;
      default:
        return false;
    }
  });
  if (!walked) return fail(std::move(walked).error());
  return envelope;
}

namespace {

Result<StatusCause> decode_cause(std::string_view message) {
  StatusCause cause;
  auto walked = for_each_field(message, "StatusCause", [&](protozero::pbf_reader& field) {
    switch (field.tag_and_type()) {
      case bytes_field(1):
        cause.reason = read_bytes(field);
        return true;
      case bytes_field(2):
        cause.message = read_bytes(field);
        return true;
      case bytes_field(3):
        cause.field = read_bytes(field);
        return true;
      default:
        return false;
    }
  });
  if (!walked) return fail(std::move(walked).error());
  return cause;
}

Result<void> decode_details(std::string_view message, ProtobufStatus& status) {
  Result<void> causes;
  auto walked = for_each_field(message, "StatusDetails", [&](protozero::pbf_reader& field) {
    switch (field.tag_and_type()) {
      case bytes_field(4): {
        auto cause = decode_cause(read_bytes(field));
        if (cause) {
          status.causes.push_back(std::move(*cause));
        } else {
          causes = fail(std::move(cause).error());
        }
        return true;
      }
      case varint_field(5):
        // A negative pause, which the type would allow, is none.
        status.retry_after_seconds =
            static_cast<std::uint32_t>(std::max<std::int32_t>(0, field.get_int32()));
        return true;
      default:
        return false;
    }
  });
  return walked ? causes : walked;
}

}  // namespace

Result<ProtobufStatus> decode_status(std::string_view raw) {
  ProtobufStatus status;
  std::string_view details;
  auto walked = for_each_field(raw, "Status", [&](protozero::pbf_reader& field) {
    switch (field.tag_and_type()) {
      case bytes_field(2):
        status.status = read_bytes(field);
        return true;
      case bytes_field(3):
        status.message = read_bytes(field);
        return true;
      case bytes_field(4):
        status.reason = read_bytes(field);
        return true;
      case bytes_field(5):
        details = read_bytes(field);
        return true;
      case varint_field(6):
        status.code = field.get_int32();
        return true;
      default:
        return false;
    }
  });
  if (walked) walked = decode_details(details, status);
  if (!walked) return fail(std::move(walked).error());
  return status;
}

Result<ProtobufObjectKey> decode_object_key(std::string_view raw) {
  ProtobufObjectKey key;
  std::string_view metadata;
  auto walked = for_each_field(raw, "object", [&](protozero::pbf_reader& field) {
    if (field.tag_and_type() != bytes_field(1)) return false;
    metadata = read_bytes(field);
    return true;
  });
  if (!walked) return fail(std::move(walked).error());
  walked = for_each_field(metadata, "metadata", [&](protozero::pbf_reader& field) {
    switch (field.tag_and_type()) {
      case bytes_field(1):
        key.name = read_bytes(field);
        return true;
      case bytes_field(3):
        key.ns = read_bytes(field);
        return true;
      case bytes_field(5):
        key.uid = read_bytes(field);
        return true;
      case bytes_field(6):
        key.resource_version = read_bytes(field);
        return true;
      default:
        return false;
    }
  });
  if (!walked) return fail(std::move(walked).error());
  return key;
}

namespace {

/// The first field of that number in the beginning of a message, or as much of it as is there.
std::string_view partial_field(std::string_view start, std::uint32_t number, bool whole = false) {
  while (true) {
    const auto peeked = peek_field(start);
    if (!peeked || !*peeked) return {};
    const FieldHeader& field = **peeked;
    start.remove_prefix(field.size);
    const bool cut = field.payload > start.size();
    if (field.is_message(number)) return cut && whole ? "" : start.substr(0, field.payload);
    if (cut) return {};
    start.remove_prefix(field.payload);
  }
}

}  // namespace

ProtobufObjectKey peek_object_key(std::string_view start) {
  const auto metadata = partial_field(start, 1);
  return {.name = partial_field(metadata, 1, true),
          .ns = partial_field(metadata, 3, true),
          .uid = partial_field(metadata, 5, true),
          .resource_version = partial_field(metadata, 6, true)};
}

WatchFrameStart peek_frame(std::string_view start) {
  WatchFrameStart frame;
  frame.type = partial_field(start, 1, true);
  const auto object = partial_field(partial_field(start, 2), 1);
  if (object.starts_with(kube_magic)) {
    frame.key = peek_object_key(partial_field(object.substr(kube_magic.size()), 2));
  }
  return frame;
}

Result<std::string> decode_annotation(std::string_view raw, std::string_view name) {
  std::string_view metadata;
  auto walked = for_each_field(raw, "object", [&](protozero::pbf_reader& field) {
    if (field.tag_and_type() != bytes_field(1)) return false;
    metadata = read_bytes(field);
    return true;
  });
  std::string value;
  if (walked) {
    walked = for_each_field(metadata, "metadata", [&](protozero::pbf_reader& field) {
      if (field.tag_and_type() != bytes_field(12)) return false;
      const auto entry = read_bytes(field);
      if (partial_field(entry, 1, true) == name) value = partial_field(entry, 2, true);
      return true;
    });
  }
  if (!walked) return fail(std::move(walked).error());
  return value;
}

}  // namespace bso::codec
