// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <openssl/types.h>

namespace bso::transport {

/// A failed verification in words: OpenSSL's reason, the certificate it is about (subject, issuer,
/// and names or validity where they matter) and what to do.
[[nodiscard]] std::string describe_failure(X509_STORE_CTX* verification,
                                           std::string_view expected_name);

/// The reason in an error code of OpenSSL's SSL library ("wrong version number"); "" when `code` is
/// none. Codes are (library << 23 | reason).
[[nodiscard]] std::string tls_reason(unsigned long code);

/// What to do about such an error, to be put after the reason: ": ..." or "".
[[nodiscard]] std::string tls_advice(unsigned long code);

/// Whether the peer refused the handshake by an alert about certificates: in TLS 1.3 it comes only
/// after our side is done, with the first read.
[[nodiscard]] bool is_handshake_refusal(unsigned long code);

}  // namespace bso::transport
