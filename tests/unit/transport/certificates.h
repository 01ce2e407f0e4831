// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

namespace bso::test {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

struct Leaf {
  std::string common_name = "leaf";
  std::vector<std::string> names{};  ///< "DNS:a.example", "IP:127.0.0.1"
  int valid_from_hours = -24;
  int valid_until_hours = 24;
};

/// A server's certificate that nobody else has signed.
[[nodiscard]] Identity self_signed(const Leaf& leaf);

/// A throw-away certificate authority with P-256 keys.
class Authority {
 public:
  explicit Authority(const std::string& name, const Authority* issuer = nullptr);

  [[nodiscard]] const std::string& pem() const { return pem_; }
  [[nodiscard]] Identity issue(const Leaf& leaf) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

}  // namespace bso::test
