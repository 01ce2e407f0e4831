// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "codec/base64.h"
#include "kube/client_config.h"
#include "kube/exec_authorizer.h"
#include "kube/token.h"

namespace bso::kube {
namespace {

using transport::Authorizer;
using transport::Credentials;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds token_life{50};
constexpr std::size_t max_token_bytes = 64U << 10U;

Credentials bearer(const std::string& token) {
  return {{{"Authorization", "Bearer " + token}}, {}, {}};
}

class FixedCredentials final : public Authorizer {
 public:
  explicit FixedCredentials(Result<Credentials> fixed) : fixed_(std::move(fixed)) {}
  Task<Result<Credentials>> credentials(TimePoint /*deadline*/) override { co_return fixed_; }
  void rejected(const Credentials& /*used*/) override {}

 private:
  Result<Credentials> fixed_;
};

class TokenFile final : public Authorizer {
 public:
  TokenFile(std::string path, SteadyClock clock)
      : path_(std::move(path)), clock_(std::move(clock)) {}

  Task<Result<Credentials>> credentials(TimePoint /*deadline*/) override {
    auto current = token();
    if (!current) co_return fail(std::move(current.error()));
    co_return bearer(*current);
  }

  void rejected(const Credentials& used) override {
    if (used.headers == bearer(token_).headers) token_.clear();
  }

 private:
  Result<std::string> token() {
    const auto now = clock_();
    if (!token_.empty() && now - read_at_ < token_life) return token_;
    auto fresh = read();
    if (fresh) {
      token_ = *std::move(fresh);
      read_at_ = now;
      warned_ = false;
      return token_;
    }
    if (token_.empty()) return fresh;
    if (!warned_) {
      warned_ = true;
      log::warn("the token file cannot be read again, the old token goes on",
                {{"file", path_}, {"error", fresh.error().message}});
    }
    return token_;
  }

  [[nodiscard]] Result<std::string> read() const {
    auto text = read_file(path_, max_token_bytes);
    if (!text) return fail(std::move(text).error().with_context("token file"));
    return clean_token(*text, "token file " + path_);
  }

  std::string path_;
  SteadyClock clock_;
  std::string token_;  ///< "": to be read before the next request
  TimePoint read_at_{};
  bool warned_ = false;  ///< once for each row of failures
};

Result<Credentials> basic(const ClientConfig& config) {
  if (config.username.find(':') != std::string::npos) {
    return fail(invalid_input("the username from " + config.source +
                              " has a \":\", which basic authentication cannot carry"));
  }
  return Credentials{
      {{"Authorization", "Basic " + codec::encode_base64(config.username + ":" + config.password)}},
      {},
      {}};
}

std::shared_ptr<Authorizer> authenticator(const ClientConfig& config, SteadyClock clock) {
  if (!config.token_file.empty()) {
    return std::make_shared<TokenFile>(config.token_file, std::move(clock));
  }
  if (!config.token.empty()) {
    auto token = clean_token(config.token, "the token from " + config.source);
    if (!token) return std::make_shared<FixedCredentials>(fail(std::move(token.error())));
    return std::make_shared<FixedCredentials>(bearer(*token));
  }
  if (!config.username.empty() || !config.password.empty()) {
    return std::make_shared<FixedCredentials>(basic(config));
  }
  // As in client-go, whoever has other credentials does not need the plug-in's.
  if (config.exec && config.endpoint.client_cert_pem.empty())
    return make_exec_authorizer(*config.exec, config.source);
  return std::make_shared<FixedCredentials>(Credentials{});
}

/// Keys are header names, so everything that no name can hold is percent-encoded, "%" too
/// (client-go transport/round_trippers.go headerKeyEscape).
std::string escaped_key(std::string_view key) {
  constexpr std::string_view marks = "!#$&'*+-.^_`|~";
  std::string escaped;
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       marks.find(c) != std::string_view::npos;
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::vector<transport::Header> headers_of(const Impersonation& impersonate) {
  std::vector<transport::Header> headers;
  if (impersonate.user.empty()) return headers;
  headers.push_back({"Impersonate-User", impersonate.user});
  if (!impersonate.uid.empty()) headers.push_back({"Impersonate-Uid", impersonate.uid});
  for (const auto& group : impersonate.groups) headers.push_back({"Impersonate-Group", group});
  for (const auto& [key, values] : impersonate.extra) {
    for (const auto& value : values) {
      headers.push_back({"Impersonate-Extra-" + escaped_key(key), value});
    }
  }
  return headers;
}

/// Acts as somebody else with the credentials of an inner one.
class Impersonator final : public Authorizer {
 public:
  Impersonator(std::shared_ptr<Authorizer> inner, const Impersonation& impersonate)
      : inner_(std::move(inner)), headers_(headers_of(impersonate)) {}

  Task<Result<Credentials>> credentials(TimePoint deadline) override {
    auto found = co_await inner_->credentials(deadline);
    if (found) found->headers.insert(found->headers.end(), headers_.begin(), headers_.end());
    co_return found;
  }

  void rejected(const Credentials& used) override {
    auto own = used;
    own.headers.resize(own.headers.size() - headers_.size());
    inner_->rejected(own);
  }

 private:
  std::shared_ptr<Authorizer> inner_;
  std::vector<transport::Header> headers_;
};

}  // namespace

std::shared_ptr<Authorizer> make_authorizer(const ClientConfig& config) {
  return make_authorizer(config, std::chrono::steady_clock::now);
}

std::shared_ptr<Authorizer> make_authorizer(const ClientConfig& config, SteadyClock clock) {
  auto made = authenticator(config, std::move(clock));
  if (config.impersonate.user.empty()) return made;
  return std::make_shared<Impersonator>(std::move(made), config.impersonate);
}

}  // namespace bso::kube
