// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "codec/kube_protobuf.h"
#include "codec/protobuf_wire.h"

namespace bso::codec {

ProtobufListReader::ProtobufListReader(OnItem on_item, std::size_t max_item_bytes,
                                       Oversize oversize)
    : on_item_(std::move(on_item)),
      max_item_bytes_(max_item_bytes),
      oversize_(std::move(oversize)) {}

Result<void> ProtobufListReader::feed(std::string_view bytes) {
  auto taken = take(bytes);
  if (!taken) {
    place_ = Place::failed;
    buffer_.clear();
  }
  return taken;
}

Result<void> ProtobufListReader::finish() {
  if (place_ == Place::failed) return fail(bad_protobuf("the list has failed before"));
  if (place_ == Place::envelope && saw_list_ && buffer_.empty() && skip_left_ == 0) return {};
  if (place_ == Place::magic && buffer_.empty()) {
    return fail(bad_protobuf("expected a list, found an empty body"));
  }
  if (place_ == Place::list) {
    return fail(bad_protobuf(fmt::format("the list was cut short, {} bytes of it are missing",
                                         list_left_ + skip_left_ - buffer_.size())));
  }
  return fail(bad_protobuf("the list was cut short"));
}

/// Bytes are looked at where they lie. Only an element cut by the end of a chunk is kept, and then
/// filled up to exactly what it needs: no byte is copied or looked at more than a few times.
Result<void> ProtobufListReader::take(std::string_view bytes) {
  if (place_ == Place::failed) return fail(bad_protobuf("the list has failed before"));
  while (!bytes.empty()) {
    if (skip_left_ > 0) {
      const std::uint64_t skipped = std::min<std::uint64_t>(skip_left_, bytes.size());
      skip_left_ -= skipped;
      bytes.remove_prefix(skipped);
    } else if (buffer_.empty()) {
      auto used = consume(bytes);
      if (!used) return fail(std::move(used).error());
      buffer_.assign(bytes.substr(*used));
      return {};
    } else {
      const std::size_t missing = std::min(want_ - buffer_.size(), bytes.size());
      buffer_.append(bytes.substr(0, missing));
      bytes.remove_prefix(missing);
      if (buffer_.size() < want_) return {};
      auto used = consume(buffer_);
      if (!used) return fail(std::move(used).error());
      buffer_.erase(0, *used);
    }
  }
  return {};
}

/// Reads whole elements off the window and says how many bytes that was. What is left is the start
/// of an element that needs want_ bytes.
Result<std::size_t> ProtobufListReader::consume(std::string_view window) {
  std::size_t used = 0;
  while (used < window.size()) {
    const std::string_view rest = window.substr(used);
    auto step = place_ == Place::magic  ? read_magic(rest)
                : place_ == Place::list ? read_list_field(rest)
                                        : read_envelope_field(rest);
    if (!step) return step;
    if (*step == 0) break;
    used += *step;
    const std::uint64_t skipped = std::min<std::uint64_t>(skip_left_, window.size() - used);
    skip_left_ -= skipped;
    used += skipped;
  }
  return used;
}

Result<std::size_t> ProtobufListReader::read_magic(std::string_view rest) {
  const std::size_t known = std::min(rest.size(), kube_magic.size());
  if (rest.substr(0, known) != kube_magic.substr(0, known)) {
    return fail(
        bad_protobuf("expected a list that starts with \"k8s\\0\", found " + describe_start(rest)));
  }
  if (known < kube_magic.size()) {
    want_ = rest.size() + 1;  // a wrong byte is told as soon as it has come, however it comes
    return 0;
  }
  place_ = Place::envelope;
  return kube_magic.size();
}

Result<std::size_t> ProtobufListReader::read_envelope_field(std::string_view rest) {
  auto peeked = peek_field(rest);
  if (!peeked) return fail(std::move(peeked).error());
  if (!*peeked) {
    want_ = rest.size() + 1;
    return 0;
  }
  const FieldHeader field = **peeked;
  if (field.is_message(2)) {
    list_left_ = field.payload;
    saw_list_ = true;
    if (list_left_ > 0) place_ = Place::list;
    return field.size;
  }
  if (!field.is_message(1)) {
    skip_left_ = field.payload;
    return field.size;
  }
  if (field.payload > max_item_bytes_) {
    return fail(bad_protobuf(fmt::format("typeMeta of {} bytes", field.payload)));
  }
  const std::size_t whole = field.size + field.payload;
  if (rest.size() < whole) {
    want_ = whole;
    return 0;
  }
  if (auto read = read_type_meta(rest.substr(field.size, field.payload)); !read) {
    return fail(std::move(read).error());
  }
  return whole;
}

Result<std::size_t> ProtobufListReader::read_list_field(std::string_view rest) {
  auto peeked = peek_field(rest);
  if (!peeked) return fail(std::move(peeked).error());
  if (!*peeked) {
    if (rest.size() >= list_left_) {
      return fail(bad_protobuf("a field runs past the end of the list"));
    }
    want_ = rest.size() + 1;
    return 0;
  }
  const FieldHeader field = **peeked;
  if (field.size > list_left_ || field.payload > list_left_ - field.size) {
    return fail(bad_protobuf("a field runs past the end of the list"));
  }
  const bool wanted = field.is_message(1) || field.is_message(2);
  if (!wanted) {
    if (field.number <= 2) {
      return fail(bad_protobuf(fmt::format("field {} of the list is no message", field.number)));
    }
    skip_left_ = field.payload;
  } else if (field.payload > max_item_bytes_) {
    const bool skips = field.number == 2 && oversize_.on_skipped;
    if (skips && field.payload <= oversize_.most) {
      return step_over_item(rest, field.size, field.payload);
    }
    return fail(bad_protobuf(fmt::format("an item of {} bytes is beyond the limit of {} bytes",
                                         field.payload, skips ? oversize_.most : max_item_bytes_)));
  }
  const std::size_t taken = field.size + (wanted ? field.payload : 0);
  if (rest.size() < taken) {
    want_ = taken;
    return 0;
  }
  list_left_ -= field.size + field.payload;
  if (list_left_ == 0) place_ = Place::envelope;
  if (wanted) {
    const std::string_view message = rest.substr(field.size, field.payload);
    auto read = field.number == 2 ? on_item_(message) : read_list_meta(message);
    if (!read) return fail(std::move(read).error());
  }
  return taken;
}

/// Lets an item beyond the limit pass once its start is there to tell its name.
Result<std::size_t> ProtobufListReader::step_over_item(std::string_view rest, std::size_t header,
                                                       std::uint64_t size) {
  const std::size_t start = std::min<std::uint64_t>(size, oversize_start_bytes);
  if (rest.size() < header + start) {
    want_ = header + start;
    return 0;
  }
  oversize_.on_skipped(size, rest.substr(header, start));
  skip_left_ = size - start;
  list_left_ -= header + size;
  if (list_left_ == 0) place_ = Place::envelope;
  return header + start;
}

/// A Status in place of a list would look like a list of odd items, so the kind is checked.
Result<void> ProtobufListReader::read_type_meta(std::string_view message) {
  auto walked = for_each_field(message, "typeMeta", [&](protozero::pbf_reader& field) {
    if (field.tag_and_type() != bytes_field(2)) return false;
    kind_ = read_bytes(field);
    return true;
  });
  if (walked && !kind_.empty() && !kind_.ends_with("List")) {
    return fail(bad_protobuf("expected a list, found an object of kind " + kind_));
  }
  return walked;
}

Result<void> ProtobufListReader::read_list_meta(std::string_view message) {
  return for_each_field(message, "list metadata", [&](protozero::pbf_reader& field) {
    switch (field.tag_and_type()) {
      case bytes_field(2):
        resource_version_ = read_bytes(field);
        return true;
      case bytes_field(3):
        continue_token_ = read_bytes(field);
        return true;
      default:
        return false;
    }
  });
}

}  // namespace bso::codec
