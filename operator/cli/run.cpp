// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/completion.h"
#include "cli/explain_command.h"
#include "cli/look_command.h"
#include "cli/options.h"
#include "cli/plan_command.h"
#include "cli/session.h"
#include "cli/status_command.h"

namespace bso::cli {
namespace {

/// A person waits at the prompt.
constexpr std::chrono::seconds kCompletionTime{2};

/// `__complete WORD...`: what the shells' scripts call. It never complains.
int answer_completion(std::vector<std::string> words) {
  const auto completion = complete(words);
  if (completion.plugin_names) {
    Options options;
    options.request_timeout = kCompletionTime;
    if (auto session = Session::open(options)) {
      (void)(*session)->run(print_plugin_names(**session, words.back()));
    }
  }
  if (completion.pods_of) {
    Options options;
    options.request_timeout = kCompletionTime;
    print_pod_names(options, *completion.pods_of, words.back());
  }
  print(completion_answer(completion));
  return exit_ok;
}

int with_session(const Options& options) {
  auto session = Session::open(options);
  if (!session) {
    complain(session.error().message);  // it has the remedy
    return exit_error;
  }
  return (*session)->run(options.command == Command::plan ? plan_command(**session, options)
                                                          : status_command(**session, options));
}

}  // namespace

int run(int argc, const char* const* argv) {
  if (argc > 1 && std::string_view(argv[1]) == "__complete") {
    return answer_completion({argv + 2, argv + argc});
  }
  const auto parsed = parse_options(argc, argv);  // --help ends here
  if (parsed.exit_code) return *parsed.exit_code;
  const auto& options = parsed.options;
  switch (options.command) {
    case Command::version:
      print(fmt::format("kubectl-blockstorage {}\n", BSO_VERSION));
      return exit_ok;
    case Command::completion:
      print(completion_script(options.shell));
      return exit_ok;
    case Command::explain:
      return explain_command(options);
    case Command::plan:
    case Command::status:
      return with_session(options);
    case Command::why:
    case Command::graph:
      return look_command(options);
  }
  return exit_error;
}

}  // namespace bso::cli
