// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>

#include "base/result.h"

namespace bso::codec {

/// The first bytes of every enveloped object (apimachinery pkg/runtime/serializer/protobuf).
inline constexpr std::string_view kube_magic{"k8s\0", 4};

[[nodiscard]] Error bad_protobuf(std::string message);

/// The start of a body that is not what was expected, made printable and short: `JSON ("{...")`.
[[nodiscard]] std::string describe_start(std::string_view bytes);

/// One field's key, and for length-delimited fields the length, at the start of `bytes`.
struct FieldHeader {
  std::uint32_t number = 0;
  protozero::pbf_wire_type type = protozero::pbf_wire_type::unknown;
  std::size_t size = 0;       ///< bytes of the header itself; a varint value is part of it
  std::uint64_t payload = 0;  ///< bytes that follow the header and belong to the field

  [[nodiscard]] bool is_message(std::uint32_t wanted) const {
    return number == wanted && type == protozero::pbf_wire_type::length_delimited;
  }
};

/// nullopt: it may become a header with more bytes. An error: it never will.
[[nodiscard]] Result<std::optional<FieldHeader>> peek_field(std::string_view bytes);

/// For `switch (reader.tag_and_type())`. Always switch on both: protozero only asserts the wire
/// type, and reads nonsense in a build without assertions.
constexpr std::uint32_t bytes_field(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}
constexpr std::uint32_t varint_field(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}

/// The bytes of a length-delimited field; they live as long as the message.
[[nodiscard]] inline std::string_view read_bytes(protozero::pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}

/// Walks one whole message. `on_field` reads the field and says true, or false to step over it.
/// protozero's exceptions become an Error that names `what`.
template <class OnField>
[[nodiscard]] Result<void> for_each_field(std::string_view message, std::string_view what,
                                          OnField&& on_field) {
  try {
    protozero::pbf_reader reader(message.data(), message.size());
    while (reader.next()) {
      if (!on_field(reader)) reader.skip();
    }
  } catch (const protozero::exception& caught) {
    return fail(bad_protobuf(std::string(what) + ": " + caught.what()));
  }
  return {};
}

}  // namespace bso::codec
