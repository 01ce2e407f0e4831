// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_command.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/explain_reader.h"
#include "cli/explain_view.h"
#include "cli/session.h"

namespace bso::cli {
namespace {

/// A day of events of a large cluster.
constexpr std::size_t kMaxEvents = 256U << 20U;

Result<std::string> read_standard_input() {
  std::string text;
  switch (read_to_end(stdin, kMaxEvents, text)) {
    case StreamEnd::complete:
      break;
    case StreamEnd::too_large:
      return fail(invalid_input(fmt::format(
          "standard input: larger than {} bytes; give the events in parts", kMaxEvents)));
    case StreamEnd::failed:
      return fail(
          invalid_input(fmt::format("standard input: {}", std::generic_category().message(errno))));
  }
  return text;
}

Result<std::string> read_source(const std::string& file) {
  if (file != "-") return read_file(file, kMaxEvents);
  if (isatty(STDIN_FILENO) != 0) {
    std::fputs("Reading event messages from the terminal; end with Ctrl-D.\n", stderr);
  }
  return read_standard_input();
}

/// false when something of it could not be read.
bool explain_source(const std::string& file, Output output) {
  const auto text = read_source(file);
  if (!text) {
    complain(fmt::format("{}. Give a file with event messages, or - for standard input.",
                         text.error().message));
    return false;
  }
  const auto read = read_events(*text);
  const auto explained = explain(read.events);
  if (output == Output::json) {
    for (const auto& one : explained) print(explained_json(one.parsed));
  } else if (!explained.empty()) {
    print(explained_text(explained, read.is_list ? "ITEM" : "LINE"));
  }
  const auto name = file == "-" ? std::string("standard input") : file;
  for (const auto& unread : read.unread) {
    complain(fmt::format("{}: {} {}: {}.", name, read.is_list ? "item" : "line", unread.number,
                         unread.why));
  }
  return read.unread.empty();
}

}  // namespace

int explain_command(const Options& options) {
  bool whole = true;
  if (options.files.empty()) return explain_source("-", options.output) ? exit_ok : exit_error;
  for (const auto& file : options.files) {
    if (options.files.size() > 1 && options.output == Output::table) {
      print(fmt::format("{}:\n", file));
    }
    whole = explain_source(file, options.output) && whole;
  }
  return whole ? exit_ok : exit_error;
}

}  // namespace bso::cli
