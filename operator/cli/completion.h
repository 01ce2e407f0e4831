// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bso::cli {

/// How to install what `completion` prints, shell by shell.
extern const std::string_view completion_help;

/// The script for bash, zsh or fish; for "kubectl" the program kubectl_complete-blockstorage, by
/// which kubectl 1.26 and newer completes plug-ins. They all ask this program itself
/// (`__complete`).
[[nodiscard]] std::string completion_script(std::string_view shell);

/// What may stand in the place of the last of the words after the program's name.
struct Completion {
  std::vector<std::string> words;
  bool files = false;         ///< names of files fit
  bool plugin_names = false;  ///< names of BlockStoragePlugins fit
  /// Names of the pods of this namespace fit; "" is that of the context.
  std::optional<std::string> pods_of;
};
[[nodiscard]] Completion complete(const std::vector<std::string>& words);

/// As cobra's __complete prints it, whose form kubectl reads: one word a line, then ":" and a
/// directive (spf13/cobra, completions.go): 4 no files, 0 files too.
[[nodiscard]] std::string completion_answer(const Completion& completion);

}  // namespace bso::cli
