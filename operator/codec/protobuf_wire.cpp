// SPDX-License-Identifier: Apache-2.0
#include "codec/protobuf_wire.h"

#include <utility>

#include <fmt/format.h>

namespace bso::codec {
namespace {

enum class Varint { whole, cut, too_long };

struct VarintRead {
  Varint state = Varint::cut;
  std::uint64_t value = 0;
  std::size_t size = 0;
};

VarintRead read_varint(std::string_view bytes) {
  constexpr std::size_t max_size = 10;  // 64 bits in groups of seven
  std::uint64_t value = 0;
  for (std::size_t at = 0; at < bytes.size() && at < max_size; ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (at == max_size - 1 && byte > 1) return {.state = Varint::too_long};
    value |= std::uint64_t{byte & 0x7FU} << (7 * at);
    if (byte < 0x80) return {.state = Varint::whole, .value = value, .size = at + 1};
  }
  return {};
}

}  // namespace

Error bad_protobuf(std::string message) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "invalid protobuf: " + std::move(message);
  return error;
}

std::string describe_start(std::string_view bytes) {
  if (bytes.empty()) return "nothing";
  std::string shown;
  for (const char c : bytes.substr(0, 40)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      shown += c;
    } else {
      shown += fmt::format("\\x{:02x}", byte);
    }
  }
  const std::string_view guess = bytes.front() == '{'   ? "JSON "
                                 : bytes.front() == '<' ? "HTML or XML "
                                                        : "";
  return fmt::format("{}(\"{}\")", guess, shown);
}

Result<std::optional<FieldHeader>> peek_field(std::string_view bytes) {
  const VarintRead key = read_varint(bytes);
  if (key.state == Varint::cut) return std::nullopt;
  // Field numbers have 29 bits, the key with its wire type 32.
  if (key.state == Varint::too_long || key.value > UINT32_MAX || (key.value >> 3U) == 0) {
    return fail(bad_protobuf("a field number that cannot be"));
  }
  FieldHeader header;
  header.number = static_cast<std::uint32_t>(key.value >> 3U);
  header.type = static_cast<protozero::pbf_wire_type>(key.value & 7U);
  header.size = key.size;
  switch (header.type) {
    case protozero::pbf_wire_type::fixed32:
      header.payload = 4;
      return header;
    case protozero::pbf_wire_type::fixed64:
      header.payload = 8;
      return header;
    case protozero::pbf_wire_type::varint:
    case protozero::pbf_wire_type::length_delimited: {
      const VarintRead value = read_varint(bytes.substr(key.size));
      if (value.state == Varint::cut) return std::nullopt;
      if (value.state == Varint::too_long) {
        return fail(bad_protobuf(fmt::format("field {}: a varint beyond 64 bits", header.number)));
      }
      header.size += value.size;
      if (header.type == protozero::pbf_wire_type::length_delimited) header.payload = value.value;
      return header;
    }
    default:
      return fail(bad_protobuf(
          fmt::format("field {}: wire type {} is not in use", header.number, key.value & 7U)));
  }
}

}  // namespace bso::codec
