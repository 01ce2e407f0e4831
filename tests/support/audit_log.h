// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/eventually.h"

namespace bso::test {

/// One request, as kube-apiserver's audit log (audit.k8s.io/v1, level Metadata) tells of it.
struct AuditEntry {
  std::string verb;
  std::string uri;
  std::string user;
  std::string agent;
  std::string resource;  ///< with a slash and the subresource, when there is one
  std::string ns;
  std::string name;
  int code = 0;
  /// Time since the epoch.
  std::chrono::microseconds received{};
  std::chrono::microseconds answered{};

  [[nodiscard]] bool writes() const;
  /// Whether the operator sent it.
  [[nodiscard]] bool by_operator() const;
  [[nodiscard]] std::string text() const;
};

/// Reads the log as it grows.
class AuditLog {
 public:
  using Filter = std::function<bool(const AuditEntry&)>;

  /// Begins at the present end of the file.
  explicit AuditLog(std::string path);

  /// All entries since the beginning that the filter takes.
  [[nodiscard]] std::vector<AuditEntry> entries(const Filter& filter);
  [[nodiscard]] std::vector<AuditEntry> operator_writes();

 private:
  void read_more();

  std::string path_;
  std::size_t position_ = 0;
  std::vector<AuditEntry> all_;
};

/// For entries(): what the operator wrote.
[[nodiscard]] bool is_operator_write(const AuditEntry& entry);

/// Waits until nothing that the filter takes has come for `quiet`. While `also` misses something
/// that is not rest either.
void wait_silent(AuditLog& log, const AuditLog::Filter& filter, std::chrono::milliseconds quiet,
                 const Look& also = {});
/// From now on nothing that the filter takes comes for `window`; else the first of it is told.
void stays_silent(AuditLog& log, const AuditLog::Filter& filter, std::chrono::milliseconds window);

}  // namespace bso::test
