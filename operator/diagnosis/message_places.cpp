// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_places.h"

#include <algorithm>
#include <array>

namespace bso::diagnosis {

namespace {

constexpr std::size_t kLongestName = 253;

constexpr WordSet kArticles =
    " the a an another different other wrong some one existing more than multiple cluster worker"
    " k8s kubernetes virtual cloud compute following ec2 azure openstack nova storage foreign "
    "remote ";
constexpr WordSet kGlue = " id ids name names uuid named called ";
constexpr WordSet kOwn = " this same requested itself current target ";
/// Words that a hyphen or digit makes look like names.
constexpr WordSet kNoNames =
    " read-only read-write read-write-once in-use re-attach non-shared non-shareable multi-attach"
    " force-detach single-node multi-node none null nil unknown undefined true false n/a ";

/// A cloud's path to an instance, of which the last part is the name.
constexpr std::array<std::string_view, 4> kInstancePaths{"/instances/", "/virtualmachines/",
                                                         "/nodes/", "/servers/"};

bool is_instance_path(std::string_view lower) {
  return std::any_of(kInstancePaths.begin(), kInstancePaths.end(), [lower](std::string_view part) {
    return lower.find(part) != std::string_view::npos;
  });
}

/// "i-" and the 8 or 17 hexadecimal digits of an EC2 instance.
bool is_ec2_instance(std::string_view lower) {
  constexpr std::size_t kOld = 10;
  constexpr std::size_t kNew = 19;
  return (lower.size() == kOld || lower.size() == kNew) && lower.starts_with("i-") &&
         lower.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

/// What the clouds call their instances: "i-" of Alibaba, "ins-" of Tencent, "ocid1.instance." of
/// Oracle.
bool is_instance_id(std::string_view lower) {
  constexpr std::size_t kAlibaba = 22;
  return is_ec2_instance(lower) || (lower.size() == kAlibaba && lower.starts_with("i-")) ||
         lower.starts_with("ins-") || lower.starts_with("ocid1.instance.");
}

bool has_only_name_characters(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

/// "shop/web-0"
bool is_namespaced(std::string_view name) {
  const auto slash = name.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < name.size() &&
         name.size() <= kLongestName && has_only_name_characters(name.substr(0, slash)) &&
         has_only_name_characters(name.substr(slash + 1));
}

bool is_number(std::string_view word) {
  return word.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "Google instance", "2 nodes": a word that is no name, before a noun.
bool is_adjective(const WordList& words, std::size_t at, bool cut) {
  const auto& word = words[at];
  if (at + 1 >= words.size() || word.ends_clause) return false;
  // "2 other nodes"
  if (is_number(word.raw) && is_in(words[at + 1].lower, kOthers)) return true;
  return is_in(words[at + 1].lower, kPlaces) &&
         (name_in(word, cut).empty() || is_number(word.raw)) &&
         word.raw.find('/') == std::string_view::npos;
}

}  // namespace

bool is_in(std::string_view word, WordSet set) {
  const auto at = set.find(word);
  for (auto found = at; found != WordSet::npos && !word.empty();
       found = set.find(word, found + 1)) {
    const auto end = found + word.size();
    if (found > 0 && set[found - 1] == ' ' && end < set.size() && set[end] == ' ') return true;
  }
  return false;
}

bool is_ipv4(std::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 3 &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_pod_name(std::string_view text) {
  const auto slash = text.find('/');
  return text.size() <= kLongestName && has_only_name_characters(text.substr(0, slash)) &&
         (slash == std::string_view::npos || has_only_name_characters(text.substr(slash + 1)));
}

std::string_view name_in(const Word& word, bool cut) {
  auto name = word.raw;
  if (name.find('/') != std::string_view::npos) {
    if (!is_instance_path(word.lower)) return {};
    name.remove_prefix(name.rfind('/') + 1);
  }
  while (name.ends_with('-') || name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kLongestName || !has_only_name_characters(name)) return {};
  const bool looks_named = name.find_first_of("0123456789-_.") != std::string_view::npos;
  if (!looks_named && !word.enclosed) return {};
  if (is_in(word.lower, kNoNames)) return {};
  if (cut && word.next == '\0') return {};  // may be the beginning of one
  if (word.next == '=') return {};          // "node-id=n-2" of a log
  if (name.starts_with('.')) return {};     // left out by who quotes it
  return name;
}

Place place_at(const WordList& words, std::size_t at, bool cut) {
  Place place;
  std::size_t noun = words.size();
  std::size_t end = at;
  bool plural = false;
  for (; end < words.size() && end < at + kLookAhead; ++end) {
    const auto& word = words[end];
    if (word.lower == "s" && word.enclosed) {  // "node(s)"
      plural = true;
      continue;
    }
    if (is_in(word.lower, kPlaces) && !(word.quoted && end > at)) {
      place.node = true;
      noun = end;
    } else if (is_in(word.lower, kPodNouns)) {
      place.pod = true;
      noun = end;
    } else if (noun == words.size() && place.other && is_in(word.lower, kPodPlaces)) {
      place.of_pod = true;
      return place;
    } else if (is_in(word.lower, kOwn)) {
      place.own = true;
    } else if (noun == words.size() ? is_in(word.lower, kArticles) : is_in(word.lower, kGlue)) {
      place.other = place.other || is_in(word.lower, kOthers);
    } else if (noun != words.size() || !is_adjective(words, end, cut)) {
      break;
    }
    if (word.ends_clause) return place;
  }
  if (end >= words.size() || end >= at + kLookAhead) return place;
  const auto& word = words[end];
  const bool named = place.node || place.pod || is_instance_path(word.lower) ||
                     is_instance_id(word.lower) || is_ipv4(word.lower);
  if (!named) {
    // "to NAME compute"
    const bool before_noun = end + 1 < words.size() && !word.ends_clause &&
                             is_in(words[end + 1].lower, kPlaces) && !words[end + 1].quoted;
    if (!before_noun) return place;
  }
  if (!place.pod) place.node = true;
  plural = plural || word.begins_list || (noun < words.size() && words[noun].lower.ends_with('s'));
  const bool goes_on = word.next == ',' || (!word.ends_clause && end + 1 < words.size() &&
                                            words[end + 1].lower == "and");
  const bool several = plural && goes_on;
  // "iqn.1994-05.com.example:n-2", an initiator's name, goes on behind the colon.
  const bool first_part = word.next == ':' && end + 1 < words.size() &&
                          words[end + 1].raw.data() == word.raw.data() + word.raw.size() + 1;
  if (several || first_part) return place;
  place.name = place.pod && is_namespaced(word.raw) && !(cut && word.next == '\0')
                   ? word.raw
                   : name_in(word, cut);
  return place;
}

}  // namespace bso::diagnosis
