// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <charconv>

#include <CLI/CLI.hpp>

#include "cli/completion.h"

namespace bso::cli {
namespace {

constexpr std::int64_t kLongestTimeout = 86'400;

/// What every command that speaks to a server takes, under kubectl's names.
void add_connection(CLI::App& command, Options& options) {
  command.add_option("--kubeconfig", options.kubeconfig,
                     "File to use; else $KUBECONFIG, ~/.kube/config");
  command.add_option("--context", options.context,
                     "Context of the kubeconfig; else its current one");
  command.add_option("--as", options.as,
                     "User to act as, e.g. the operator's account\n"
                     "system:serviceaccount:block-storage-operator:block-storage-operator");
  command.add_option("--as-group", options.as_groups,
                     "Group to act as; may be given several times");
  command
      .add_option_function<std::string>(
          "--request-timeout",
          [&options](const std::string& text) { options.request_timeout = *parse_timeout(text); },
          "How long a request may take, e.g. 30s, 2m; 0 is the default of 30s")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return parse_timeout(text) ? std::string()
                                       : "\"" + text + "\" is no time; write e.g. 30s, 2m or 1h";
          },
          "", "time"));
  command.add_option("-v,--v", options.verbosity, "How much to log on standard error, 0 to 9")
      ->check(CLI::Range(0, 9))
      // CLI11 leaves the "=" of -v=6, which is how people write it for kubectl.
      ->transform(CLI::Validator(
          [](std::string& text) {
            if (text.starts_with("=")) text.erase(0, 1);
            return std::string();
          },
          "", "equals sign"));
}

void add_output(CLI::App& command, Options& options) {
  command.add_option("-o,--output", options.output, "json or yaml; else a table for people")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Output>{
          {"table", Output::table}, {"json", Output::json}, {"yaml", Output::yaml}}));
}

void add_bundle_namespace(CLI::App& command, Options& options) {
  command.add_option("--bundle-namespace", options.bundle_namespace,
                     "Namespace of the ConfigMaps with bundles of one's own and with rules for\n"
                     "drivers: the operator's; else block-storage-operator");
}

void add_plan(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand(
      "plan", "Shows what the operator would do for BlockStoragePlugins in a file");
  command
      ->add_option("FILE,-f,--filename", options.file,
                   "File with BlockStoragePlugins, - for standard input")
      ->required();
  add_bundle_namespace(*command, options);
  add_output(*command, options);
  add_connection(*command, options);
  command->footer(
      "The file is taken as the whole spec, whether an object of that name exists or not. Every\n"
      "write is sent to the server as a dry run with your own rights; nothing is changed.\n"
      "Exit status: 0 nothing would be changed; 2 something would be; 1 an error: usage, no\n"
      "connection, a spec that is not valid, a write that the server would refuse, or a removal\n"
      "that is blocked.");
  command->callback([&options] { options.command = Command::plan; });
}

void add_status(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("status", "Shows BlockStoragePlugins for people to read");
  command->add_option("NAME", options.name, "The BlockStoragePlugin; else all of them");
  add_output(*command, options);
  add_connection(*command, options);
  command->footer("Exit status: 0, or 1 after an error.");
  command->callback([&options] { options.command = Command::status; });
}

void add_looks(CLI::App& app, Options& options) {
  auto& why = add_why(app, options.look);
  add_connection(why, options);
  add_bundle_namespace(why, options);
  why.callback([&options] { options.command = Command::why; });
  auto& graph = add_graph(app, options.look);
  add_connection(graph, options);
  add_bundle_namespace(graph, options);
  graph.callback([&options] { options.command = Command::graph; });
}

void add_explain(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand(
      "explain", "Tells what event messages say about volumes in use, without a cluster");
  command->add_option("FILE,-f,--filename", options.files,
                      "Files with event messages, - for standard input, which is the default");
  command->add_option("-o,--output", options.output, "json for programs; else a table for people")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Output>{{"table", Output::table}, {"json", Output::json}}));
  command->footer(
      "Reads the output of kubectl get events -o json, JSON objects with \"message\" and maybe\n"
      "\"reason\" and \"source\", one a line, rows of kubectl describe pod and kubectl get "
      "events,\n"
      "or plain messages, one a line. Nothing but the text is looked at: no cluster, no "
      "kubeconfig.\n"
      "\n"
      "  kubectl get events -A -o json | kubectl blockstorage explain\n"
      "  kubectl blockstorage explain events.jsonl -o json\n"
      "\n"
      "-o json prints one object a message:\n"
      "  conflict      true: somebody else has the volume; false: something else is wrong;\n"
      "                null: the text alone cannot tell\n"
      "  kind          multi-attach, already-attached-other-node, single-pod-mount, rwop,\n"
      "                device-busy, selinux, dangling-attachment, outside-cluster, none, "
      "ambiguous\n"
      "  pv            the volume that the message is about\n"
      "  holderPods, holderPodUid, holderNode   who has it, as far as the text says so\n"
      "  wantedNode    the node or machine that was to have it\n"
      "  driver        of the volume\n"
      "What the text does not say is null.\n"
      "Exit status: 0; 1 when a file or a line could not be read: the others are explained.");
  command->callback([&options] { options.command = Command::explain; });
}

}  // namespace

std::optional<std::optional<std::chrono::milliseconds>> parse_timeout(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0 || number > kLongestTimeout) return std::nullopt;
  const std::string unit(stopped, end);
  std::chrono::milliseconds time{};
  if (unit.empty() || unit == "s") {
    time = std::chrono::seconds(number);
  } else if (unit == "ms") {
    time = std::chrono::milliseconds(number);
  } else if (unit == "m") {
    time = std::chrono::minutes(number);
  } else if (unit == "h") {
    time = std::chrono::hours(number);
  } else {
    return std::nullopt;
  }
  if (time > std::chrono::seconds(kLongestTimeout)) return std::nullopt;
  return number == 0 ? std::optional<std::chrono::milliseconds>() : time;
}

ParsedOptions parse_options(int argc, const char* const* argv) {
  ParsedOptions parsed;
  auto& options = parsed.options;
  CLI::App app{
      "Looks at and plans the block storage plug-ins of block-storage-operator, and explains\n"
      "pods that are stuck because of a volume.",
      "kubectl blockstorage"};
  app.require_subcommand(1);
  add_plan(app, options);
  add_status(app, options);
  add_looks(app, options);
  add_explain(app, options);
  app.add_subcommand("version", "Prints the version of this program")->callback([&options] {
    options.command = Command::version;
  });
  auto* completion = app.add_subcommand(
      "completion", "Prints what makes a shell complete this program's words; see its --help");
  completion->add_option("SHELL", options.shell, "bash, zsh, fish, or kubectl")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "kubectl"}));
  completion->footer(std::string(completion_help));
  completion->callback([&options] { options.command = Command::completion; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    parsed.exit_code = error.get_exit_code() == 0 ? exit_ok : exit_error;
  }
  return parsed;
}

}  // namespace bso::cli
