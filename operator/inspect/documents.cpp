// SPDX-License-Identifier: Apache-2.0
#include "inspect/documents.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "codec/yaml.h"
#include "inspect/json_cuts.h"

namespace bso::inspect {
namespace {

using nlohmann::json;

/// Lists in lists in lists are nobody's work.
constexpr int kMaxListDepth = 4;

/// What a list says of its items.
struct ListHead {
  std::string api_version;
  std::string kind;  ///< of the list: "PodList", or "List" for a mixture
};

std::string kind_of_items(std::string_view kind) {
  if (!kind.ends_with("List")) return {};
  kind.remove_suffix(4);
  return std::string(kind);
}

void complete(json& item, const ListHead& head) {
  const auto kind = kind_of_items(head.kind);
  if (!item.is_object() || kind.empty() || item.contains("kind")) return;
  item["kind"] = kind;
  if (!head.api_version.empty() && !item.contains("apiVersion")) {
    item["apiVersion"] = head.api_version;
  }
}

/// Hands out an object; a list, item by item.
void hand_out(json object, const std::string& where, const DocumentHandlers& to, int depth = 0) {
  const auto items = object.is_object() ? object.find("items") : object.end();
  const ListHead head{codec::string_at(object, {"apiVersion"}), codec::string_at(object, {"kind"})};
  if (!object.is_object() || items == object.end() || !items->is_array() ||
      !head.kind.ends_with("List")) {
    to.on_object(std::move(object), where);
    return;
  }
  if (depth == kMaxListDepth) {
    to.on_bad(fmt::format("{}: a list in too many lists", where));
    return;
  }
  std::size_t number = 0;
  for (auto& item : *items) {
    complete(item, head);
    hand_out(std::move(item), fmt::format("{}, item {}", where, ++number), to, depth + 1);
  }
}

class JsonText {
 public:
  JsonText(std::string_view text, const DocumentHandlers& to, const DocumentLimits& limits)
      : text_(text), to_(to), limits_(limits), cuts_(text) {}

  Result<void> read() {
    for (cuts_.skip_space(); !cuts_.at_end(); cuts_.skip_space()) {
      auto done = cuts_.next() == '[' ? read_items({}) : read_document();
      if (!done) return done;
    }
    return {};
  }

 private:
  std::string line_of(std::size_t position) {
    // Positions only grow, so that a long text is counted through once.
    if (position < counted_) counted_ = 0, line_ = 1;
    line_ += static_cast<std::size_t>(
        std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                   text_.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
    counted_ = position;
    return fmt::format("line {}", line_);
  }

  tl::unexpected<Error> broken(std::size_t position, std::string_view why) {
    return fail(invalid_input(fmt::format("{}: {}", line_of(position), why)));
  }

  /// An object, from its brace on.
  Result<void> read_document() {
    const auto begin = cuts_.position();
    if (cuts_.next() != '{') return broken(begin, "an object or a list was expected");
    auto head = look_for_items();
    if (!head) return fail(std::move(head.error()));
    if (head->items != 0) {
      cuts_.go_to(head->items);
      auto done = read_items(head->list);
      cuts_.go_to(head->end);
      return done;
    }
    cuts_.go_to(head->end);
    auto object = codec::parse_json(text_.substr(begin, head->end - begin), limits_.depth);
    if (!object) {
      return broken(begin,
                    fmt::format("in the object that begins here: {}", object.error().message));
    }
    hand_out(std::move(*object), line_of(begin), to_);
    return {};
  }

  struct Head {
    ListHead list;
    std::size_t items = 0;  ///< where its items begin; 0: it is no list
    std::size_t end = 0;
  };

  /// Goes through the members of the object that begins here, and comes to stand behind it.
  Result<Head> look_for_items() {
    Head head;
    const auto begin = cuts_.position();
    cuts_.take('{');
    while (!cuts_.take('}')) {
      const auto key = cuts_.value();
      if (!key || !cuts_.take(':')) return broken(cuts_.position(), cut_off(begin));
      cuts_.skip_space();
      const auto at = cuts_.position();
      const auto value = cuts_.value();
      if (!value) return broken(at, cut_off(begin));
      if (*key == "\"items\"" && value->front() == '[') head.items = at;
      if (*key == "\"kind\"") head.list.kind = plain_text(*value);
      if (*key == "\"apiVersion\"") head.list.api_version = plain_text(*value);
      if (!cuts_.take(',') && cuts_.next() != '}') {
        return broken(cuts_.position(), cut_off(begin));
      }
    }
    head.end = cuts_.position();
    if (!head.list.kind.ends_with("List")) head.items = 0;
    return head;
  }

  /// The items of a list, from its bracket on.
  Result<void> read_items(const ListHead& head) {
    const auto begin = cuts_.position();
    cuts_.take('[');
    if (cuts_.take(']')) return {};
    std::size_t number = 0;
    do {
      cuts_.skip_space();
      const auto at = cuts_.position();
      const auto item = cuts_.value();
      if (!item) return broken(at, cut_off(begin));
      const auto where = fmt::format("item {}, {}", ++number, line_of(at));
      auto object = codec::parse_json(*item, limits_.depth);
      if (!object) {
        to_.on_bad(fmt::format("{}: {} (counted from there)", where, object.error().message));
      } else {
        complete(*object, head);
        hand_out(std::move(*object), where, to_, 1);
      }
    } while (cuts_.take(','));
    if (!cuts_.take(']')) return broken(cuts_.position(), cut_off(begin));
    return {};
  }

  std::string cut_off(std::size_t begin) {
    if (cuts_.at_end()) {
      return fmt::format("the text ends in the middle of what begins at {}", line_of(begin));
    }
    return "this is no JSON";
  }

  static std::string plain_text(std::string_view value) {
    auto parsed = codec::parse_json(value, 1);
    return parsed && parsed->is_string() ? parsed->get<std::string>() : std::string();
  }

  std::string_view text_;
  const DocumentHandlers& to_;
  const DocumentLimits& limits_;
  JsonCuts cuts_;
  std::size_t counted_ = 0;
  std::size_t line_ = 1;
};

Result<void> read_yaml(std::string_view text, const DocumentHandlers& to,
                       const DocumentLimits& limits) {
  codec::YamlLimits bounds;
  bounds.max_bytes = limits.yaml_bytes;
  bounds.max_nodes = limits.yaml_nodes;
  bounds.max_depth = limits.depth;
  auto documents = codec::yaml_to_json(text, bounds);
  if (!documents) return fail(std::move(documents.error()));
  std::size_t number = 0;
  for (auto& document : *documents) {
    hand_out(std::move(document), fmt::format("document {}", ++number), to);
  }
  return {};
}

}  // namespace

Result<void> read_documents(std::string_view text, const DocumentHandlers& handlers,
                            const DocumentLimits& limits) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fail(
        invalid_input("it is UTF-16, as the > of PowerShell writes it; save it as UTF-8, e.g. with "
                      "kubectl ... | Out-File -Encoding utf8 FILE"));
  }
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return fail(invalid_input("it is empty"));
  if (text[begin] == '{' || text[begin] == '[') return JsonText(text, handlers, limits).read();
  return read_yaml(text, handlers, limits);
}

}  // namespace bso::inspect
