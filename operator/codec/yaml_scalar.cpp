// SPDX-License-Identifier: Apache-2.0
#include "codec/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/utf8.h"

namespace bso::codec {
namespace {

using nlohmann::json;

template <std::size_t n>
bool one_of(std::string_view text, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// The words of resolve.go's resolveMapList.
std::optional<json> resolve_word(std::string_view text) {
  static constexpr std::array<std::string_view, 11> yes = {
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> no = {
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  static constexpr std::array<std::string_view, 5> null = {"", "~", "null", "Null", "NULL"};
  static constexpr std::array<std::string_view, 3> nan = {".nan", ".NaN", ".NAN"};
  static constexpr std::array<std::string_view, 9> infinite = {
      ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};
  if (one_of(text, yes)) return true;
  if (one_of(text, no)) return false;
  if (one_of(text, null)) return json(nullptr);
  if (one_of(text, nan)) return std::numeric_limits<double>::quiet_NaN();
  if (one_of(text, infinite)) return std::numeric_limits<double>::infinity();
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Go's strconv.ParseInt and ParseUint with base 0: 0x, 0o, 0b in either case, a leading 0 is
/// octal.
std::optional<json> resolve_integer(std::string_view text) {
  const bool signed_text = text.starts_with('-') || text.starts_with('+');
  const bool negative = text.starts_with('-');
  if (signed_text) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = text[1];
    base = mark == 'x' || mark == 'X'   ? 16
           : mark == 'b' || mark == 'B' ? 2
           : mark == 'o' || mark == 'O' ? 8
           : is_digit(mark)             ? 8
                                        : 10;
    if (base != 10) text.remove_prefix(is_digit(mark) ? 1 : 2);
  }
  std::uint64_t magnitude = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, magnitude, base);
  if (text.empty() || stop != end || status != std::errc()) return std::nullopt;
  constexpr std::uint64_t int_max = std::numeric_limits<std::int64_t>::max();
  if (negative) {
    if (magnitude > int_max + 1) return std::nullopt;
    return static_cast<std::int64_t>(0 - magnitude);
  }
  if (magnitude <= int_max) return static_cast<std::int64_t>(magnitude);
  // ParseUint, which comes second, takes no sign.
  if (signed_text) return std::nullopt;
  return magnitude;
}

/// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
bool looks_like_float(std::string_view text) {
  const auto digits = [&] {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  const auto take = [&](std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
    text.remove_prefix(1);
    return true;
  };
  take("+-");
  const std::size_t whole = digits();
  const std::size_t fraction = take(".") ? digits() : 0;
  if (whole + fraction == 0) return false;
  if (take("eE")) {
    take("+-");
    if (digits() == 0) return false;
  }
  return text.empty();
}

/// nullopt beyond the range of a double, as ParseFloat; too small becomes 0.
std::optional<json> resolve_float(std::string_view text) {
  if (!looks_like_float(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  if (status == std::errc::result_out_of_range) {
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    return tiny ? std::optional<json>(0.0) : std::nullopt;
  }
  return value;
}

/// A plain scalar: what its text looks like, a string when it looks like nothing else.
json resolve_plain(std::string_view text) {
  if (auto word = resolve_word(text)) return *std::move(word);
  const char first = text.front();  // "" is a word
  if (first == '.') {
    if (auto number = resolve_float(text)) return *std::move(number);
  } else if (is_digit(first) || first == '+' || first == '-') {
    std::string plain(text);
    plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
    if (auto number = resolve_integer(plain)) return *std::move(number);
    if (auto number = resolve_float(plain)) return *std::move(number);
  }
  return std::string(text);
}

bool is_a(const json& value, std::string_view type) {
  if (type == "bool") return value.is_boolean();
  if (type == "int") return value.is_number_integer();
  if (type == "float") return value.is_number();
  if (type == "null") return value.is_null();
  return value.is_string();
}

}  // namespace

Result<json> resolve_scalar(std::string_view tag, std::string_view text) {
  constexpr std::string_view yaml_tag = "tag:yaml.org,2002:";
  std::string_view type;
  if (tag != "?") {
    if (!tag.starts_with(yaml_tag)) return std::string(text);  // quoted, or a tag of its own
    type = tag.substr(yaml_tag.size());
    if (type == "binary") {
      return fail(invalid_input("!!binary has no JSON form; give base64 text without the tag"));
    }
    static constexpr std::array<std::string_view, 5> resolvable = {"bool", "int", "float", "null",
                                                                   "timestamp"};
    if (!one_of(type, resolvable)) return std::string(text);
  }
  json value = resolve_plain(text);
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    return fail(invalid_input(fmt::format("{} has no JSON form", text)));
  }
  if (!type.empty() && !is_a(value, type)) {
    return fail(invalid_input(fmt::format("{} is not a !!{}", shown(text), type)));
  }
  return value;
}

json narrow_number(json value) {
  if (!value.is_number_float()) return value;
  const double number = value.get<double>();
  if (number != std::trunc(number)) return value;
  constexpr double two_to_63 = 9223372036854775808.0;
  if (number >= -two_to_63 && number < two_to_63) return static_cast<std::int64_t>(number);
  if (number > 0 && number < 2 * two_to_63) return static_cast<std::uint64_t>(number);
  return value;
}

std::string shown(std::string_view text) {
  const std::string_view start = utf8_prefix(text, 60);
  return dump_json(std::string(start)) + (start.size() < text.size() ? "..." : "");
}

Result<std::string> key_of(const json& scalar) {
  switch (scalar.type()) {
    case json::value_t::string:
      return scalar.get<std::string>();
    case json::value_t::boolean:
      return scalar.get<bool>() ? "true" : "false";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return scalar.dump();
    case json::value_t::number_float: {
      // strconv.FormatFloat(key, 'g', -1, 32): the exponent form below 1e-4 and from 1e6 on. What
      // is beyond a float is infinite there, and written as YAML has it.
      const auto key = static_cast<float>(scalar.get<double>());
      if (std::isinf(key)) return key < 0 ? "-.inf" : ".inf";
      std::array<char, 64> text{};
      char* const end = text.data() + text.size();
      auto done = std::to_chars(text.data(), end, key, std::chars_format::scientific);
      const std::string scientific(text.data(), done.ptr);
      const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
      if (exponent < -4 || exponent >= 6) return scientific;
      done = std::to_chars(text.data(), end, key, std::chars_format::fixed);
      return std::string(text.data(), done.ptr);
    }
    case json::value_t::null:
      return fail(invalid_input("a null key; put it in quotes if it is meant as text"));
    default:
      return fail(invalid_input("a map or a list as a key, which JSON cannot have"));
  }
}

}  // namespace bso::codec
