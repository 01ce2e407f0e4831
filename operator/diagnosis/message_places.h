// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "diagnosis/message_text.h"

/// The names and nouns of nodes, pods and directories in a message. Only for the files that read
/// messages.
namespace bso::diagnosis {

using WordList = std::vector<Word>;

/// Words in spaces: " a b c ".
using WordSet = std::string_view;
[[nodiscard]] bool is_in(std::string_view word, WordSet set);

/// How far ahead the parts of one statement may be.
inline constexpr std::size_t kLookAhead = 12;

inline constexpr WordSet kOthers = " another different other wrong multiple foreign ";
inline constexpr WordSet kPlaces =
    " node nodes instance instances vm vms machine machines server servers host hosts droplet"
    " linode compute hypervisor hypervisors computer client clients initiator initiators ecs cvm"
    " guest worker workers hostgroup igroup nodeid ";
inline constexpr WordSet kPodNouns = " pod pods ";
/// Of one node's directories, and of what runs there.
inline constexpr WordSet kPodPlaces =
    " path paths target mountpoint mountpoints mount directory location container containers"
    " workload workloads process consumer job deployment statefulset replica ";

/// "10.0.0.7": what is attached there has no other name for the node.
[[nodiscard]] bool is_ipv4(std::string_view text);
/// "web-0" or "shop/web-0", of the characters and the length that names may have.
[[nodiscard]] bool is_pod_name(std::string_view text);
/// The name that a word is, or "": an ordinary English word is none unless it is quoted. `cut`: the
/// end of the text may be missing.
[[nodiscard]] std::string_view name_in(const Word& word, bool cut);

/// What stands behind a preposition.
struct Place {
  std::string_view name;  ///< "" when it has none, or is one of several
  bool node = false;      ///< a node or machine is meant
  bool pod = false;
  bool of_pod = false;  ///< a path, or something else that runs
  bool other = false;
  bool own = false;
};

/// What the words from `at` on say of a place.
[[nodiscard]] Place place_at(const WordList& words, std::size_t at, bool cut);

}  // namespace bso::diagnosis
