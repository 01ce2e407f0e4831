// SPDX-License-Identifier: Apache-2.0
// Messages as an API server writes them (gogo marshalling: fields in order, empty strings
// included).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <protozero/pbf_writer.hpp>

namespace bso::test {

inline std::string type_meta(std::string_view api_version, std::string_view kind) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_string(1, api_version.data(), api_version.size());
  writer.add_string(2, kind.data(), kind.size());
  return message;
}

/// `tail`: with contentEncoding and contentType after raw, both empty, as the server writes them.
inline std::string envelope(std::string_view kind, const std::string& raw, bool tail = true) {
  std::string message("k8s\0", 4);
  protozero::pbf_writer writer(message);
  writer.add_message(1, type_meta("v1", kind));
  writer.add_bytes(2, raw);
  if (tail) {
    writer.add_string(3, "");
    writer.add_string(4, "");
  }
  return message;
}

inline std::string list_meta(const std::string& resource_version, const std::string& token) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_string(1, "");
  writer.add_string(2, resource_version);
  writer.add_string(3, token);
  writer.add_int64(4, 123456);  // remainingItemCount
  return message;
}

inline std::string list_body(const std::vector<std::string>& items) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_message(1, list_meta("4711", "next"));
  for (const std::string& item : items) writer.add_message(2, item);
  return message;
}

inline std::string watch_event(const std::string& type, const std::string& object) {
  std::string extension;
  protozero::pbf_writer(extension).add_bytes(1, object);
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_string(1, type);
  writer.add_message(2, extension);
  return message;
}

inline std::string framed(const std::string& message) {
  std::string frame;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    frame += static_cast<char>((message.size() >> shift) & 0xFFU);
  }
  return frame + message;
}

}  // namespace bso::test
