// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "inspect/snapshot.h"
#include "install/bundle.h"

namespace bso::cli {

/// More than this, all files together, is an error.
inline constexpr std::size_t kMaxDump = std::size_t{512} << 20U;

struct Dump {
  std::unique_ptr<inspect::Snapshot> snapshot;
  /// Objects that cannot be read, and what is missing; whole sentences.
  std::vector<std::string> warnings;
};

/// Reads files, the .json, .yaml and .yml files of directories and of those in them, and standard
/// input ("-"). What takes longer than a second tells on standard error where it is. An error names
/// the file, and the place in it; a dump without any pod is one.
/// The bundles say what their drivers allow.
[[nodiscard]] Result<Dump> read_dump(const std::vector<std::string>& paths, inspect::PodName asked,
                                     const std::vector<install::Bundle>& shipped);

}  // namespace bso::cli
