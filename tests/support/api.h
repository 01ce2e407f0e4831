// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "support/process.h"

namespace bso::test {

using Json = nlohmann::json;

struct Response {
  int status = 0;
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  [[nodiscard]] Json json() const;
};

/// One HTTP request on a connection of its own, over plain TCP on this machine.
/// Throws TestFailure when there is no answer.
[[nodiscard]] Response http(const std::string& port, std::string_view method, std::string_view path,
                            std::string_view body = {}, std::string_view content_type = {});

/// Calls of the administrator, by path: any subresource, no discovery, no retries. They go through
/// a `kubectl proxy`, so that any kubeconfig will do. All throw TestFailure when refused.
class Api {
 public:
  Api(const std::string& kubectl, const std::string& kubeconfig);

  [[nodiscard]] Response call(std::string_view method, const std::string& path,
                              const std::optional<Json>& body = std::nullopt,
                              std::string_view content_type = "application/json") const;
  [[nodiscard]] Json get(const std::string& path) const;
  [[nodiscard]] std::optional<Json> find(const std::string& path) const;
  /// `collection` is the path without the name.
  Json create(const std::string& collection, const Json& object) const;
  Json merge(const std::string& path, const Json& patch) const;
  Json replace(const std::string& path, const Json& object) const;
  Json apply(const std::string& path, const Json& object, const std::string& manager,
             bool force) const;
  /// Deletes it now: without a grace period, without its finalizers. Gone already is fine.
  void remove(const std::string& path) const;
  void remove_all(const std::string& collection, const std::string& selector = {}) const;

 private:
  std::unique_ptr<Process> proxy_;
  std::string port_;
};

}  // namespace bso::test
