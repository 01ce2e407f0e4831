// SPDX-License-Identifier: Apache-2.0
#include "bench/etcd.h"

#include <fmt/format.h>

#include "codec/base64.h"
#include "support/api.h"
#include "support/eventually.h"

namespace bso::bench {
namespace {

test::Json call(const std::string& port, std::string_view path, const std::string& body) {
  const auto answer = test::http(port, "POST", path, body, "application/json");
  if (!answer.ok()) {
    throw test::TestFailure(fmt::format("etcd {}: {} {}", path, answer.status, answer.body));
  }
  return answer.json();
}

}  // namespace

Etcd::Etcd(std::string_view url) : port_(url.substr(url.rfind(':') + 1)) {}

std::string Etcd::get(std::string_view key) const {
  const auto answer =
      call(port_, "/v3/kv/range", fmt::format(R"({{"key":"{}"}})", codec::encode_base64(key)));
  if (!answer.contains("kvs")) throw test::TestFailure(fmt::format("etcd has no key {}", key));
  const auto& found = answer.at("kvs").at(0);
  const auto value = codec::decode_base64(found.at("value").get<std::string>());
  if (!value) throw test::TestFailure(fmt::format("etcd's value of {} is no base64", key));
  return *value;
}

std::int64_t Etcd::put(const std::vector<Put>& puts) const {
  std::string body = R"({"success":[)";
  for (const auto& put : puts) {
    if (body.back() != '[') body += ',';
    body += R"({"requestPut":{"key":")";
    body += codec::encode_base64(put.key);
    body += R"(","value":")";
    body += codec::encode_base64(put.value);
    body += R"("}})";
  }
  body += "]}";
  const auto answer = call(port_, "/v3/kv/txn", body);
  // 64-bit numbers are strings in protobuf's JSON.
  return std::stoll(answer.at("header").at("revision").get<std::string>());
}

}  // namespace bso::bench
