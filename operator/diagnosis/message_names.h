// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "diagnosis/message_text.h"

/// Only for the files that read messages.
namespace bso::diagnosis {

/// Whom a driver's words name, as they spell it. "" where they name nobody, or several.
struct Names {
  std::string holder_node;
  std::string wanted_node;
  std::vector<std::string> holder_pods;
  /// "already attached to instance ...", "mounted on another node": somebody has it, whatever else
  /// the words say.
  bool held = false;
  bool other = false;            ///< and that somebody is said to be another
  bool other_pod = false;        ///< another pod has it, or it is mounted on another path
  bool attached_to_pod = false;  ///< "already attached by pod ..."
  bool placed = false;  ///< "is attached to node ...": at some place, which may be where it should
  bool in_use = false;  ///< "volume X is in use"
  bool attached = false;  ///< "volume X is attached", and not where
};

/// Reads "[is] already attached to [the] node X", "cannot be attached to node Y" and what is built
/// alike, in the words of any driver. A name is taken only where the sentence gives it its part: a
/// word alone proves nothing.
[[nodiscard]] Names names_of(const PlainText& text);

}  // namespace bso::diagnosis
