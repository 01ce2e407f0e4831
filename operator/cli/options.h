// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/look_options.h"

namespace bso::cli {

/// Exit statuses, as --help documents them.
enum ExitCode : int {
  exit_ok = 0,       ///< done; for `plan`: nothing would be changed
  exit_error = 1,    ///< usage, no connection, a spec that is not valid, a write that is refused;
                     ///< for `explain`: input that could not be read
  exit_changes = 2,  ///< `plan`: something would be changed
  /// `why`: somebody waits for a volume that is held.
  exit_conflict = 2,
};

enum class Command { plan, status, why, graph, explain, version, completion };
enum class Output { table, json, yaml };

struct Options {
  Command command = Command::version;
  Output output = Output::table;
  std::string kubeconfig;
  std::string context;
  std::string as;  ///< whom to act as; "": as oneself
  std::vector<std::string> as_groups;
  /// For each request. nullopt: the client's own.
  std::optional<std::chrono::milliseconds> request_timeout;
  int verbosity = 0;
  std::string file;                ///< of `plan`; "-" is standard input
  std::vector<std::string> files;  ///< of `explain`; none is standard input too
  /// Where bundles of one's own are, and rules for drivers.
  std::string bundle_namespace = "block-storage-operator";
  std::string name;   ///< of `status`; "": all
  std::string shell;  ///< of `completion`
  LookOptions look;   ///< of `why` and `graph`
};

struct ParsedOptions {
  Options options;
  std::optional<int> exit_code;  ///< set when the process is to end now
};

/// Reads the command line; prints help or a usage error itself.
[[nodiscard]] ParsedOptions parse_options(int argc, const char* const* argv);

/// kubectl's --request-timeout: "30", "30s", "2m", "1h"; "0" is no bound of one's own (nullopt
/// inside). nullopt: none of these.
[[nodiscard]] std::optional<std::optional<std::chrono::milliseconds>> parse_timeout(
    const std::string& text);

}  // namespace bso::cli
