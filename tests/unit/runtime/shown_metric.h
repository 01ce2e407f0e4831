// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/metrics.h"

namespace bso::test {

/// The value of a series as /metrics shows it, or -1.
inline double shown(runtime::Metrics& metrics, const std::string& series) {
  const auto text = metrics.exposition();
  const auto at = text.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

}  // namespace bso::test
