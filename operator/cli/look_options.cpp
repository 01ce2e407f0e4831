// SPDX-License-Identifier: Apache-2.0
#include "cli/look_options.h"

#include <map>

#include <CLI/CLI.hpp>

namespace bso::cli {
namespace {

using Form = LookOptions::Form;

constexpr const char* kDumpCommand =
    "A dump is what this prints:\n"
    "  kubectl get pods,pvc,pv,volumeattachments,nodes,deployments,replicasets,statefulsets,\\\n"
    "    daemonsets,jobs,events,storageclasses,csidrivers -A -o json\n"
    "Any of the kinds may be missing; what that costs is told. Its newest time counts as the\n"
    "present, unless --now gives another.\n";

void add_scope(CLI::App& command, LookOptions& options) {
  command.add_option("POD", options.pod, "NAME or NAMESPACE/NAME; else all pods of the namespace");
  command.add_option("-n,--namespace", options.ns,
                     "Namespace; else that of the context, or all of a dump");
  command.add_flag("-A,--all-namespaces", options.all_namespaces, "All namespaces");
  command
      .add_option("--from", options.from,
                  "Look at a dump instead of a cluster: a file (JSON or YAML), a directory of\n"
                  "them, or - for standard input; may be given several times")
      ->allow_extra_args(false);
  command
      .add_option_function<std::string>(
          "--now", [&options](const std::string& text) { options.now = from_rfc3339(text); },
          "With --from: the time of the dump, e.g. 2026-05-04T03:12:09Z")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return from_rfc3339(text)
                       ? std::string()
                       : "\"" + text + "\" is no time; write e.g. 2026-05-04T03:12:09Z";
          },
          "", "time"));
}

void add_form(CLI::App& command, LookOptions& options, const std::map<std::string, Form>& forms,
              const std::string& help) {
  command.add_option("-o,--output", options.form, help)->transform(CLI::CheckedTransformer(forms));
}

}  // namespace

CLI::App& add_why(CLI::App& app, LookOptions& options) {
  auto* command =
      app.add_subcommand("why", "Tells why pods are stuck because of a volume, and what helps");
  add_scope(*command, options);
  add_form(*command, options, {{"text", Form::text}, {"json", Form::json}, {"yaml", Form::yaml}},
           "json or yaml; else text for people");
  command->footer(
      std::string(kDumpCommand) +
      "Exit status: 0 nobody waits for a volume that somebody has; 2 somebody does; 1 an\n"
      "error: usage, no connection, no such pod, no right to list pods, a dump that cannot\n"
      "be read.");
  return *command;
}

CLI::App& add_graph(CLI::App& app, LookOptions& options) {
  auto* command = app.add_subcommand("graph", "Shows who holds which volume and who waits for it");
  add_scope(*command, options);
  add_form(*command, options, {{"text", Form::text}, {"dot", Form::dot}, {"svg", Form::svg}},
           "dot for Graphviz, or svg, for which Graphviz has to be installed; else a tree");
  command->footer(std::string(kDumpCommand) + "Exit status: 0, or 1 after an error.");
  return *command;
}

std::optional<LookScope> scope_of(const LookOptions& options, const std::string& default_ns,
                                  std::string& problem) {
  if (options.now && options.from.empty()) {
    problem = "--now is for a dump (--from): a cluster knows its time.";
    return std::nullopt;
  }
  if (options.all_namespaces && !options.ns.empty()) {
    problem = "--namespace and --all-namespaces contradict each other.";
    return std::nullopt;
  }
  LookScope scope;
  scope.ns = options.all_namespaces ? "" : options.ns.empty() ? default_ns : options.ns;
  const auto slash = options.pod.find('/');
  if (slash == std::string::npos) {
    scope.pod = options.pod;
    // Only a dump can be asked for a name in whatever namespace.
    if (options.all_namespaces && !scope.pod.empty() && options.from.empty()) {
      problem = "A pod of any namespace cannot be asked for; write NAMESPACE/NAME.";
      return std::nullopt;
    }
    return scope;
  }
  scope.pod = options.pod.substr(slash + 1);
  const auto ns = options.pod.substr(0, slash);
  if (ns.empty() || scope.pod.empty() || scope.pod.find('/') != std::string::npos) {
    problem = "\"" + options.pod + "\" is no pod; write NAME or NAMESPACE/NAME.";
    return std::nullopt;
  }
  if (!options.ns.empty() && options.ns != ns) {
    problem = "\"" + options.pod + "\" is not in the namespace of --namespace.";
    return std::nullopt;
  }
  scope.ns = ns;
  return scope;
}

}  // namespace bso::cli
