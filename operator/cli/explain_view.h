// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/explain_reader.h"
#include "diagnosis/messages.h"

namespace bso::cli {

/// An event and what its message says.
struct Explained {
  std::size_t number = 0;  ///< as EventText has it
  diagnosis::ParsedMessage parsed;
};

[[nodiscard]] std::vector<Explained> explain(const std::vector<EventText>& events);

/// One line of JSON with a line feed: `conflict` (null when the text alone cannot tell), `kind`,
/// `pv`, `holderPods`, `holderPodUid`, `holderNode`, `wantedNode`, `driver`; null is what the text
/// does not say.
[[nodiscard]] std::string explained_json(const diagnosis::ParsedMessage& parsed);

/// A table for people, in printable ASCII. `number_head` is LINE or ITEM.
[[nodiscard]] std::string explained_text(const std::vector<Explained>& explained,
                                         const std::string& number_head);

}  // namespace bso::cli
