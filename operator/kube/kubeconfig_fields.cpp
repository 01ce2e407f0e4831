// SPDX-License-Identifier: Apache-2.0
#include "kube/kubeconfig_fields.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "codec/base64.h"
#include "kube/config_file.h"

namespace bso::kube {

using nlohmann::json;

Fields::Fields(const KubeconfigEntry& entry, std::string owner)
    : Fields(entry.body, entry.file, std::move(owner)) {}

Fields::Fields(codec::JsonPtr body, std::string file, std::string owner)
    : body_(std::move(body)), file_(std::move(file)), owner_(std::move(owner)) {}

const json* Fields::raw(std::string_view field) const {
  const json* value = codec::find(*body_, {field});
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Fields::text_of(const json& value, std::string_view name) {
  if (!value.is_string()) {
    refuse(fmt::format("{} of {} must be text; put it in quotes", name, owner_));
    return std::nullopt;
  }
  auto text = value.get<std::string>();
  // It would end the text for whoever takes it as a C string: a file name, an argument.
  if (text.find('\0') != std::string::npos) {
    refuse(fmt::format("{} of {} has a NUL in it; remove it", name, owner_));
    return std::nullopt;
  }
  return text;
}

std::string Fields::text(std::string_view field) {
  const json* value = raw(field);
  if (value == nullptr) return {};
  return text_of(*value, field).value_or("");
}

bool Fields::flag(std::string_view field) {
  const json* value = raw(field);
  if (value == nullptr) return false;
  if (!value->is_boolean()) {
    refuse(fmt::format("{} of {} must be true or false, without quotes", field, owner_));
    return false;
  }
  return value->get<bool>();
}

std::vector<std::string> Fields::texts(std::string_view field) {
  const json* value = raw(field);
  if (value == nullptr) return {};
  if (!value->is_array()) {
    refuse(fmt::format("{} of {} must be a list", field, owner_));
    return {};
  }
  std::vector<std::string> result;
  for (const json& item : *value) {
    auto text = text_of(item, fmt::format("{}[{}]", field, result.size()));
    if (!text) return {};
    result.push_back(*std::move(text));
  }
  return result;
}

std::map<std::string, std::vector<std::string>> Fields::lists_of_texts(std::string_view field) {
  auto inner = map(field);
  if (!inner) return {};
  std::map<std::string, std::vector<std::string>> result;
  for (const auto& [key, value] : inner->body_->items()) result[key] = inner->texts(key);
  adopt(*inner);
  return result;
}

std::optional<Fields> Fields::map(std::string_view field) {
  const json* value = raw(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) {
    refuse(fmt::format("{} of {} must be a map", field, owner_));
    return std::nullopt;
  }
  return Fields(std::make_shared<const json>(*value), file_,
                fmt::format("{} of {}", field, owner_));
}

std::vector<Fields> Fields::maps(std::string_view field) {
  const json* value = raw(field);
  if (value == nullptr) return {};
  if (!value->is_array()) {
    refuse(fmt::format("{} of {} must be a list", field, owner_));
    return {};
  }
  std::vector<Fields> result;
  for (const json& item : *value) {
    auto name = fmt::format("{}[{}] of {}", field, result.size(), owner_);
    if (!item.is_object()) {
      refuse(name + " must be a map");
      return {};
    }
    result.emplace_back(std::make_shared<const json>(item), file_, std::move(name));
  }
  return result;
}

PemText Fields::pem(const std::string& field, PemKind kind) {
  const std::string data_field = field + "-data";
  const std::string data = text(data_field);
  const std::string path = text(field);
  if (error_ || (data.empty() && path.empty())) return {};
  std::string where = fmt::format("{} of {}", data.empty() ? field : data_field, owner_);
  PemText result;
  if (!data.empty()) {
    auto decoded = codec::decode_base64(data);
    if (!decoded) {
      refuse(where + " is not valid base64; it may have been cut or broken by spaces");
      return {};
    }
    result.text = *std::move(decoded);
  } else {
    result.file = resolve_path(path, file_);
    auto read = read_file(result.file);
    if (!read) {
      refuse(fmt::format("{}: {}", where, read.error().message));
      return {};
    }
    where += fmt::format(" ({})", result.file);
    result.text = *std::move(read);
  }
  if (auto checked = check_pem(result.text, kind, where); !checked) {
    refuse(std::move(checked).error().message);
    return {};
  }
  return result;
}

void Fields::refuse(std::string message) {
  if (!error_) error_ = invalid_input(std::move(message));
}

void Fields::adopt(const Fields& inner) {
  if (inner.error_) refuse(inner.error_->message);
}

}  // namespace bso::kube
