// SPDX-License-Identifier: Apache-2.0
#include "codec/yaml_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::codec {
namespace {

// What YAML 1.1 reads as a boolean or null (yaml.org/type/bool.html, null.html).
constexpr std::array<std::string_view, 10> kReserved{"true", "false", "yes", "no",   "on",
                                                     "off",  "y",     "n",   "null", "nan"};

bool may_stand_plain(const std::string& text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return false;
  const bool harmless = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/';
  });
  std::string lower;
  for (const char c : text) {
    lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return harmless && std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

std::string plain_or_quoted(const std::string& text) {
  return may_stand_plain(text) ? text : dump_json(text);
}

void write_block(const nlohmann::json& value, std::size_t depth, bool in_list, std::string& out);

// After "key:" or "-": on the same line, or below it.
void write_value(const nlohmann::json& value, std::size_t depth, bool in_list, std::string& out) {
  if (value.is_structured() && !value.empty()) {
    out += in_list ? " " : "\n";
    write_block(value, depth, in_list, out);
  } else {
    out += " ";
    out += value.is_string() ? plain_or_quoted(value.get<std::string>()) : dump_json(value);
    out += "\n";
  }
}

// `begun`: the first line has its indentation already.
void write_block(const nlohmann::json& value, std::size_t depth, bool begun, std::string& out) {
  const std::string indent(depth * 2, ' ');
  if (value.is_array()) {
    for (const auto& item : value) {
      out += (begun ? "" : indent) + "-";
      begun = false;
      write_value(item, depth + 1, true, out);
    }
    return;
  }
  for (const auto& [key, member] : value.items()) {
    out += (begun ? "" : indent) + plain_or_quoted(key) + ":";
    begun = false;
    write_value(member, depth + 1, false, out);
  }
}

}  // namespace

std::string json_to_yaml(const nlohmann::json& document) {
  std::string out;
  if (document.is_structured() && !document.empty()) {
    write_block(document, 0, false, out);
  } else {
    out = (document.is_string() ? plain_or_quoted(document.get<std::string>())
                                : dump_json(document)) +
          "\n";
  }
  return out;
}

}  // namespace bso::codec
