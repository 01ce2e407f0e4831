// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "diagnosis/messages.h"

/// Only for the files that read messages.
namespace bso::diagnosis {

/// Where in the life of a volume a text was said: the same words mean more when a disk was to be
/// attached than when a device was to be mounted.
enum class Stage {
  attach,  ///< by a controller, to a node
  node,    ///< by the node, to a pod
  unknown
};

/// How telling a phrase is.
enum class Weight {
  none,
  look_alike,  ///< words of conflicts that are none
  specific,    ///< of one message that is known from sources
  unsure,      ///< an error that both conflicts and others cause
  general,     ///< words that unknown drivers use too
  slow         ///< nothing but a time-out
};

struct Reading {
  Kind kind = Kind::none;
  std::optional<bool> conflict = false;
  std::string_view driver;  ///< of the one driver that says so; "" when there are several
  Weight weight = Weight::none;
};

/// The most telling of the phrases in a text, which is in lower case.
[[nodiscard]] Reading read_phrases(std::string_view lower, Stage stage);

}  // namespace bso::diagnosis
