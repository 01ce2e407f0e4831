// SPDX-License-Identifier: Apache-2.0
#include "codec/yaml_document.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "codec/utf8.h"
#include "codec/yaml_scalar.h"

namespace bso::codec {
namespace {

using nlohmann::json;

/// The parser has no other way to be stopped by its handler than an exception.
struct Refused {
  Error error;
};

/// A finished value and what it costs to have it once more.
struct Item {
  json value;
  std::size_t nodes = 1;
  std::size_t string_bytes = 0;
  int height = 0;  ///< levels of containers in it
};

/// A map or list whose end has not come yet.
struct Open {
  Item item;
  bool is_map = false;
  bool flow = false;
  YAML::anchor_t anchor = 0;

  bool has_key = false;
  bool merge = false;  ///< the key is "<<"
  std::string key;
  YAML::Mark key_mark;
  std::vector<json> merges;  ///< in the order that wins
};

std::size_t position(const YAML::Mark& mark) {
  return static_cast<std::size_t>(std::max(0, mark.pos));
}

/// What the escapes \N (next line) and \_ (no-break space) mean. yaml-cpp 0.7 (src/exp.cpp, Escape)
/// puts the bytes 85 and A0 there, which are Latin-1 and no UTF-8. The text around them was checked
/// before, so a byte of these that belongs to no character comes from an escape.
std::string mend_escapes(std::string text) {
  for (std::size_t at = valid_utf8_bytes(text); at < text.size();) {
    text.insert(at, 1, '\xC2');  // U+0085 and U+00A0 are C2 85 and C2 A0
    at += 2;
    at += valid_utf8_bytes(std::string_view(text).substr(at));
  }
  return text;
}

/// From where a value begins past its anchor, tag and comments to its own first character.
std::size_t skip_properties(std::string_view text, std::size_t at) {
  constexpr std::string_view space = " \t\r\n";
  while (true) {
    at = std::min(text.find_first_not_of(space, at), text.size());
    if (at == text.size() || std::string_view("&!#").find(text[at]) == std::string_view::npos) {
      return at;
    }
    at = std::min(text.find_first_of(text[at] == '#' ? "\n" : space, at), text.size());
  }
}

/// yaml-cpp takes a line break and the end of the text for the end of a quoted scalar. True also
/// when there is no quote at `at`.
bool quote_is_closed(std::string_view text, std::size_t at) {
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return true;
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (!doubled) return true;
      ++at;
    }
  }
  return false;
}

/// Whether the key at `at` in a block map has its ":" on the same line, or a "?" before it.
bool has_colon(std::string_view text, std::size_t at) {
  if (at >= text.size()) return true;
  const std::size_t line_start = text.rfind('\n', at) + 1;  // npos + 1 is 0
  const std::size_t line_end = std::min(text.find('\n', at), text.size());
  if (text.substr(line_start, at - line_start).find('?') != std::string_view::npos) return true;
  for (; at < line_end; ++at) {
    if (text[at] != ':') continue;
    if (at + 1 == line_end ||
        std::string_view(" \t\r").find(text[at + 1]) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

/// Builds JSON while the parser runs: limits hold before memory is taken, and an anchor that
/// contains itself shows as an alias to something unfinished.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::size_t first_line, YamlBudget& budget)
      : text_(text), first_line_(first_line), budget_(budget) {}

  [[nodiscard]] json take() { return std::move(root_); }

  [[nodiscard]] Error error_at(const YAML::Mark& mark, std::string_view message) const {
    const auto line = first_line_ + static_cast<std::size_t>(std::max(0, mark.line));
    return invalid_input(fmt::format("line {}: {}", line, message));
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(mark, "text after the end of the document");
  }
  void OnDocumentEnd() override {
    if (!last_quoted_.is_null() &&
        !quote_is_closed(text_, skip_properties(text_, position(last_quoted_)))) {
      refuse(last_quoted_, "a quote is not closed");
    }
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_leniency(mark);
    add_scalar(mark, anchor, nullptr, 0);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(mark, "an anchor that contains itself");
    const Item& item = known->second;
    if (static_cast<int>(open_.size()) + item.height > budget_.limits.max_depth) too_deep(mark);
    charge(mark, item);
    add(mark, Item(item));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (at_key() && value == "<<" && (tag == "?" || tag == "tag:yaml.org,2002:merge")) {
      open_.back().has_key = true;
      open_.back().merge = true;
      open_.back().key_mark = mark;
      return;
    }
    if (tag != "?") last_quoted_ = mark;
    auto resolved = resolve_scalar(tag, mend_escapes(value));
    if (!resolved) refuse(mark, resolved.error().message);
    add_scalar(mark, anchor, *std::move(resolved), value.size());
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    start(mark, anchor, style, json::array());
  }
  void OnSequenceEnd() override { finish(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    start(mark, anchor, style, json::object());
  }
  void OnMapEnd() override {
    Open& map = open_.back();
    for (json& merged : map.merges) {
      for (auto& [key, value] : merged.items()) {
        if (!map.item.value.contains(key)) map.item.value[key] = std::move(value);
      }
    }
    finish();
  }

 private:
  [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view message) const {
    throw Refused{error_at(mark, message)};
  }
  [[noreturn]] void too_deep(const YAML::Mark& mark) const {
    refuse(mark, fmt::format("nested deeper than {} levels", budget_.limits.max_depth));
  }

  [[nodiscard]] bool at_key() const {
    return !open_.empty() && open_.back().is_map && !open_.back().has_key;
  }

  void charge(const YAML::Mark& mark, const Item& item) {
    budget_.nodes += item.nodes;
    budget_.string_bytes += item.string_bytes;
    if (budget_.nodes > budget_.limits.max_nodes) {
      refuse(mark, fmt::format("more than {} values (an alias counts as what it stands for)",
                               budget_.limits.max_nodes));
    }
    if (budget_.string_bytes / 4 > budget_.limits.max_bytes) {
      refuse(mark, "aliases make too much text of it");
    }
  }

  /// Two things yaml-cpp lets pass and Kubernetes' parser does not: a line of a block map without
  /// ":" and a list entry of nothing between commas.
  void check_leniency(const YAML::Mark& mark) const {
    if (open_.empty()) return;
    const Open& top = open_.back();
    const auto at = position(mark);
    if (!top.is_map && top.flow && at < text_.size() && text_[at] == ',') {
      refuse(mark, "an empty entry between commas");
    }
    if (!top.is_map || top.flow || !top.has_key || top.merge) return;
    if (!has_colon(text_, position(top.key_mark))) {
      refuse(top.key_mark, "no \":\" after " + shown(top.key));
    }
  }

  void add_scalar(const YAML::Mark& mark, YAML::anchor_t anchor, json value, std::size_t bytes) {
    Item item;
    item.string_bytes = bytes;
    charge(mark, item);
    if (anchor != 0) {
      item.value = narrow_number(value);
      remember(mark, anchor, item);
    }
    item.value = std::move(value);
    add(mark, std::move(item));
  }

  void start(const YAML::Mark& mark, YAML::anchor_t anchor, YAML::EmitterStyle::value style,
             json empty) {
    if (static_cast<int>(open_.size()) >= budget_.limits.max_depth) too_deep(mark);
    if (at_key()) refuse(mark, "a map or a list as a key, which JSON cannot have");
    Open next;
    next.is_map = empty.is_object();
    next.flow = style == YAML::EmitterStyle::Flow;
    next.anchor = anchor;
    next.item.value = std::move(empty);
    next.item.height = 1;
    charge(mark, next.item);
    open_.push_back(std::move(next));
  }

  void finish() {
    Open done = std::move(open_.back());
    open_.pop_back();
    // Events of an end carry no place; the value's last line is of no more use than its key's.
    const YAML::Mark mark = open_.empty() ? YAML::Mark() : open_.back().key_mark;
    if (done.anchor != 0) remember(mark, done.anchor, done.item);
    add(mark, std::move(done.item));
  }

  void remember(const YAML::Mark& mark, YAML::anchor_t anchor, const Item& item) {
    charge(mark, item);  // it is kept a second time
    anchors_[anchor] = item;
  }

  void add(const YAML::Mark& mark, Item item) {
    if (open_.empty()) {
      root_ = narrow_number(std::move(item.value));
      return;
    }
    Open& top = open_.back();
    top.item.nodes += item.nodes;
    top.item.string_bytes += item.string_bytes;
    top.item.height = std::max(top.item.height, item.height + 1);
    if (!top.is_map) {
      top.item.value.push_back(narrow_number(std::move(item.value)));
    } else if (!top.has_key) {
      add_key(mark, top, item.value);
    } else {
      if (top.merge) {
        add_merge(mark, top, std::move(item.value));
      } else {
        top.item.value[top.key] = narrow_number(std::move(item.value));
      }
      top.has_key = false;
      top.merge = false;
    }
  }

  void add_key(const YAML::Mark& mark, Open& map, const json& scalar) {
    auto key = key_of(scalar);
    if (!key) refuse(mark, key.error().message);
    if (map.item.value.contains(*key)) refuse(mark, "duplicate key " + shown(*key));
    map.key = *std::move(key);
    map.key_mark = mark;
    map.has_key = true;
  }

  void add_merge(const YAML::Mark& mark, Open& map, json value) {
    if (value.is_object()) {
      map.merges.push_back(std::move(value));
      return;
    }
    if (!value.is_array()) refuse(mark, "\"<<\" needs a map or a list of maps");
    for (json& entry : value) {
      if (!entry.is_object()) refuse(mark, "\"<<\" needs a map or a list of maps");
      map.merges.push_back(std::move(entry));
    }
  }

  std::string_view text_;
  std::size_t first_line_;
  YamlBudget& budget_;
  int documents_ = 0;
  YAML::Mark last_quoted_ = YAML::Mark::null_mark();  ///< only the last one can lack its end
  json root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Item> anchors_;
};

}  // namespace

Result<json> read_yaml_document(std::string_view text, std::size_t first_line, YamlBudget& budget) {
  Builder builder(text, first_line, budget);
  try {
    // Kubernetes reads by lines and ends each with a line break, which block scalars can show.
    std::string lines(text);
    if (!lines.ends_with('\n')) lines += '\n';
    std::istringstream stream(std::move(lines));
    YAML::Parser parser(stream);
    // Once more and no oftener: the parser can stand still before text that it cannot read ("," for
    // one), saying each time that there was another document.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
    return builder.take();
  } catch (const Refused& refused) {
    return fail(refused.error);
  } catch (const YAML::DeepRecursion& caught) {
    return fail(builder.error_at(caught.mark, "nested too deep"));
  } catch (const YAML::Exception& caught) {
    return fail(builder.error_at(caught.mark, caught.msg));
  }
}

}  // namespace bso::codec
