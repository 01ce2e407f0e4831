// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_reader.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace bso::cli {
namespace {

using nlohmann::json;

constexpr auto kNowhere = std::string_view::npos;
constexpr std::string_view kBlank = " \t\r\n\v\f";
constexpr std::string_view kRemedy =
    "write one JSON object with \"message\" a line, or the message as plain text";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == kNowhere) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// The first of these that is there; nullptr: none.
const json* first_of(const json& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto* value = codec::find(object, {name});
    if (value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

/// Says why the object is no event; "" when it is one.
std::string take_event(const json& object, EventText& event) {
  if (!object.is_object()) return "this is no JSON object";
  const auto* message = first_of(object, {"message", "note"});
  if (message == nullptr) return "the object has no \"message\"";
  if (!message->is_string()) return "\"message\" is no text";
  event.message = message->get<std::string>();
  if (const auto* reason = first_of(object, {"reason"})) {
    if (!reason->is_string()) return "\"reason\" is no text";
    event.reason = reason->get<std::string>();
  }
  const auto* source = first_of(object, {"source", "reportingComponent", "reportingController"});
  if (source != nullptr && source->is_object()) source = codec::find(*source, {"component"});
  if (source == nullptr || source->is_null()) return "";
  if (!source->is_string()) return "\"source\" is neither a text nor an Event's source";
  event.source = source->get<std::string>();
  return "";
}

void add(const json& object, std::size_t number, ReadEvents& read) {
  EventText event;
  event.number = number;
  auto why = take_event(object, event);
  if (why.empty()) {
    read.events.push_back(std::move(event));
  } else {
    read.unread.push_back({number, fmt::format("{}; {}", why, kRemedy)});
  }
}

/// A column of a table that kubectl printed: two spaces or a tab end it.
std::string_view take_column(std::string_view& row) {
  const auto end = std::min(row.find("  "), row.find('\t'));
  const auto column = row.substr(0, end);
  row.remove_prefix(column.size());
  row.remove_prefix(std::min(row.find_first_not_of(" \t"), row.size()));
  return column;
}

/// "Warning  FailedMount  8s (x3 over 9s)  kubelet  MESSAGE" of `kubectl describe`, or
/// "8s   Warning   FailedMount   pod/web-0   MESSAGE" of `kubectl get events`, where the namespace
/// may come first.
bool take_row(std::string_view row, EventText& event) {
  constexpr std::size_t kFirstColumns = 3;
  for (std::size_t at = 0; at < kFirstColumns; ++at) {
    const auto column = take_column(row);
    if (column != "Warning" && column != "Normal") continue;
    const auto reason = take_column(row);
    take_column(row);  // the age, or the object
    const auto source = at == 0 ? take_column(row) : std::string_view{};
    if (reason.empty() || reason.find(' ') != kNowhere || row.empty()) return false;
    event.reason = reason;
    event.source = source;
    event.message = row;
    return true;
  }
  return false;
}

bool is_table_head(std::string_view line) {
  constexpr std::array<std::string_view, 4> kHeads{"LAST SEEN ", "NAMESPACE ", "Type ", "---- "};
  return line == "Events:" || std::any_of(kHeads.begin(), kHeads.end(), [line](auto head) {
           return line.starts_with(head) && line.find("  ") != kNowhere;
         });
}

/// klog's header, "E0917 03:48:27.361412       1 file.go:301] ", and what stands before the error
/// of an operation that is retried (nestedpendingoperations.go).
std::string_view without_log_header(std::string_view line) {
  constexpr std::size_t kDate = 5;
  constexpr std::size_t kLongestHeader = 128;
  if (line.size() < kDate || std::string_view{"IWEF"}.find(line.front()) == kNowhere ||
      line.substr(1, kDate - 1).find_first_not_of("0123456789") != kNowhere) {
    return line;
  }
  const auto end = line.substr(0, kLongestHeader).find("] ");
  if (end == kNowhere) return line;
  line.remove_prefix(end + 2);
  constexpr std::string_view kError = " Error: ";
  const auto error = line.starts_with("Operation for ") ? line.find(kError) : kNowhere;
  if (error != kNowhere) line.remove_prefix(error + kError.size());
  return line;
}

void read_line(std::string_view line, std::size_t number, ReadEvents& read) {
  line = trimmed(line);
  if (line.empty() || is_table_head(line)) return;
  if (line.size() > kMaxEventLine) {
    read.unread.push_back(
        {number, fmt::format("it has more than {} bytes, which no event has; is this a text file?",
                             kMaxEventLine)});
    return;
  }
  if (line.front() == '{') {
    const auto object = codec::parse_json(line);
    const auto* items = object ? codec::find(*object, {"items"}) : nullptr;
    if (items != nullptr && items->is_array()) {
      for (const auto& item : *items) add(item, number, read);
    } else if (object) {
      add(*object, number, read);
    } else {
      // The column is of the line; that it is the first line of itself helps nobody.
      std::string why = object.error().message;
      constexpr std::string_view kLine = "line 1, ";
      if (const auto at = why.find(kLine); at != std::string::npos) why.erase(at, kLine.size());
      read.unread.push_back(
          {number, fmt::format("it begins like JSON and is none: {}; {}", why, kRemedy)});
    }
    return;
  }
  EventText event;
  event.number = number;
  if (!take_row(line, event)) event.message = without_log_header(line);
  read.events.push_back(std::move(event));
}

/// nullopt when the text is no JSON document of events.
std::optional<ReadEvents> read_document(std::string_view text) {
  if (!text.starts_with('{') || text.find('\n') == kNowhere) return std::nullopt;
  // Objects a line are none together; to find that out costs no more than the first of them.
  const auto first = text.substr(0, text.find('\n'));
  if (codec::parse_json(trimmed(first))) return std::nullopt;
  const auto document = codec::parse_json(text);
  if (!document) return std::nullopt;
  ReadEvents read;
  read.is_list = true;
  const auto* items = codec::find(*document, {"items"});
  if (items == nullptr || !items->is_array()) {
    add(*document, 1, read);
    return read;
  }
  std::size_t number = 0;
  for (const auto& item : *items) add(item, ++number, read);
  return read;
}

}  // namespace

ReadEvents read_events(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  text = text.substr(0, text.find_last_not_of(kBlank) + 1);
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == kNowhere) return {};
  if (auto document = read_document(text.substr(begin))) return std::move(*document);
  ReadEvents read;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    read_line(text.substr(0, end), number, read);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return read;
}

}  // namespace bso::cli
