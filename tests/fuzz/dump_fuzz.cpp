// SPDX-License-Identifier: Apache-2.0
// Dumps of clusters, as anybody may hand them to `kubectl blockstorage why --from`.
#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "fuzz/fuzz.h"
#include "inspect/answer_text.h"
#include "inspect/answers.h"
#include "inspect/documents.h"
#include "inspect/gaps.h"
#include "inspect/graph.h"
#include "inspect/json_cuts.h"
#include "inspect/snapshot.h"

namespace bso::fuzz {
namespace {

using nlohmann::json;

/// Small enough for an input that is all nesting or all aliases to be over soon.
inspect::DocumentLimits small_limits() {
  inspect::DocumentLimits limits;
  limits.yaml_bytes = 1U << 20U;
  limits.yaml_nodes = 20'000;
  return limits;
}

bool is_printable_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || (c >= ' ' && c < 0x7F); });
}

/// Everything that is said of a text.
std::string tell(std::string_view text, const inspect::PodName& asked) {
  std::string told;
  inspect::Snapshot snapshot(asked);
  inspect::DocumentHandlers to;
  to.on_object = [&](const json& object, const std::string& where) {
    demand(!where.empty(), "an object stands somewhere");
    const auto taken = snapshot.take(object);
    if (taken) return;
    demand(taken.error().kind == ErrorKind::invalid_input && !taken.error().message.empty(),
           "an error says why");
    told += where + taken.error().message;
  };
  to.on_bad = [&](const std::string& message) {
    demand(!message.empty(), "a bad object is told");
    told += message;
  };
  const auto read = inspect::read_documents(text, to, small_limits());
  if (!read) {
    demand(read.error().kind == ErrorKind::invalid_input && !read.error().message.empty(),
           "an error says why");
    told += read.error().message;
  }
  snapshot.complete();
  const auto now = snapshot.newest();
  for (const auto& gap : inspect::gaps(snapshot)) told += gap;
  const auto all = inspect::answer_scope(snapshot, {}, now);
  const auto one = inspect::answer_asked(snapshot, now);
  for (const auto* answers : {&all, &one}) {
    inspect::Scope scope;
    if (answers == &one) scope.pod = asked.name;
    const auto shown = inspect::answers_text(*answers, scope, false);
    demand(is_printable_text(shown), "what is shown cannot move a cursor");
    for (const auto& doubt : inspect::doubts(snapshot, *answers)) told += doubt;
    told += shown + codec::dump_json(inspect::answers_json(*answers));
  }
  for (const auto& answer : one.pods) {
    demand(answer.verdict.has_value() != !answer.reason.empty(), "a pod is blocked, or why not");
  }
  const auto graph = inspect::graph_of(snapshot, {}, {}, now);
  const auto tree = inspect::graph_text(graph, false);
  const auto dot = inspect::graph_dot(graph);
  demand(is_printable_text(tree) && is_printable_text(dot), "nor what is drawn");
  (void)inspect::others_may_matter(snapshot, "shop", now);
  return told + tree + dot;
}

void fuzz_dump(const Input& input) {
  const inspect::PodName asked{input.flag(0) ? "" : "shop", "web-0"};
  const auto first = tell(input.bytes(), asked);
  demand(first == tell(input.bytes(), asked), "equal input gives equal bytes");
}

/// A list without items is no object.
bool holds_only_empty_lists(const json& items) {
  return std::all_of(items.begin(), items.end(),
                     [](const json& item) { return item.is_object() && item.contains("items"); });
}

/// The cuts against the parser: what one takes for a whole document, the other does.
void fuzz_cuts(const Input& input) {
  auto text = input.bytes();
  // read_documents() takes the mark off before it cuts.
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto parsed = codec::parse_json(text, 50);
  if (!parsed || !parsed->is_structured()) {
    inspect::JsonCuts cuts(text);
    while (const auto value = cuts.value()) demand(!value->empty(), "a value is not nothing");
    return;
  }
  inspect::JsonCuts cuts(text);
  const auto whole = cuts.value();
  cuts.skip_space();
  demand(whole.has_value() && cuts.at_end(), "a document is one value");
  const auto again = codec::parse_json(*whole, 50);
  demand(again.has_value() && *again == *parsed, "and all of it");
  std::size_t objects = 0;
  inspect::DocumentHandlers to;
  to.on_object = [&](const json&, const std::string&) { ++objects; };
  to.on_bad = [&](const std::string&) { ++objects; };
  const auto read = inspect::read_documents(text, to, small_limits());
  demand(read.has_value(), "good JSON is read");
  demand(objects != 0 || !parsed->is_array() || holds_only_empty_lists(*parsed),
         "each item is handed out");
}

}  // namespace
}  // namespace bso::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bso::fuzz;
  const Input input(data, size);
  if (input.parser() == 'c') {
    fuzz_cuts(input);
  } else {
    fuzz_dump(input);
  }
  return 0;
}
