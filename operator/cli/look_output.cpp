// SPDX-License-Identifier: Apache-2.0
#include "cli/look_output.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/options.h"
#include "cli/session.h"
#include "codec/yaml_text.h"
#include "kube/child_process.h"

namespace bso::cli {
namespace {

using Form = LookOptions::Form;

constexpr std::size_t kMaxPicture = std::size_t{64} << 20U;
constexpr std::chrono::minutes kPictureTime{2};

bool wants_colour() {
  const auto set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return isatty(STDOUT_FILENO) != 0 && !set("NO_COLOR") && !dumb;
}

/// A file that only this user can read, and that goes with the object.
class PrivateFile {
 public:
  explicit PrivateFile(const std::string& text) {
    std::error_code failed;
    const auto directory = std::filesystem::temp_directory_path(failed);
    path_ = (failed ? std::filesystem::path("/tmp") : directory) / "kubectl-blockstorage-XXXXXX";
    const int file = mkstemp(path_.data());
    if (file < 0) return;
    made_ = true;
    std::FILE* stream = fdopen(file, "wb");
    if (stream == nullptr) {
      close(file);
      return;
    }
    const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
    good_ = std::fclose(stream) == 0 && written;
  }
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;
  ~PrivateFile() {
    if (made_) (void)unlink(path_.c_str());
  }

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
  bool good_ = false;
};

Task<int> print_svg(std::string dot) {
  const PrivateFile file(dot);
  if (!file.good()) {
    complain(fmt::format("The graph cannot be written to {}.", file.path()));
    co_return exit_error;
  }
  kube::ChildCommand command;
  command.program = "dot";
  command.args.emplace_back("-Tsvg");
  command.args.push_back(file.path());
  command.max_output = kMaxPicture;
  command.timeout = kPictureTime;
  auto picture = co_await kube::run_child(std::move(command));
  if (picture) {
    print(*picture);
    co_return exit_ok;
  }
  const bool missing = picture.error().message.find("cannot start") != std::string::npos;
  complain(missing ? std::string("-o svg needs Graphviz, whose program dot is not to be found. "
                                 "Install it (Debian: apt-get install graphviz), or take -o dot "
                                 "and draw it elsewhere.")
                   : fmt::format("Graphviz does not draw the graph: {}", picture.error().message));
  co_return exit_error;
}

}  // namespace

void warn(const std::vector<std::string>& warnings) {
  std::fflush(stdout);
  for (const auto& warning : warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
}

void print_answers(const inspect::Answers& answers, const inspect::Scope& scope, Form form) {
  if (form == Form::text) {
    print(inspect::answers_text(answers, scope, wants_colour()));
    return;
  }
  const auto document = inspect::answers_json(answers);
  print(form == Form::yaml
            ? codec::json_to_yaml(document)
            : document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Task<int> print_graph(std::vector<inspect::GraphVolume> graph, Form form) {
  if (form == Form::text) {
    print(inspect::graph_text(graph, wants_colour()));
    co_return exit_ok;
  }
  auto dot = inspect::graph_dot(graph);
  if (form == Form::svg) co_return co_await print_svg(std::move(dot));
  print(dot);
  co_return exit_ok;
}

}  // namespace bso::cli
