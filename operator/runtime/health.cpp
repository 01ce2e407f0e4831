// SPDX-License-Identifier: Apache-2.0
#include "runtime/health.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bso::runtime {

void Health::add(std::string name, Check check) {
  checks_.push_back({std::move(name), std::move(check)});
}

Health::Report Health::report(const std::vector<std::string>& excluded, bool verbose) const {
  Report report;
  std::string lines;
  for (const auto& [name, check] : checks_) {
    if (std::find(excluded.begin(), excluded.end(), name) != excluded.end()) {
      lines += fmt::format("[+]{} excluded: ok\n", name);
      continue;
    }
    const auto wrong = check();
    if (wrong) {
      report.ok = false;
      lines += fmt::format("[-]{} failed: {}\n", name, *wrong);
    } else {
      lines += fmt::format("[+]{} ok\n", name);
    }
  }
  std::vector<std::string> unknown;
  for (const auto& name : excluded) {
    const auto has_name = [&](const Named& named) { return named.name == name; };
    if (std::none_of(checks_.begin(), checks_.end(), has_name)) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    lines += fmt::format("warn: some health checks cannot be excluded: no matches for \"{}\"\n",
                         fmt::join(unknown, "\",\""));
  }
  if (report.ok && !verbose) {
    report.text = "ok\n";
  } else {
    report.text = fmt::format("{}{} check {}\n", lines, probe_, report.ok ? "passed" : "failed");
  }
  return report;
}

std::optional<Health::Report> Health::report_one(std::string_view name) const {
  for (const auto& named : checks_) {
    if (named.name != name) continue;
    const auto wrong = named.check();
    if (wrong) return Report{false, fmt::format("{}\n", *wrong)};
    return Report{true, "ok\n"};
  }
  return std::nullopt;
}

}  // namespace bso::runtime
