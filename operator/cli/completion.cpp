// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bso::cli {
namespace {

/// Commands that speak to a server, and all that have options of their own.
constexpr std::string_view kServed = "graph plan status why";
constexpr std::string_view kAsking = "explain graph plan status why";

/// An option, whether a value follows it, and which commands have it.
struct Flag {
  std::string_view name;
  bool takes_value = true;
  std::string_view commands = kServed;
};

constexpr std::string_view kLooks = "graph why";
constexpr std::array<Flag, 16> kFlags{{{"--output", true, kAsking},
                                       {"-o", true, kAsking},
                                       {"--kubeconfig"},
                                       {"--context"},
                                       {"--as"},
                                       {"--as-group"},
                                       {"--request-timeout"},
                                       {"--bundle-namespace", true, "graph plan why"},
                                       {"--namespace", true, kLooks},
                                       {"-n", true, kLooks},
                                       {"--all-namespaces", false, kLooks},
                                       {"-A", false, kLooks},
                                       {"--from", true, kLooks},
                                       {"--now", true, kLooks},
                                       {"-v"},
                                       {"--help", false, kAsking}}};
constexpr std::array<std::string_view, 7> kCommands{"completion", "explain", "graph", "plan",
                                                    "status",     "version", "why"};
constexpr std::array<std::string_view, 4> kShells{"bash", "fish", "kubectl", "zsh"};

void add_matching(std::vector<std::string>& found, std::string_view word, std::string_view begun) {
  if (word.starts_with(begun)) found.emplace_back(word);
}

bool takes_value(std::string_view word) {
  return word == "-f" || word == "--filename" ||
         std::any_of(kFlags.begin(), kFlags.end(),
                     [&](const Flag& flag) { return flag.name == word && flag.takes_value; });
}

std::array<std::string_view, 3> forms_of(std::string_view command) {
  if (command == "explain") return {"json", "table", ""};
  if (command == "graph") return {"dot", "svg", "text"};
  if (command == "why") return {"json", "text", "yaml"};
  return {"json", "table", "yaml"};
}

bool is_look(std::string_view command) { return command == "why" || command == "graph"; }

Completion value_of(std::string_view command, std::string_view flag, std::string_view begun) {
  Completion completion;
  if (flag == "-o" || flag == "--output") {
    for (const auto form : forms_of(command)) {
      if (!form.empty()) add_matching(completion.words, form, begun);
    }
  }
  completion.files =
      flag == "--kubeconfig" || flag == "-f" || flag == "--filename" || flag == "--from";
  return completion;
}

/// Arguments between the command and the last word that are no options nor their values.
std::size_t arguments_before_last(const std::vector<std::string>& words) {
  std::size_t count = 0;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (takes_value(words[i])) {
      ++i;
    } else if (!words[i].starts_with("-") || words[i] == "-") {
      ++count;
    }
  }
  return count;
}

/// Where the pods of `why` and `graph` are; nullopt when the cluster is not asked.
std::optional<std::string> namespace_of_pods(const std::vector<std::string>& words) {
  std::string ns;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i] == "--from") return std::nullopt;
    if (words[i] == "-n" || words[i] == "--namespace") ns = words[i + 1];
  }
  return ns;
}

constexpr std::string_view kBash = R"sh(# bash completion for kubectl-blockstorage
__kubectl_blockstorage() {
  local answer directive
  COMPREPLY=()
  answer=$(kubectl-blockstorage __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  directive=${answer##*:}
  while IFS= read -r word; do
    [[ $word == :* ]] || COMPREPLY+=("$word")
  done <<< "$answer"
  if [[ $directive == 0 ]]; then
    while IFS= read -r word; do COMPREPLY+=("$word"); done \
      < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
  fi
}
complete -F __kubectl_blockstorage kubectl-blockstorage
)sh";

constexpr std::string_view kZsh = R"sh(#compdef kubectl-blockstorage
_kubectl_blockstorage() {
  local -a answer
  answer=(${(f)"$(kubectl-blockstorage __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -- ${answer:#:*}
  [[ ${answer[-1]} == ":0" ]] && _files
}
if [ "$funcstack[1]" = "_kubectl_blockstorage" ]; then
  _kubectl_blockstorage "$@"
else
  compdef _kubectl_blockstorage kubectl-blockstorage
fi
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for kubectl-blockstorage
function __kubectl_blockstorage
  set -l words (commandline -opc) (commandline -ct)
  set -l answer (kubectl-blockstorage __complete $words[2..-1] 2>/dev/null)
  for word in $answer
    string match -q ':*' -- $word; or echo $word
  end
  if test "$answer[-1]" = ":0"
    __fish_complete_path (commandline -ct)
  end
end
complete -c kubectl-blockstorage -f -a '(__kubectl_blockstorage)'
)sh";

constexpr std::string_view kKubectl = R"sh(#!/bin/sh
# kubectl runs it to complete: kubectl blockstorage ...
exec kubectl-blockstorage __complete "$@"
)sh";

}  // namespace

const std::string_view completion_help =
    "bash     source <(kubectl-blockstorage completion bash)\n"
    "zsh      source <(kubectl-blockstorage completion zsh)\n"
    "fish     kubectl-blockstorage completion fish | source\n"
    "kubectl  (1.26 and newer) save it as kubectl_complete-blockstorage in a directory of $PATH,\n"
    "         executable; then `kubectl blockstorage` is completed by kubectl's own completion.";

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return std::string(kKubectl);
}

Completion complete(const std::vector<std::string>& words) {
  Completion completion;
  const std::string begun = words.empty() ? "" : words.back();
  if (words.size() <= 1) {
    for (const auto command : kCommands) add_matching(completion.words, command, begun);
    return completion;
  }
  const auto& command = words.front();
  const bool explains = command == "explain";
  const bool asks = command == "plan" || command == "status" || explains || is_look(command);
  const auto& before = words[words.size() - 2];
  if (asks && words.size() > 2 && takes_value(before)) {
    return value_of(command, before, begun);
  }
  if (begun.starts_with("-") && asks) {
    for (const auto& flag : kFlags) {
      if (flag.commands.find(command) != std::string_view::npos) {
        add_matching(completion.words, flag.name, begun);
      }
    }
    return completion;
  }
  completion.files = explains;  // any number of them
  if (explains || arguments_before_last(words) > 0) return completion;
  if (command == "completion") {
    for (const auto shell : kShells) add_matching(completion.words, shell, begun);
  }
  completion.files = command == "plan";
  completion.plugin_names = command == "status";
  if (is_look(command)) completion.pods_of = namespace_of_pods(words);
  return completion;
}

std::string completion_answer(const Completion& completion) {
  std::string text;
  for (const auto& word : completion.words) text += word + "\n";
  return text + (completion.files ? ":0\n" : ":4\n");
}

}  // namespace bso::cli
