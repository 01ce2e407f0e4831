// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/task.h"
#include "cli/look_options.h"
#include "inspect/answer_text.h"
#include "inspect/graph.h"

namespace bso::cli {

/// On standard error, one a line.
void warn(const std::vector<std::string>& warnings);

/// On standard output; in colour only for a terminal, and not when $NO_COLOR is set
/// (no-color.org).
void print_answers(const inspect::Answers& answers, const inspect::Scope& scope,
                   LookOptions::Form form);
/// Likewise; the exit status. SVG is made by Graphviz's `dot`, which may be missing.
Task<int> print_graph(std::vector<inspect::GraphVolume> graph, LookOptions::Form form);

}  // namespace bso::cli
