// SPDX-License-Identifier: Apache-2.0
#include "codec/json_text.h"

#include <array>
#include <cstdint>

#include <nlohmann/json.hpp>

namespace bso::codec {

namespace {

enum class Treatment : std::uint8_t {
  other,    ///< control characters, and whatever is not ASCII
  plain,    ///< stands for itself
  escaped,  ///< behind a backslash
};

constexpr auto kTreatments = [] {
  std::array<Treatment, 256> treatments{};
  for (unsigned char c = ' '; c <= '~'; ++c) treatments[c] = Treatment::plain;
  treatments['"'] = Treatment::escaped;
  treatments['\\'] = Treatment::escaped;
  return treatments;
}();

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
  const auto begin = text_.size();
  // Texts in here are long, and texts of JSON themselves: grow once, and copy runs, not characters.
  text_.reserve(begin + text.size() + text.size() / 8 + 2);
  text_.push_back('"');
  const char* run = text.data();
  const char* const end = run + text.size();
  for (const char* at = run; at != end; ++at) {
    const auto treatment = kTreatments[static_cast<unsigned char>(*at)];
    if (treatment == Treatment::plain) continue;
    if (treatment == Treatment::other) {
      text_.resize(begin);
      text_.append(
          nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
      return;
    }
    text_.append(run, at);
    text_.push_back('\\');
    run = at;
  }
  text_.append(run, end);
  text_.push_back('"');
}

}  // namespace bso::codec
