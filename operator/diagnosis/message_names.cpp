// SPDX-License-Identifier: Apache-2.0
#include "diagnosis/message_names.h"

#include <algorithm>
#include <array>

namespace bso::diagnosis {

namespace {

using WordList = std::vector<Word>;

/// More words than any message has that fits an event.
constexpr std::size_t kMostWords = 8192;
/// How far apart the parts of one statement may be.
constexpr std::size_t kLookBack = 6;
constexpr std::size_t kLookAhead = 12;
constexpr std::size_t kLongestName = 253;

using Set = std::string_view;

/// `set` is words in spaces: " a b c ".
bool is_in(std::string_view word, Set set) {
  const auto at = set.find(word);
  for (auto found = at; found != Set::npos && !word.empty(); found = set.find(word, found + 1)) {
    const auto end = found + word.size();
    if (found > 0 && set[found - 1] == ' ' && end < set.size() && set[end] == ' ') return true;
  }
  return false;
}

/// What a holder has done with a volume, and what is asked for.
constexpr Set kStates =
    " attached published mapped mounted staged used use locked owned held opened connected exported"
    " assigned claimed attachment attachments volumeattachments accessible reserved presented"
    " in_use in-use bound exposed masked consumed allocated bind-mounted shared ";
constexpr Set kUses =
    " use used in_use in-use locked held owned claimed reserved opened consumed mounted ";
constexpr Set kWishes =
    " attach attaching publish publishing mount mounting map mapping connect assign expose export"
    " reattach re-attach ";
constexpr Set kPrepositions = " to on by at with from in into ";
constexpr Set kArticles =
    " the a an another different other wrong some one existing more than multiple cluster worker"
    " k8s kubernetes virtual cloud compute following ec2 azure openstack nova storage foreign "
    "remote ";
constexpr Set kOthers = " another different other wrong multiple foreign ";
constexpr Set kPlaces =
    " node nodes instance instances vm vms machine machines server servers host hosts droplet"
    " linode compute hypervisor hypervisors computer client clients initiator initiators ecs cvm"
    " guest worker workers hostgroup igroup nodeid ";
constexpr Set kPodNouns = " pod pods ";
/// Of one node's directories, and of what runs there.
constexpr Set kPodPlaces =
    " path paths target mountpoint mountpoints mount directory location container containers"
    " workload workloads process consumer job deployment statefulset replica ";
/// What a path is a place for: "attached at a different path" tells of a device's name.
constexpr Set kMounts =
    " mounted staged published used use opened mapped held locked bound bind-mounted ";
constexpr Set kGlue = " id ids name names uuid named called ";
constexpr Set kOwn = " this same requested itself current target ";
constexpr Set kHeld = " already currently still presently exclusively ";
constexpr Set kIs = " is are was only it's has ";
constexpr Set kNot =
    " not cannot can't couldn't never isn't hasn't wasn't aren't doesn't unable without no n't ";
/// Where the wish ends and what is the case begins.
constexpr Set kStatements =
    " is are was were failed error because since attached published mapped mounted used already "
    "currently still has have ";
/// Said of a node only where another one is meant: of this one they are no news.
constexpr Set kOthersStates =
    " active imported exists promoted primary registered leased acquired busy taken open logged"
    " grabbed running session sessions connection connections login reservation lock lease ";
/// What one node alone can be to a volume.
constexpr Set kOfOneNode = " promoted primary ";
/// "another node is using the volume"
constexpr Set kUsing = " using uses holds holding owns has mounts locks occupies occupying ";
constexpr Set kOfVolumes =
    " volume disk image lun device claim pvc lock lease reservation it drive filesystem ";
/// Words that a hyphen or digit makes look like names.
constexpr Set kNoNames =
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

/// "10.0.0.7": what is attached there has no other name for the node.
bool is_ipv4(std::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 3 &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
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

/// The name that a word is, or "": an ordinary English word is none unless it is quoted.
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

/// What stands behind a preposition.
struct Place {
  std::string_view name;  ///< "" when it has none, or is one of several
  bool node = false;      ///< a node or machine is meant
  bool pod = false;
  bool of_pod = false;  ///< a path, or something else that runs
  bool other = false;
  bool own = false;
};

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
  constexpr Set kUnless = " if unless when until whether should must ";
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
  constexpr Set kDemands = " must needs need should has have waiting wait until before ";
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
  const auto slash = name.find('/');
  if (cut || name.size() > kLongestName || !has_only_name_characters(name.substr(0, slash)) ||
      (slash != std::string_view::npos && !has_only_name_characters(name.substr(slash + 1)))) {
    return;
  }
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
  constexpr Set kThings = " volume disk image lun blob device ";
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
