// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace CLI {
class App;
}

namespace bso::cli {

/// What `why` and `graph` look at, and where.
struct LookOptions {
  enum class Form { text, json, yaml, dot, svg };

  std::string pod;  ///< as it was written: NAME or NAMESPACE/NAME; "": all
  std::string ns;
  bool all_namespaces = false;
  std::vector<std::string> from;  ///< files, directories or "-"; empty: the cluster itself
  std::optional<WallTime> now;    ///< with `from` only
  Form form = Form::text;
};

/// Adds the commands; the caller adds what they take of a connection and what they call.
CLI::App& add_why(CLI::App& app, LookOptions& options);
CLI::App& add_graph(CLI::App& app, LookOptions& options);

/// Where to look, when all that was said is put together.
struct LookScope {
  std::string ns;   ///< "" is all
  std::string pod;  ///< "" is all
};
/// nullopt, and `problem` says why, when the options contradict each other. `default_ns` is for who
/// names none; "" stands for all.
[[nodiscard]] std::optional<LookScope> scope_of(const LookOptions& options,
                                                const std::string& default_ns,
                                                std::string& problem);

}  // namespace bso::cli
