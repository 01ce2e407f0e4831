// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bso::codec {
namespace {

Error bad_json(std::string message) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "invalid JSON: " + std::move(message);
  return error;
}

/// Where brackets first nest deeper than `max_depth`; npos when nowhere. nlohmann parses without
/// recursion, but its dump and comparison recurse. Brackets in strings do not count.
std::size_t too_deep_at(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) return at;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::string_view::npos;
}

std::string place(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, at - line_start + 1);
}

/// nlohmann's message without its own prefixes and without the text it quotes.
std::string plain_message(std::string_view what) {
  if (const auto end = what.find("] "); what.starts_with('[') && end != what.npos) {
    what.remove_prefix(end + 2);
  }
  constexpr std::string_view prefix = "parse error at ";
  if (what.starts_with(prefix)) what.remove_prefix(prefix.size());
  return std::string(what.substr(0, what.find("; last read: ")));
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, int max_depth) {
  if (const auto at = too_deep_at(text, max_depth); at != std::string_view::npos) {
    return fail(
        bad_json(fmt::format("{}: nested deeper than {} levels", place(text, at), max_depth)));
  }
  // nlohmann's lexer takes a zero byte for the end of the text and would pass over what follows.
  if (const auto at = text.find('\0'); at != text.npos) {
    return fail(bad_json(place(text, at) + ": a zero byte"));
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& caught) {
    return fail(bad_json(plain_message(caught.what())));
  }
}

std::string dump_json(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const nlohmann::json* find(const nlohmann::json& document,
                           std::initializer_list<std::string_view> path) {
  const nlohmann::json* at = &document;
  for (const std::string_view key : path) {
    if (!at->is_object()) return nullptr;
    const auto member = at->find(key);
    if (member == at->end()) return nullptr;
    at = &*member;
  }
  return at;
}

std::string string_at(const nlohmann::json& document,
                      std::initializer_list<std::string_view> path) {
  const nlohmann::json* value = find(document, path);
  if (value == nullptr || !value->is_string()) return {};
  return value->get<std::string>();
}

nlohmann::json merge_patch(const nlohmann::json& from, const nlohmann::json& to) {
  if (!from.is_object() || !to.is_object()) return to;
  nlohmann::json patch = nlohmann::json::object();
  for (const auto& [key, value] : to.items()) {
    const auto old = from.find(key);
    if (old == from.end()) {
      patch[key] = value;
    } else if (*old != value) {
      patch[key] = merge_patch(*old, value);
    }
  }
  for (const auto& [key, value] : from.items()) {
    if (!to.contains(key)) patch[key] = nullptr;
  }
  return patch;
}

}  // namespace bso::codec
