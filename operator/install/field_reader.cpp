// SPDX-License-Identifier: Apache-2.0
#include "install/field_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::install {

std::string SpecFault::sentence() const {
  return fmt::format("{}: {}. {}.", field, message, remedy);
}

const nlohmann::json* FieldReader::at(std::string_view path) const {
  const nlohmann::json* here = &document_;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    here = codec::find(*here, {path.substr(0, dot)});
    if (here == nullptr || here->is_null()) {
      return nullptr;
    }
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return here;
}

void FieldReader::wrong_type(std::string_view path, const nlohmann::json& found,
                             std::string_view wanted) {
  add({.field = std::string(path),
       .message = fmt::format("it is a value of type {}", found.type_name()),
       .remedy = fmt::format("Write {}", wanted)});
}

std::string FieldReader::text(std::string_view path, std::string_view fallback) {
  const nlohmann::json* value = at(path);
  if (value == nullptr) {
    return std::string(fallback);
  }
  if (!value->is_string()) {
    wrong_type(path, *value, "a text (numbers in quotes)");
    return std::string(fallback);
  }
  return value->get<std::string>();
}

std::string FieldReader::text(std::string_view path, std::string_view fallback, Check check,
                              std::string_view remedy) {
  std::string value = text(path, fallback);
  if (value != fallback && !check(value)) {
    add({.field = std::string(path),
         .message = fmt::format("\"{}\" is not valid", value),
         .remedy = std::string(remedy)});
  }
  return value;
}

std::string FieldReader::choice(std::string_view path, std::string_view fallback,
                                std::initializer_list<std::string_view> allowed) {
  std::string value = text(path, fallback);
  if (value != fallback && std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    add({.field = std::string(path),
         .message = fmt::format("\"{}\" is not known", value),
         .remedy = fmt::format("Write one of: {}", fmt::join(allowed, ", "))});
  }
  return value;
}

bool FieldReader::flag(std::string_view path, bool fallback) {
  const nlohmann::json* value = at(path);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    wrong_type(path, *value, "true or false");
    return fallback;
  }
  return value->get<bool>();
}

std::int64_t FieldReader::integer(std::string_view path, std::int64_t fallback, std::int64_t min,
                                  std::int64_t max) {
  const nlohmann::json* value = at(path);
  if (value == nullptr) {
    return fallback;
  }
  const std::string wanted = fmt::format("a whole number from {} to {}", min, max);
  if (!value->is_number_integer()) {
    wrong_type(path, *value, wanted);
    return fallback;
  }
  // Beyond int64 nlohmann keeps an unsigned number, which get<int64_t> would wrap.
  const bool too_large = value->is_number_unsigned() &&
                         value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  const auto number = too_large ? INT64_MAX : value->get<std::int64_t>();
  if (too_large || number < min || number > max) {
    add({.field = std::string(path),
         .message = fmt::format("{} is out of range", value->dump()),
         .remedy = "Write " + wanted});
    return fallback;
  }
  return number;
}

std::vector<std::string> FieldReader::text_list(std::string_view path,
                                                std::vector<std::string> fallback) {
  if (at(path) == nullptr) {
    return fallback;
  }
  std::vector<std::string> values;
  for (const nlohmann::json& item : list(path)) {
    if (!item.is_string()) {
      wrong_type(path, item, "a list of texts");
      return fallback;
    }
    values.push_back(item.get<std::string>());
  }
  return values;
}

std::map<std::string, std::string> FieldReader::text_map(std::string_view path) {
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : object(path).items()) {
    if (value.is_string()) {
      values.emplace(key, value.get<std::string>());
    } else {
      wrong_type(fmt::format("{}[{}]", path, key), value, "a text (numbers in quotes)");
    }
  }
  return values;
}

const nlohmann::json& FieldReader::object(std::string_view path) {
  static const nlohmann::json kEmpty = nlohmann::json::object();
  const nlohmann::json* value = at(path);
  if (value == nullptr) {
    return kEmpty;
  }
  if (!value->is_object()) {
    wrong_type(path, *value, "an object");
    return kEmpty;
  }
  return *value;
}

const nlohmann::json& FieldReader::list(std::string_view path) {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const nlohmann::json* value = at(path);
  if (value == nullptr) {
    return kEmpty;
  }
  if (!value->is_array()) {
    wrong_type(path, *value, "a list");
    return kEmpty;
  }
  return *value;
}

void FieldReader::only(std::string_view path, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object(path).items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      add({.field = path.empty() ? key : fmt::format("{}.{}", path, key),
           .message = "there is no such field",
           .remedy = fmt::format("Known are: {}", fmt::join(known, ", "))});
    }
  }
}

}  // namespace bso::install
