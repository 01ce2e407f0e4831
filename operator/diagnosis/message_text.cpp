// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_text.h"

#include <algorithm>

#include "base/ascii.h"

namespace bso::diagnosis {

namespace {

constexpr std::string_view kAggregated = "(combined from similar events): ";
constexpr std::string_view kMissing = "(MISSING)";
constexpr std::string_view kNoVerb = "(NOVERB)";
constexpr std::string_view kClauseEnds = ",;)]}";
/// Bounds of a text that a driver cut for a VolumeAttachment, which takes 1024 bytes.
constexpr std::size_t kShortestCut = 1020;
constexpr std::size_t kLongestCut = 1024;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '/' || c == '~' || c == '^' || c == '+' || c == '\'' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Whether a word after this gap is marked as somebody's name or value.
bool ends_in_opening(std::string_view gap) {
  if (gap.empty()) return false;
  if (std::string_view{"\"'([{=:"}.find(gap.back()) != kNoMatch) return true;
  return gap.ends_with(": ");
}

bool closes(char opening, char closing) {
  switch (opening) {
    case '"':
    case '\'':
      return closing == opening;
    case '(':
      return closing == ')';
    case '[':
      return closing == ']' || closing == ',' || closing == ' ';
    case '{':
      return closing == '}';
    default:
      return false;
  }
}

/// What formatting made of a verb, at the start of `text`; the number of bytes that it takes, and
/// the verb, '%' for none.
struct Mangled {
  std::size_t size = 0;
  char verb = '%';
};

Mangled mangled_verb(std::string_view text) {
  constexpr std::size_t kMark = 2;  // "%!"
  if (!text.starts_with("%!")) return {};
  std::size_t at = kMark;
  // The second formatting took "%!" for a verb of its own.
  if (text.substr(at).starts_with("!(MISSING)")) at += 1 + kMissing.size();
  if (text.substr(at).starts_with(kNoVerb)) return {at + kNoVerb.size(), '%'};
  if (at < text.size() && text.substr(at + 1).starts_with(kMissing)) {
    return {at + 1 + kMissing.size(), text[at]};
  }
  return {};
}

/// A run of backslashes and what it escapes, at the start of `text`; its length. What it stands for
/// is put at the end of `plain`.
std::size_t read_escape(std::string_view text, std::string& plain) {
  const auto run = std::min(text.find_first_not_of('\\'), text.size());
  const char escaped = run < text.size() ? text[run] : ' ';
  if (escaped == '"' || escaped == '\'') return run;  // the quote itself comes next
  if (escaped == 'n' || escaped == 't' || escaped == 'r') {
    plain.push_back(' ');
    return run + 1;
  }
  plain.push_back('/');
  return run;
}

/// Takes off the dots that stand for what was cut; false when there are none.
bool take_off_cut(std::string& text) {
  for (const std::string_view dots : {" ...", "...", " \xe2\x80\xa6", "\xe2\x80\xa6"}) {
    if (!text.ends_with(dots)) continue;
    text.erase(text.size() - dots.size());
    return true;
  }
  return false;
}

}  // namespace

std::string_view without_aggregation(std::string_view message) {
  while (message.starts_with(kAggregated)) message.remove_prefix(kAggregated.size());
  return message;
}

Quoted take_quoted(std::string_view& text, std::string& value) {
  if (!text.starts_with('"')) return Quoted::none;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] != '\\') {
      value.push_back(text[at]);
      continue;
    }
    if (++at == text.size()) break;
    switch (text[at]) {
      case 'n':
      case 'r':
      case 't':
        value.push_back(' ');
        break;
      default:
        value.push_back(text[at]);
    }
  }
  const bool whole = at < text.size();
  text.remove_prefix(std::min(at + 1, text.size()));
  return whole ? Quoted::whole : Quoted::cut;
}

PlainText plain_text(std::string_view text) {
  PlainText plain;
  plain.raw.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\\') {
      at += read_escape(text.substr(at), plain.raw);
    } else if (c == '%') {
      const auto mangled = mangled_verb(text.substr(at));
      plain.raw.push_back('%');
      if (mangled.verb != '%') plain.raw.push_back(mangled.verb);
      at += std::max<std::size_t>(mangled.size, 1);
    } else {
      plain.raw.push_back(static_cast<unsigned char>(c) < ' ' || c == 0x7F ? ' ' : c);
      ++at;
    }
  }
  plain.cut =
      take_off_cut(plain.raw) || (text.size() >= kShortestCut && text.size() <= kLongestCut);
  plain.lower = plain.raw;
  std::transform(plain.lower.begin(), plain.lower.end(), plain.lower.begin(),
                 [](char c) { return lower(c); });
  return plain;
}

std::vector<Word> words_of(const PlainText& text, std::size_t limit) {
  const std::string_view raw = text.raw;
  const std::string_view lower_case = text.lower;
  std::vector<Word> words;
  std::size_t at = 0;
  while (words.size() < limit) {
    const auto gap = at;
    while (at < raw.size() && !(is_name_character(raw[at]) && raw[at] != '\'')) ++at;
    if (at == raw.size()) break;
    auto end = at;
    while (end < raw.size() && is_name_character(raw[end])) ++end;
    const auto after = end;
    // What closes a word is not part of it; inside, as in "can't", it is.
    while (end > at && (raw[end - 1] == '.' || raw[end - 1] == '\'')) --end;
    Word word;
    word.raw = raw.substr(at, end - at);
    word.lower = lower_case.substr(at, end - at);
    const auto before = raw.substr(gap > 0 && raw[gap - 1] == '\'' ? gap - 1 : gap, at - gap);
    word.quoted = ends_in_opening(before);
    word.enclosed = !before.empty() && end < raw.size() && closes(before.back(), raw[end]);
    const auto bracket = before.find_last_not_of("\"'");
    word.begins_list =
        bracket != std::string_view::npos && (before[bracket] == '[' || before[bracket] == '{');
    const auto next = raw.find_first_not_of("\"'", after);
    word.next = next < raw.size() ? raw[next] : '\0';
    const bool stopped = raw.substr(end, after - end).find('.') != std::string_view::npos;
    word.ends_clause = stopped || word.next == '\0' || kClauseEnds.find(word.next) != kNoMatch;
    words.push_back(word);
    at = after;
  }
  return words;
}

}  // namespace bso::diagnosis
