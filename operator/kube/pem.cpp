// SPDX-License-Identifier: Apache-2.0
#include "kube/pem.h"

#include <fmt/format.h>

namespace bso::kube {

Result<void> check_pem(std::string_view text, PemKind kind, std::string_view where) {
  const bool certificate = kind == PemKind::certificate;
  // "CERTIFICATE-----" also ends TRUSTED CERTIFICATE, "PRIVATE KEY-----" also EC and RSA keys.
  const std::string_view label = certificate ? "CERTIFICATE-----" : "PRIVATE KEY-----";
  constexpr std::string_view begin = "-----BEGIN ";
  for (auto at = text.find(begin); at != text.npos; at = text.find(begin, at + begin.size())) {
    const std::string_view line = text.substr(at, text.substr(at).find_first_of("\r\n"));
    if (line.ends_with(label)) return {};
  }
  return fail(invalid_input(
      fmt::format("no PEM block in {}: it needs a line \"-----BEGIN {}\"", where, label)));
}

}  // namespace bso::kube
