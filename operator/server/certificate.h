// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"

namespace bso::server {

/// The listener's certificate chain and key, two PEM files. They are looked at again every 10 s
/// (controller-runtime pkg/certwatcher) while connections come, and a pair that has changed holds
/// for connections from then on. A pair that does not fit, as may be seen in the middle of a
/// change, is passed over: the old one stays.
class Certificate {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  static constexpr std::chrono::seconds look_again{10};

  /// Fails when the pair cannot be used; the message names the file.
  [[nodiscard]] static Result<std::unique_ptr<Certificate>> load(
      std::string certificate_file, std::string key_file,
      Clock clock = std::chrono::steady_clock::now);

  /// For one more connection, which keeps it.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> context();

 private:
  Certificate(std::string certificate_file, std::string key_file, Clock clock)
      : certificate_file_(std::move(certificate_file)),
        key_file_(std::move(key_file)),
        clock_(std::move(clock)) {}
  Result<void> read();

  std::string certificate_file_;
  std::string key_file_;
  Clock clock_;
  std::chrono::steady_clock::time_point looked_at_{};
  std::string certificate_pem_;  ///< of context_
  std::string key_pem_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::string told_;  ///< what was last said to be wrong with the files
};

}  // namespace bso::server
