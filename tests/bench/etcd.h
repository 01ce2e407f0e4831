// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bso::bench {

/// What a key is to become.
struct Put {
  std::string key;
  std::string value;
};

/// Writes behind the API server's back: it learns of it by its own watch, and has nothing to admit,
/// validate or record. Through etcd's JSON gateway, one connection for each call. All throw
/// test::TestFailure.
class Etcd {
 public:
  /// etcd refuses more in one transaction (--max-txn-ops is 128).
  static constexpr std::size_t most_puts = 100;

  /// `url` as "http://127.0.0.1:2379".
  explicit Etcd(std::string_view url);

  [[nodiscard]] std::string get(std::string_view key) const;
  /// All of them in one transaction; its revision, which is the resourceVersion of all.
  std::int64_t put(const std::vector<Put>& puts) const;

 private:
  std::string port_;
};

}  // namespace bso::bench
