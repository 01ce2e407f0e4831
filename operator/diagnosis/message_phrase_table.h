// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "diagnosis/message_phrases.h"

/// Only for the files that read messages.
namespace bso::diagnosis {

enum class Says { yes, no, unsure };

struct Phrase {
  std::string_view words;  ///< lower case; "*" stands for anything between
  Weight weight;
  Kind kind;
  Says says;
  std::string_view driver;
};

/// How Kubernetes, drivers and clouds say it. The first that is found counts.
[[nodiscard]] std::span<const Phrase> known_phrases();

}  // namespace bso::diagnosis
