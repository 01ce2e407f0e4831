// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

/// Only for the decoders of this room.
namespace bso::cluster::wire {

/// The field has another wire type than Kubernetes gives it.
struct WrongType : protozero::exception {
  [[nodiscard]] const char* what() const noexcept override { return "field of an unexpected type"; }
};

/// One protobuf message, field by field. protozero only asserts that a getter fits the wire type;
/// here a misfit is an exception, as damaged bytes are.
class Message {
 public:
  explicit Message(std::string_view raw) : reader_(raw.data(), raw.size()) {}

  [[nodiscard]] bool next() { return reader_.next(); }
  [[nodiscard]] std::uint32_t field() const { return reader_.tag(); }

  /// A string, bytes or an embedded message; points into the input.
  [[nodiscard]] std::string_view bytes() {
    require(protozero::pbf_wire_type::length_delimited);
    const auto view = reader_.get_view();
    return {view.data(), view.size()};
  }
  [[nodiscard]] std::int64_t integer() {
    require(protozero::pbf_wire_type::varint);
    return reader_.get_int64();
  }
  [[nodiscard]] std::int32_t int32() {
    require(protozero::pbf_wire_type::varint);
    return reader_.get_int32();
  }
  [[nodiscard]] bool boolean() {
    require(protozero::pbf_wire_type::varint);
    return reader_.get_bool();
  }
  void skip() { reader_.skip(); }

 private:
  void require(protozero::pbf_wire_type type) const {
    if (!reader_.has_wire_type(type)) throw WrongType{};
  }
  protozero::pbf_reader reader_;
};

/// The first string field with this number, or "".
inline std::string_view text_field(std::string_view raw, std::uint32_t number) {
  for (Message message{raw}; message.next();) {
    if (message.field() == number) return message.bytes();
    message.skip();
  }
  return {};
}

}  // namespace bso::cluster::wire
