// SPDX-License-Identifier: Apache-2.0
#include "codec/json_text.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace bso::codec {

namespace {

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

}  // namespace

JsonText& JsonText::begin_object() {
  before_value();
  text_.push_back('{');
  first_ = true;
  return *this;
}

JsonText& JsonText::end_object() {
  text_.push_back('}');
  first_ = false;
  return *this;
}

JsonText& JsonText::begin_array() {
  before_value();
  text_.push_back('[');
  first_ = true;
  return *this;
}

JsonText& JsonText::end_array() {
  text_.push_back(']');
  first_ = false;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  before_value();
  append_quoted(name);
  text_.push_back(':');
  first_ = true;
  return *this;
}

JsonText& JsonText::value(std::string_view text) {
  before_value();
  append_quoted(text);
  return *this;
}

JsonText& JsonText::value(bool truth) {
  before_value();
  text_.append(truth ? "true" : "false");
  return *this;
}

JsonText& JsonText::value(int number) {
  before_value();
  text_.append(std::to_string(number));
  return *this;
}

JsonText& JsonText::value(const std::vector<std::string>& texts) {
  begin_array();
  for (const auto& text : texts) value(text);
  return end_array();
}

JsonText& JsonText::null() {
  before_value();
  text_.append("null");
  return *this;
}

void JsonText::before_value() {
  if (!first_) text_.push_back(',');
  first_ = false;
}

void JsonText::append_quoted(std::string_view text) {
  const bool others =
      std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; });
  if (others) {
    text_.append(
        nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    return;
  }
  text_.push_back('"');
  while (!text.empty()) {
    const auto* end = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(end - text.begin());
    text_.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    text_.push_back('\\');
    text_.push_back(text.front());
    text.remove_prefix(1);
  }
  text_.push_back('"');
}

}  // namespace bso::codec
