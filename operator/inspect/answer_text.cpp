// SPDX-License-Identifier: Apache-2.0
#include "inspect/answer_text.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "diagnosis/remedy.h"
#include "diagnosis/sentence.h"

namespace bso::inspect {
namespace {

using diagnosis::State;
using diagnosis::Verdict;

constexpr std::size_t kWidth = 100;
constexpr std::size_t kMaxLine = 8192;
constexpr std::string_view kPlain = "\033[0m";
constexpr std::string_view kBold = "\033[1m";

std::string_view colour_of(State state) {
  switch (state) {
    case State::deadlock:
    case State::needs_operator:
      return "\033[1;31m";
    case State::unknown:
      return "\033[1;33m";
    case State::waiting:
      break;
  }
  return "\033[1;36m";
}

std::string painted(std::string_view text, std::string_view colour, bool on) {
  return on ? fmt::format("{}{}{}", colour, text, kPlain) : std::string(text);
}

/// Broken at spaces; words longer than a line stay whole. The first line begins with `first`, the
/// others with as many spaces.
std::string wrapped(std::string_view text, std::string_view first) {
  const std::string indent(first.size(), ' ');
  std::string all;
  std::string line(first);
  bool empty = true;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (!empty && line.size() + 1 + word.size() > kWidth) {
      all += fmt::format("{}\n", line);
      line = indent;
      empty = true;
    }
    line += fmt::format("{}{}", empty ? "" : " ", word);
    empty = false;
  }
  return all + fmt::format("{}\n", line);
}

std::string prose(const std::string& text, std::string_view first) {
  return wrapped(diagnosis::printable(text, kMaxLine), first);
}

std::string blocked_text(const Answer& answer, const Verdict& verdict, bool colour) {
  const auto name = diagnosis::printable(fmt::format("{}/{}", answer.ns, answer.pod), kMaxLine);
  auto text = fmt::format("{}  {}  {} ({})\n", painted(name, kBold, colour),
                          painted(to_string(verdict.state), colour_of(verdict.state), colour),
                          to_string(verdict.cause), to_string(verdict.confidence));
  text += prose(diagnosis::sentence(verdict), "  ");
  text += "  Evidence:\n";
  for (const auto& one : verdict.evidence) text += prose(one, "    - ");
  const auto remedy = diagnosis::remedy_for(verdict);
  if (!remedy.commands.empty()) text += "  Commands:\n";
  for (const auto& command : remedy.commands) {
    text += fmt::format("    {}\n", diagnosis::printable(command, kMaxLine));
  }
  return text;
}

std::string free_text(const Answer& answer, bool colour) {
  const auto name = diagnosis::printable(fmt::format("{}/{}", answer.ns, answer.pod), kMaxLine);
  return fmt::format("{}  not blocked\n{}", painted(name, kBold, colour),
                     prose(answer.reason, "  "));
}

std::string place(const Scope& scope) {
  return scope.ns.empty() ? scope.whole
                          : fmt::format("namespace {}", diagnosis::printable(scope.ns, 253));
}

std::string sum(const Answers& answers, const Scope& scope) {
  const auto blocked = std::count_if(answers.pods.begin(), answers.pods.end(),
                                     [](const Answer& one) { return one.verdict.has_value(); });
  const auto* noun = answers.looked_at == 1 ? "pod" : "pods";
  if (blocked == 0) {
    return fmt::format("Of {} {} in {} none waits for a volume that another one has.\n",
                       answers.looked_at, noun, place(scope));
  }
  return fmt::format("{} of {} {} in {} {} for a volume that is held.\n", blocked,
                     answers.looked_at, noun, place(scope), blocked == 1 ? "waits" : "wait");
}

}  // namespace

std::string answers_text(const Answers& answers, const Scope& scope, bool colour) {
  std::string text;
  for (const auto& answer : answers.pods) {
    if (!text.empty()) text += "\n";
    text +=
        answer.verdict ? blocked_text(answer, *answer.verdict, colour) : free_text(answer, colour);
  }
  if (!scope.pod.empty()) return text;
  if (!text.empty()) text += "\n";
  return text + sum(answers, scope);
}

nlohmann::json answers_json(const Answers& answers) {
  auto pods = nlohmann::json::array();
  for (const auto& answer : answers.pods) {
    nlohmann::json pod{
        {"namespace", answer.ns}, {"pod", answer.pod}, {"blocked", answer.verdict.has_value()}};
    if (answer.verdict) {
      pod["sentence"] = diagnosis::sentence(*answer.verdict);
      auto detail = codec::parse_json(diagnosis::detail(*answer.verdict));
      if (detail) pod["detail"] = std::move(*detail);
    } else {
      pod["reason"] = answer.reason;
    }
    pods.push_back(std::move(pod));
  }
  return {{"v", 1},
          {"now", to_rfc3339(answers.now)},
          {"pods", std::move(pods)},
          {"warnings", answers.warnings}};
}

}  // namespace bso::inspect
