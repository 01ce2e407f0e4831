// SPDX-License-Identifier: Apache-2.0
#include "cli/status_view.h"

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.h"
#include "codec/json.h"

namespace bso::cli {
namespace {

using nlohmann::json;

/// A scalar as text; "" when it is absent.
std::string text_at(const json& document, std::initializer_list<std::string_view> path) {
  const json* value = codec::find(document, path);
  if (value == nullptr || value->is_null() || value->is_structured()) return "";
  return value->is_string() ? value->get<std::string>() : codec::dump_json(*value);
}

/// "2 of 3", "" when neither is known.
std::string share(const json& document, std::string_view part, std::string_view whole) {
  const auto have = text_at(document, {part});
  const auto want = text_at(document, {whole});
  return have.empty() || want.empty() ? "" : fmt::format("{} of {}", have, want);
}

struct Column {
  const char* head;
  const char* field;
};

/// The list at status.`field` as a table with an empty line before it; "" without entries.
std::string list_table(const json& status, const char* field, std::vector<Column> columns) {
  const json* list = codec::find(status, {field});
  if (list == nullptr || !list->is_array() || list->empty()) return "";
  std::vector<std::string> head;
  head.reserve(columns.size());
  for (const auto& column : columns) head.emplace_back(column.head);
  Table table(std::move(head));
  for (const json& item : *list) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const auto& column : columns) cells.push_back(text_at(item, {column.field}));
    table.add(std::move(cells));
  }
  return "\n" + table.text();
}

std::string components(const json& status) {
  const json* list = codec::find(status, {"components"});
  if (list == nullptr || !list->is_array() || list->empty()) return "";
  Table table({"COMPONENT", "STATE", "READY", "IMAGE", "MESSAGE"});
  for (const json& item : *list) {
    const auto ns = text_at(item, {"namespace"});
    table.add({fmt::format("{} {}{}", text_at(item, {"kind"}), ns.empty() ? "" : ns + "/",
                           text_at(item, {"name"})),
               text_at(item, {"state"}), share(item, "ready", "desired"), text_at(item, {"image"}),
               text_at(item, {"message"})});
  }
  return "\n" + table.text();
}

std::string classes(const json& status) {
  const json* list = codec::find(status, {"storageClasses"});
  if (list == nullptr || !list->is_array() || list->empty()) return "";
  Table table({"STORAGECLASS", "STATE", "DEFAULT", "MESSAGE"});
  for (const json& item : *list) {
    table.add({text_at(item, {"name"}), text_at(item, {"state"}),
               text_at(item, {"default"}) == "true" ? "yes" : "", text_at(item, {"message"})});
  }
  return "\n" + table.text();
}

std::string version_of(const json& plugin) {
  auto installed = text_at(plugin, {"status", "version"});
  const auto desired = text_at(plugin, {"status", "desiredVersion"});
  if (installed == desired || desired.empty()) return installed;
  return installed.empty() ? fmt::format("none yet, to be {}", desired)
                           : fmt::format("{}, to be {}", installed, desired);
}

std::string volumes_of(const json& status) {
  const json* volumes = codec::find(status, {"volumes"});
  if (volumes == nullptr) return "";
  const auto at_risk = text_at(status, {"claimsAtRisk"});
  return fmt::format("{}, {} bound, {} attached{}", text_at(*volumes, {"total"}),
                     text_at(*volumes, {"bound"}), text_at(*volumes, {"attached"}),
                     at_risk.empty() ? "" : fmt::format("; claims at risk: {}", at_risk));
}

std::string drift_of(const json& status) {
  const json* drift = codec::find(status, {"drift"});
  if (drift == nullptr) return "";
  const auto repaired = text_at(*drift, {"repaired"});
  std::string text = repaired.empty() ? "" : fmt::format("{} set right so far", repaired);
  const auto object = text_at(*drift, {"lastObject"});
  if (!object.empty()) {
    text += fmt::format("{}last {} of {} by {}", text.empty() ? "" : "; ",
                        text_at(*drift, {"lastField"}), object, text_at(*drift, {"lastManager"}));
  }
  return text;
}

void line(std::string& text, std::string_view head, const std::string& value) {
  if (!value.empty()) text += fmt::format("{:<10}{}\n", std::string(head) + ":", value);
}

}  // namespace

std::string status_text(const nlohmann::json& plugin) {
  static const json kNone = json::object();
  const json* found = codec::find(plugin, {"status"});
  const json& status = found != nullptr && found->is_object() ? *found : kNone;
  std::string text;
  line(text, "Name", text_at(plugin, {"metadata", "name"}));
  line(text, "Driver", text_at(plugin, {"spec", "driver", "name"}));
  line(text, "Version", version_of(plugin));
  line(text, "Phase", text_at(status, {"phase"}));
  line(text, "Nodes", text_at(status, {"node", "ready"}));
  line(text, "Volumes", volumes_of(status));
  line(text, "Drift", drift_of(status));
  line(text, "Message", text_at(status, {"message"}));
  if (status.empty()) {
    line(text, "Message", "No operator has looked at it yet. Is block-storage-operator running?");
  } else if (text_at(status, {"observedGeneration"}) !=
             text_at(plugin, {"metadata", "generation"})) {
    line(text, "Note", "The operator has not seen the present spec yet.");
  }
  text += list_table(
      status, "conditions",
      {{"CONDITION", "type"}, {"STATUS", "status"}, {"REASON", "reason"}, {"MESSAGE", "message"}});
  text += components(status);
  text += classes(status);
  text += list_table(status, "plan",
                     {{"PLANNED", "action"}, {"OBJECT", "object"}, {"REASON", "reason"}});
  if (const json* drift = codec::find(status, {"drift"}); drift != nullptr) {
    text += list_table(*drift, "fields",
                       {{"CHANGED OBJECT", "object"},
                        {"FIELD", "field"},
                        {"BY", "manager"},
                        {"REPAIRS", "repairs"},
                        {"HELD", "held"}});
  }
  text += list_table(status, "leftovers", {{"LEFTOVER", "object"}, {"REMEDY", "remedy"}});
  return text;
}

}  // namespace bso::cli
