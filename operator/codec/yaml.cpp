// SPDX-License-Identifier: Apache-2.0
#include "codec/yaml.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/utf8.h"
#include "codec/yaml_document.h"

namespace bso::codec {
namespace {

Error error_on_line(std::size_t line, std::string_view message) {
  return invalid_input(fmt::format("line {}: {}", line, message));
}

std::size_t line_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  return static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

/// yaml-cpp passes malformed UTF-8 through, takes zero bytes for UTF-16 and lets control characters
/// be; YAML 1.1 has none of them (section 5.1).
Result<void> check_characters(std::string_view text) {
  const auto bad_control = std::find_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
  });
  if (bad_control != text.end()) {
    const auto at = static_cast<std::size_t>(bad_control - text.begin());
    return fail(error_on_line(
        line_of(text, at),
        fmt::format("control character 0x{:02x}", static_cast<unsigned char>(*bad_control))));
  }
  if (const auto valid = valid_utf8_bytes(text); valid < text.size()) {
    return fail(error_on_line(line_of(text, valid), "not UTF-8"));
  }
  return {};
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// "---" alone or before white space; "---x" is text.
bool is_marker(std::string_view line) {
  if (!line.starts_with("---")) return false;
  return line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r';
}

/// Where the next line that is a marker starts, after the first line of `text`.
std::size_t next_marker(std::string_view text) {
  std::size_t newline = text.find('\n');
  while (newline != std::string_view::npos) {
    if (is_marker(first_line(text.substr(newline + 1)))) return newline + 1;
    newline = text.find('\n', newline + 1);
  }
  return text.size();
}

/// Directives are judged here, because yaml-cpp sees documents one at a time, and because it drops
/// whatever follows a "%" at the start of a line. True when the part has nothing but directives,
/// comments and blank lines: what may stand before a document.
Result<bool> is_preamble(std::string_view part, std::size_t line_number) {
  bool directive_allowed = true;
  bool directives = false;
  bool content = false;
  for (; !part.empty(); ++line_number) {
    const std::string_view line = first_line(part);
    part.remove_prefix(std::min(part.size(), line.size() + 1));
    const std::size_t text_at = line.find_first_not_of(" \t\r");
    if (text_at == std::string_view::npos || line[text_at] == '#') continue;
    if (line.starts_with('%')) {
      if (!directive_allowed) {
        return fail(error_on_line(line_number, "\"%\" at the start of a line needs quotes"));
      }
      if (!line.starts_with("%YAML 1.")) {
        return fail(error_on_line(line_number, "only the directive \"%YAML 1.x\" is supported"));
      }
      directives = true;
      continue;
    }
    if (directives) return fail(error_on_line(line_number, "\"---\" is missing after %YAML"));
    content = true;
    directive_allowed = line.starts_with("...");
  }
  return !content;
}

}  // namespace

Result<std::vector<nlohmann::json>> yaml_to_json(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(error_on_line(1, fmt::format("{} bytes of YAML are more than the limit of {}",
                                             text.size(), limits.max_bytes)));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto checked = check_characters(text); !checked) return fail(std::move(checked).error());

  std::vector<nlohmann::json> documents;
  YamlBudget budget{.limits = limits};
  std::size_t line_number = 1;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, next_marker(text));
    auto preamble = is_preamble(part, line_number);
    if (!preamble) return fail(std::move(preamble).error());
    if (!*preamble) {
      auto document = read_yaml_document(part, line_number, budget);
      if (!document) return fail(std::move(document).error());
      if (!document->is_null()) documents.push_back(*std::move(document));
    }
    line_number += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
    text.remove_prefix(part.size());
  }
  return documents;
}

Result<nlohmann::json> yaml_document_to_json(std::string_view text, const YamlLimits& limits) {
  auto documents = yaml_to_json(text, limits);
  if (!documents) return fail(std::move(documents).error());
  if (documents->size() != 1) {
    return fail(
        error_on_line(1, fmt::format("expected one YAML document, found {}", documents->size())));
  }
  return std::move(documents->front());
}

}  // namespace bso::codec
