// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_failure.h"

#include <array>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "transport/bio.h"

namespace bso::transport {
namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string text_of(const BioPtr& bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string one_line(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return text_of(bio);
}

std::string one_line(const ASN1_TIME* time) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print_ex(bio.get(), time, ASN1_DTFLGS_ISO8601);
  return text_of(bio);
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int length = ASN1_STRING_length(address);
  if (length != 4 && length != 16) return "?";
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(),
            text.size());
  return text.data();
}

/// The names a server certificate is valid for, at most a handful.
std::string names_in(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  constexpr int kMost = 12;
  std::string text;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && i < kMost; ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    if (!text.empty()) text += ", ";
    const auto* string = static_cast<const ASN1_STRING*>(value);
    text += type == GEN_IPADD
                ? address_text(string)
                : std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                              static_cast<std::size_t>(ASN1_STRING_length(string)));
  }
  if (count > kMost) text += ", ...";
  return text.empty() ? "no name at all" : text;
}

std::string details_and_remedy(int code, const X509* certificate, std::string_view expected_name) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("valid until {}; renew it, or set this machine's clock right",
                         one_line(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("valid from {}; set this machine's clock right",
                         one_line(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format(
          "it is for {}; reach the server by one of these, or set the TLS server name",
          names_in(certificate));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format(
          "the CA certificates given do not vouch for it; check that they belong to {}",
          expected_name);
    default:
      return "check the certificate of the server and the CA certificates given";
  }
}

}  // namespace

std::string describe_failure(X509_STORE_CTX* verification, std::string_view expected_name) {
  const int code = X509_STORE_CTX_get_error(verification);
  const char* reason = X509_verify_cert_error_string(code);
  const auto* certificate = X509_STORE_CTX_get_current_cert(verification);
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(verification);
  if (certificate == nullptr) {
    return fmt::format("the server's certificate is refused: {}", reason);
  }
  return fmt::format("the certificate of {} is refused: {} (subject {}, issuer {}): {}",
                     expected_name, reason, one_line(X509_get_subject_name(certificate)),
                     one_line(X509_get_issuer_name(certificate)),
                     details_and_remedy(code, certificate, expected_name));
}

std::string tls_reason(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return {};
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown TLS error";
}

std::string tls_advice(unsigned long code) {
  if (is_handshake_refusal(code)) {
    return ": the server refuses our client certificate or wants one";
  }
  if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) return ": is this a port for https?";
  return {};
}

bool is_handshake_refusal(unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
  switch (ERR_GET_REASON(code)) {
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace bso::transport
