// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.h"
#include "codec/json.h"
#include "diagnosis/sentence.h"

namespace bso::cli {
namespace {

using diagnosis::ParsedMessage;

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

std::string volume_of(const ParsedMessage& parsed) {
  return parsed.volume_whole ? parsed.volume : std::string();
}

std::string shown(const std::string& text) {
  constexpr std::size_t kMostShown = 253;  // the longest name there is
  return diagnosis::printable(text, kMostShown);
}

std::string holder_of(const ParsedMessage& parsed) {
  std::string holder;
  const auto add = [&holder](std::string_view what, const std::string& name) {
    if (name.empty()) return;
    holder += fmt::format("{}{} {}", holder.empty() ? "" : ", ", what, shown(name));
  };
  for (const auto& pod : parsed.pods) add("pod", pod);
  if (parsed.pods_elsewhere) add("pods of", "other namespaces");
  add("pod with UID", parsed.holder_uid);
  add("node", parsed.holder_node);
  return holder;
}

}  // namespace

std::vector<Explained> explain(const std::vector<EventText>& events) {
  std::vector<Explained> explained;
  explained.reserve(events.size());
  for (const auto& event : events) {
    explained.push_back({event.number, diagnosis::parse_message(event.message, event.reason)});
  }
  return explained;
}

std::string explained_json(const ParsedMessage& parsed) {
  const nlohmann::json line = {
      {"conflict", parsed.is_conflict ? nlohmann::json(*parsed.is_conflict) : nlohmann::json()},
      {"kind", std::string(diagnosis::to_string(parsed.kind))},
      {"pv", text_or_null(volume_of(parsed))},
      {"holderPods", parsed.pods},
      {"holderPodUid", text_or_null(parsed.holder_uid)},
      {"holderNode", text_or_null(parsed.holder_node)},
      {"wantedNode", text_or_null(parsed.wanted_node)},
      {"driver", text_or_null(parsed.driver)}};
  auto text = codec::dump_json(line);
  text.push_back('\n');
  return text;
}

std::string explained_text(const std::vector<Explained>& explained,
                           const std::string& number_head) {
  Table table({number_head, "CONFLICT", "KIND", "VOLUME", "HELD BY", "WANTED BY NODE", "DRIVER"});
  for (const auto& [number, parsed] : explained) {
    const char* conflict = "unknown";
    if (parsed.is_conflict) conflict = *parsed.is_conflict ? "yes" : "no";
    table.add({std::to_string(number), conflict, std::string(diagnosis::to_string(parsed.kind)),
               shown(volume_of(parsed)), holder_of(parsed), shown(parsed.wanted_node),
               shown(parsed.driver)});
  }
  return table.text();
}

}  // namespace bso::cli
