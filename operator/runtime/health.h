// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bso::runtime {

/// Named checks behind one probe (livez, readyz), answered as Kubernetes' own components do
/// (apiserver pkg/server/healthz/healthz.go). A check answers with what is wrong, or nothing.
class Health {
 public:
  using Check = std::function<std::optional<std::string>()>;

  /// `probe` is its name in texts: "readyz".
  explicit Health(std::string probe) : probe_(std::move(probe)) {}

  /// `name` is also its path below the probe's.
  void add(std::string name, Check check);

  struct Report {
    bool ok = true;
    std::string text;
  };
  /// What all checks but the excluded say. "ok" alone when all is well and `verbose` not asked for,
  /// else one line a check. Names to exclude that are none are told.
  [[nodiscard]] Report report(const std::vector<std::string>& excluded = {},
                              bool verbose = false) const;
  /// One check; nullopt when there is none of that name.
  [[nodiscard]] std::optional<Report> report_one(std::string_view name) const;

 private:
  struct Named {
    std::string name;
    Check check;
  };
  std::string probe_;
  std::vector<Named> checks_;
};

}  // namespace bso::runtime
