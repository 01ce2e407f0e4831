// SPDX-License-Identifier: Apache-2.0
#include "unit/transport/certificates.h"

#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace bso::test {
namespace {

constexpr long kHour = 3600;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

std::shared_ptr<EVP_PKEY> new_key() {
  return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
}

template <class Write>
std::string pem_of(Write write) {
  const std::shared_ptr<BIO> bio(BIO_new(BIO_s_mem()), BIO_free);
  require(write(bio.get()) == 1, "PEM");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::shared_ptr<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

std::shared_ptr<X509> unsigned_certificate(const std::string& common_name, EVP_PKEY* key,
                                           const X509* issuer) {
  static long serial = 1;
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  auto* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate.get(),
                       issuer != nullptr ? X509_get_subject_name(issuer) : subject);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24 * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * kHour);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void add_names(X509* certificate, X509* issuer, const Leaf& leaf) {
  std::string names;
  for (const auto& name : leaf.names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names);
}

Identity identity_of(X509* certificate, EVP_PKEY* key) {
  return {pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }),
          pem_of([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace

Identity self_signed(const Leaf& leaf) {
  const auto key = new_key();
  const auto certificate = unsigned_certificate(leaf.common_name, key.get(), nullptr);
  add_names(certificate.get(), certificate.get(), leaf);
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "sign");
  return identity_of(certificate.get(), key.get());
}

Authority::Authority(const std::string& name, const Authority* issuer) : key_(new_key()) {
  X509* above = issuer != nullptr ? issuer->certificate_.get() : nullptr;
  certificate_ = unsigned_certificate(name, key_.get(), above);
  X509* signing = above != nullptr ? above : certificate_.get();
  add_extension(certificate_.get(), signing, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), signing, NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(certificate_.get(), issuer != nullptr ? issuer->key_.get() : key_.get(),
                    EVP_sha256()) > 0,
          "sign");
  pem_ = pem_of([this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
}

Identity Authority::issue(const Leaf& leaf) const {
  const auto key = new_key();
  const auto certificate = unsigned_certificate(leaf.common_name, key.get(), certificate_.get());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), leaf.valid_from_hours * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), leaf.valid_until_hours * kHour);
  add_names(certificate.get(), certificate_.get(), leaf);
  require(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0, "sign");
  return identity_of(certificate.get(), key.get());
}

}  // namespace bso::test
