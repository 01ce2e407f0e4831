// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_names.h"

#include <algorithm>

#include "diagnosis/message_places.h"

namespace bso::diagnosis {

namespace {

/// More words than any message has that fits an event.
constexpr std::size_t kMostWords = 8192;
/// How far back the parts of one statement may be.
constexpr std::size_t kLookBack = 6;

/// What a holder has done with a volume, and what is asked for.
constexpr WordSet kStates =
    " attached published mapped mounted staged used use locked owned held opened connected exported"
    " assigned claimed attachment attachments volumeattachments accessible reserved presented"
    " in_use in-use bound exposed masked consumed allocated bind-mounted shared ";
constexpr WordSet kUses =
    " use used in_use in-use locked held owned claimed reserved opened consumed mounted ";
constexpr WordSet kWishes =
    " attach attaching publish publishing mount mounting map mapping connect assign expose export"
    " reattach re-attach ";
constexpr WordSet kPrepositions = " to on by at with from in into ";
/// What a path is a place for: "attached at a different path" tells of a device's name.
constexpr WordSet kMounts =
    " mounted staged published used use opened mapped held locked bound bind-mounted ";
constexpr WordSet kHeld = " already currently still presently exclusively ";
constexpr WordSet kIs = " is are was only it's has ";
constexpr WordSet kNot =
    " not cannot can't couldn't never isn't hasn't wasn't aren't doesn't unable without no n't ";
/// Where the wish ends and what is the case begins.
constexpr WordSet kStatements =
    " is are was were failed error because since attached published mapped mounted used already "
    "currently still has have ";
/// Said of a node only where another one is meant: of this one they are no news.
constexpr WordSet kOthersStates =
    " active imported exists promoted primary registered leased acquired busy taken open logged"
    " grabbed running session sessions connection connections login reservation lock lease ";
/// What one node alone can be to a volume.
constexpr WordSet kOfOneNode = " promoted primary ";
/// "another node is using the volume"
constexpr WordSet kUsing = " using uses holds holding owns has mounts locks occupies occupying ";
constexpr WordSet kOfVolumes =
    " volume disk image lun device claim pvc lock lease reservation it drive filesystem ";
enum class Part { none, holder, wish };

/// Which part a state such as "attached" gives to what follows, by the words before it.
Part part_of(const WordList& words, std::size_t at) {
  bool passive = false;
  for (std::size_t back = 1; back <= kLookBack && back <= at; ++back) {
    const auto& word = words[at - back];
    if (word.ends_clause && back > 0) break;
    if (is_in(word.lower, kHeld) || is_in(word.lower, kIs)) return Part::holder;
    if (word.lower == "be") passive = true;
    if (is_in(word.lower, kNot)) return passive ? Part::wish : Part::none;
  }
  return passive ? Part::wish : Part::none;
}

bool is_surely_held(const WordList& words, std::size_t at) {
  constexpr std::size_t kNear = 3;
  for (std::size_t back = 1; back <= kNear && back <= at; ++back) {
    const auto& word = words[at - back];
    if (word.ends_clause || is_in(word.lower, kNot)) return false;
    if (is_in(word.lower, kHeld)) return true;
  }
  return at + 1 < words.size() && is_in(words[at + 1].lower, kHeld);
}

/// "not yet mounted", "unless it is mounted": nothing is said to be so.
bool is_denied(const WordList& words, std::size_t at) {
  constexpr WordSet kUnless = " if unless when until whether should must ";
  for (std::size_t back = 1; back <= kLookBack && back <= at; ++back) {
    const auto& word = words[at - back];
    if (word.ends_clause) break;
    if (is_in(word.lower, kNot) || is_in(word.lower, kUnless)) return true;
  }
  return false;
}

/// "maybe held by another client", "if it is used by node X": who says so does not know.
bool is_guess(const WordList& words, std::size_t at) {
  constexpr std::size_t kNear = 3;
  for (std::size_t back = 1; back <= kLookBack && back <= at; ++back) {
    const auto& word = words[at - back];
    if (word.ends_clause) break;
    if (is_in(word.lower, " if unless whether ")) return true;
    if (back > kNear) continue;
    if (is_in(word.lower, " maybe possibly perhaps probably ")) return true;
    if (is_in(word.lower, " may might could ") && words[at - back + 1].lower == "be") return true;
  }
  return false;
}

/// The preposition that belongs to the word at `at`, or words.size().
std::size_t preposition_after(const WordList& words, std::size_t at, std::size_t reach) {
  constexpr std::size_t kManner = 3;
  for (auto next = at; next < words.size() && next <= at + reach; ++next) {
    if (next > at && is_in(words[next].lower, kPrepositions)) {
      // "logged in from", "attached in read-write mode to": the later one has the place.
      if (!is_in(words[next].lower, " in with ")) return next;
      for (auto later = next; later < words.size() && later <= next + kManner; ++later) {
        if (later > next && is_in(words[later].lower, kPrepositions)) return later;
        if (words[later].ends_clause || is_in(words[later].lower, kPlaces)) break;
      }
      return next;
    }
    if (words[next].ends_clause) break;
  }
  return words.size();
}

/// One name said again is one name; two are none.
class OneName {
 public:
  void add(std::string_view name) {
    if (name.empty()) return;
    if (name_.empty()) name_ = name;
    if (name_ != name) unclear_ = true;
  }
  [[nodiscard]] std::string_view get() const { return unclear_ ? std::string_view{} : name_; }

 private:
  std::string_view name_;
  bool unclear_ = false;
};

struct Found {
  OneName holder;
  OneName wanted;
};

void read_state(const WordList& words, std::size_t at, bool cut, Found& found, Names& names) {
  constexpr std::size_t kReach = 2;
  const auto state = words[at].lower;
  const auto preposition = preposition_after(words, at, kReach);
  if (preposition == words.size()) return;
  const auto place = place_at(words, preposition + 1, cut);
  if (place.of_pod) {
    names.other_pod = names.other_pod || (is_in(state, kMounts) && !is_denied(words, at));
    return;
  }
  const bool once = at > 0 && words[at - 1].lower == "last";  // "was last mounted on"
  if (once || is_guess(words, at)) return;
  if (!place.node && !place.pod) {
    // "is attached on: n-2": a name at least, though not of what.
    const bool named = preposition + 1 < words.size() && is_in(state, " attached published ") &&
                       !name_in(words[preposition + 1], cut).empty();
    names.placed = names.placed || (named && !place.own && part_of(words, at) == Part::holder);
    return;
  }
  auto part = part_of(words, at);
  // "busy, used by server X", "in use on node X": it is so, though no verb says it.
  const bool in_use = state == "use" && at > 0 && words[at - 1].lower == "in" &&
                      words[preposition].lower == "on" && place.node;
  const bool named_user =
      !place.name.empty() && (in_use || (is_in(state, kUses) && words[preposition].lower == "by"));
  if (part == Part::none && named_user && !is_denied(words, at)) part = Part::holder;
  if (part == Part::none && (state.starts_with("attachment") || state == "volumeattachments" ||
                             (place.other && state != "use"))) {
    // "attachment X to instance Y"; a refusal would not say "attached to another".
    const bool denied = at > 0 && is_in(words[at - 1].lower, kNot);
    if (!denied) part = Part::holder;
  }
  if (part == Part::wish && place.node) found.wanted.add(place.name);
  if (part != Part::holder || place.own) return;
  // "attached to" may mean the one that asks; what is used by somebody is not free.
  const bool by = named_user || (words[preposition].lower == "by" && is_in(state, kUses));
  names.held = names.held || place.other || by || is_surely_held(words, at);
  names.placed = true;
  names.attached_to_pod = names.attached_to_pod || (place.pod && state == "attached");
  names.other = names.other || place.other;
  if (place.node) {
    // An address that is connected may be a pod's or a service's.
    if (state != "connected" || !is_ipv4(place.name)) found.holder.add(place.name);
  } else if (!place.name.empty() && names.holder_pods.size() < kLookAhead &&
             std::find(names.holder_pods.begin(), names.holder_pods.end(), place.name) ==
                 names.holder_pods.end()) {
    names.holder_pods.emplace_back(place.name);
  }
}

/// "active on another node n-2", "primary on node n-2"
void read_others_state(const WordList& words, std::size_t at, bool cut, Found& found,
                       Names& names) {
  const bool alone = is_in(words[at].lower, kOfOneNode);
  const auto preposition = preposition_after(words, at, alone ? 2 : 1);  // "primary role on"
  if (preposition == words.size() || (at > 0 && is_in(words[at - 1].lower, kNot))) return;
  const auto place = place_at(words, preposition + 1, cut);
  const bool of_one = alone && !place.name.empty() && !place.own && !is_denied(words, at);
  if (!place.node || (!place.other && !of_one)) return;
  names.held = true;
  names.other = names.other || place.other;
  found.holder.add(place.name);
}

/// "another node n-2 is using the volume", "active pods using this volume"
void read_agent(const WordList& words, std::size_t at, bool cut, Found& found, Names& names) {
  constexpr std::size_t kNear = 4;
  const auto is_volume = [&](std::size_t word) { return is_in(words[word].lower, kOfVolumes); };
  auto thing = at + 1;
  while (thing < words.size() && thing <= at + kNear && !is_volume(thing) &&
         !words[thing].ends_clause) {
    ++thing;
  }
  if (thing >= words.size() || !is_volume(thing) || is_denied(words, at)) return;
  bool held = false;
  for (std::size_t back = 1; back <= kLookBack && back <= at; ++back) {
    const auto& word = words[at - back];
    if (is_in(word.lower, kHeld)) held = words[at].lower != "has";
    const bool of_pods = is_in(word.lower, kPodNouns) || is_in(word.lower, kPodPlaces);
    if (!of_pods && !is_in(word.lower, kPlaces)) continue;
    const bool before = at > back;
    const auto adjective = before ? words[at - back - 1].lower : std::string_view{};
    // "Is another process using the image?"
    if (at > back + 1 && is_in(words[at - back - 2].raw, " Is Are Does Do ")) return;
    const bool other = is_in(adjective, kOthers) || is_in(adjective, " active running more ");
    if (!other && !held) return;
    const auto place = place_at(words, before && other ? at - back - 1 : at - back, cut);
    if (place.own) return;
    names.other = names.other || other;
    if (of_pods) {
      names.other_pod = true;
    } else {
      names.held = true;
      found.holder.add(place.name);
    }
    return;
  }
}

/// "must first be detached from node n-2", "is not detached from n-2 yet"
void read_detached(const WordList& words, std::size_t at, bool cut, Found& found, Names& names) {
  constexpr WordSet kDemands = " must needs need should has have waiting wait until before ";
  const bool not_yet = at > 0 && words[at - 1].lower == "not";
  bool passive = false;
  bool demanded = false;
  for (std::size_t back = 1; back <= kLookBack && back <= at; ++back) {
    const auto& word = words[at - back];
    if (word.ends_clause) break;
    passive = passive || word.lower == "be";
    demanded = demanded || is_in(word.lower, kDemands);
  }
  if (!not_yet && !(passive && demanded)) return;
  if (at + 2 >= words.size() || words[at].ends_clause || words[at + 1].lower != "from") return;
  const auto place = place_at(words, at + 2, cut);
  if (!place.node || place.own) return;
  names.held = true;
  found.holder.add(place.name);
}

/// "pod shop/a using PersistentVolumeClaim data"
void read_user(const WordList& words, std::size_t at, bool cut, Names& names) {
  constexpr std::size_t kNoun = 2;
  if (at < kNoun || words[at - kNoun].lower != "pod") return;
  const auto name = words[at - 1].raw;
  if (cut || !is_pod_name(name)) return;
  names.held = true;
  names.holder_pods.emplace_back(name);
}

/// "attachedTo=[n-2]": attachdetach/reconciler.go, logs of Kubernetes 1.24 and later.
void read_field(const WordList& words, std::size_t at, bool cut, Found& found, Names& names) {
  if (at + 1 >= words.size() || !words[at + 1].quoted) return;
  names.held = true;
  if (words[at + 1].next == ']') found.holder.add(name_in(words[at + 1], cut));
}

/// "volume X is in use", "disk X is attached": nothing about where.
void read_bare_state(const WordList& words, std::size_t at, Names& names) {
  constexpr WordSet kThings = " volume disk image lun blob device ";
  constexpr std::size_t kSubject = 5;
  const bool use = words[at].lower == "use" && at > 0 && words[at - 1].lower == "in";
  if (!use && words[at].lower != "attached") return;
  if (!words[at].ends_clause || part_of(words, at) != Part::holder) return;
  for (std::size_t back = 1; back <= kSubject && back <= at; ++back) {
    if (!is_in(words[at - back].lower, kThings)) continue;
    (use ? names.in_use : names.attached) = true;
    return;
  }
}

void read_wish(const WordList& words, std::size_t at, bool cut, Found& found) {
  for (auto next = at + 1; next < words.size() && next <= at + kLookAhead; ++next) {
    const auto& word = words[next];
    if (is_in(word.lower, kPrepositions)) {
      const auto place = place_at(words, next + 1, cut);
      if (place.node) found.wanted.add(place.name);
      if (place.node) return;
    }
    // "failed to attach: disk X is attached to Y" wishes nothing of Y.
    if (word.ends_clause || is_in(word.lower, kStatements)) return;
  }
}

}  // namespace

Names names_of(const PlainText& text) {
  const auto words = words_of(text, kMostWords);
  Names names;
  Found found;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const auto& word = words[at];
    const bool not_to = word.lower == "to" && at > 0 && words[at - 1].lower == "not";
    if (not_to && at + 1 < words.size()) {
      // Mayastor: "... is only accessible to nodes: [a], and not to b"
      const auto& named = words[at + 1];
      if (named.ends_clause || named.next == '\0') found.wanted.add(name_in(named, text.cut));
    } else if (word.lower == "attachedto" && word.next == '=') {
      read_field(words, at, text.cut, found, names);
    } else if (is_in(word.lower, kStates)) {
      read_state(words, at, text.cut, found, names);
      read_bare_state(words, at, names);
    } else if (word.lower == "using" && at + 1 < words.size() &&
               words[at + 1].lower == "persistentvolumeclaim") {
      read_user(words, at, text.cut, names);
    } else if (is_in(word.lower, kOthersStates)) {
      read_others_state(words, at, text.cut, found, names);
    } else if (word.lower == "detached") {
      read_detached(words, at, text.cut, found, names);
    } else if (is_in(word.lower, kUsing)) {
      read_agent(words, at, text.cut, found, names);
    } else if (is_in(word.lower, kWishes)) {
      read_wish(words, at, text.cut, found);
    }
  }
  names.holder_node = found.holder.get();
  names.wanted_node = found.wanted.get();
  return names;
}

}  // namespace bso::diagnosis
