// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_phrases.h"

#include <algorithm>
#include <array>

#include "diagnosis/message_phrase_table.h"
#include "diagnosis/message_text.h"

namespace bso::diagnosis {

namespace {

/// Words that say "attached" but leave out where: a controller means another node by them, a node
/// may mean itself.
constexpr std::array<std::string_view, 9> kAttached{
    "already attached",  "attached already", "volume is in use",
    "disk is in use",    "already in use",   "already exported",
    "already published", "already mapped",   "already assigned"};
constexpr std::array<std::string_view, 2> kMounted{"is already mounted", "already mounted on"};

/// Where the words begin, or kNoMatch.
std::size_t find_words(std::string_view text, std::string_view words) {
  const auto star = words.find('*');
  const auto at = text.find(words.substr(0, star));
  if (at == kNoMatch || star == kNoMatch) return at;
  return text.substr(at + star).find(words.substr(star + 1)) == kNoMatch ? kNoMatch : at;
}

/// "owned by another project": no one who could let go of a volume.
bool is_no_holder(std::string_view after) {
  for (const std::string_view word :
       {" user",           " project", " account",       " tenant",
        " subscription",   " secret",  " key",           " namespace",
        " zone",           " region",  " storage class", " storageclass",
        " resource group", " volume",  " network",       " subnet",
        " array",          " bus",     " filesystem",    " file system"}) {
    if (after.starts_with(word)) return !after.starts_with(" volume attach");
  }
  return false;
}

/// "already published to this node": the one that asks.
bool is_own(std::string_view after) {
  for (const std::string_view word :
       {" this ", " the same ", " same ", " itself", " the requested "}) {
    if (after.starts_with(word)) return true;
  }
  return false;
}

/// "is not mounted on another path"
bool is_denied(std::string_view before) {
  for (const std::string_view word : {"is not ", "isn't ", "was last ", "was not ", "are not ",
                                      "not yet ", "not currently ", "no longer ", "not already "}) {
    if (before.ends_with(word)) return true;
  }
  return false;
}

/// "maybe locked by other nodes", "check if it is attached to another node": who says so does not
/// know.
bool is_guess(std::string_view text, std::size_t at) {
  constexpr std::size_t kReach = 24;
  constexpr std::size_t kFarReach = 48;
  const auto before = [&](std::size_t reach) {
    const auto from = at > reach ? at - reach : 0;
    return text.substr(from, at - from);
  };
  for (const std::string_view hedge :
       {"maybe ", "may be ", "might be ", "could be ", "possibly ", "perhaps ", "probably "}) {
    if (before(kReach).find(hedge) != kNoMatch) return true;
  }
  auto clause = before(kFarReach);
  if (const auto end = clause.find_last_of(".,;:"); end != kNoMatch) clause.remove_prefix(end);
  for (const std::string_view open : {" if ", " whether ", " unless "}) {
    if (clause.find(open) != kNoMatch) return true;
  }
  return false;
}

/// Where the first of the words ends that the text has, or kNoMatch.
template <std::size_t kCount>
std::size_t end_of_any(std::string_view text, const std::array<std::string_view, kCount>& words) {
  for (const auto word : words) {
    const auto at = text.find(word);
    if (at != kNoMatch) return at + word.size();
  }
  return kNoMatch;
}

/// "... already mounted" is what comes before: "on the same host".
bool goes_on_with_own(std::string_view after) {
  for (const std::string_view preposition : {" on", " to", " at", " in", " by", ""}) {
    if (after.starts_with(preposition) && is_own(after.substr(preposition.size()))) return true;
  }
  return false;
}

std::optional<bool> answer(Says says) {
  if (says == Says::unsure) return std::nullopt;
  return says == Says::yes;
}

/// What is left when no phrase names its circumstances.
Reading read_remainder(std::string_view lower, Stage stage) {
  const auto mounted = end_of_any(lower, kMounted);
  if (mounted != kNoMatch) {
    if (goes_on_with_own(lower.substr(mounted))) {
      return {Kind::device_busy, std::nullopt, {}, Weight::unsure};
    }
    return {Kind::device_busy, true, {}, Weight::general};
  }
  if (end_of_any(lower, kAttached) == kNoMatch) return {};
  if (stage == Stage::attach) return {Kind::attached_elsewhere, true, {}, Weight::general};
  return {Kind::ambiguous, std::nullopt, {}, Weight::unsure};
}

}  // namespace

Reading read_phrases(std::string_view lower, Stage stage) {
  Reading late;
  for (const auto& phrase : known_phrases()) {
    const auto at = find_words(lower, phrase.words);
    if (at == kNoMatch) continue;
    const auto after = lower.substr(std::min(lower.size(), at + phrase.words.size()));
    if (phrase.weight == Weight::general &&
        (is_denied(lower.substr(0, at)) || is_no_holder(after) || is_own(after))) {
      continue;
    }
    if (phrase.says == Says::yes && is_guess(lower, at)) {
      return {Kind::ambiguous, std::nullopt, {}, Weight::specific};
    }
    const Reading reading{phrase.kind, answer(phrase.says), phrase.driver, phrase.weight};
    if (phrase.weight != Weight::slow) return reading;
    late = reading;
    break;
  }
  const auto remainder = read_remainder(lower, stage);
  return remainder.weight == Weight::none ? late : remainder;
}

}  // namespace bso::diagnosis
